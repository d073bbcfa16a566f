import UnstuckKernel

/// The programs of another Debian suite with the libc they were built for, unpacked aside: nothing of them is installed.
public struct Userland: Sendable {
    let root: String

    /// What a guest needs to start, to build a lab, and to be asked questions.
    private static let packages = [
        "base-files", "bash", "coreutils", "dash", "grep", "iproute2", "libc6", "mount", "sed",
    ]
    /// What nobody reads there.
    private static let ballast = ["usr/share/doc", "usr/share/info", "usr/share/locale", "usr/share/man"]

    /// A suite's, fetched once.
    public static func fetch(_ suite: String, below cache: String) throws -> Userland {
        let userland = Userland(root: "\(cache)/userland/\(suite)")
        let mark = "\(userland.root).complete"
        guard !Files.exists(mark) else { return userland }
        try Files.removeTree(userland.root)
        try Files.makeFolder(userland.root)
        try PrivateApt(suite: suite, below: cache).unpackWithDependencies(packages, to: userland.root)
        for folder in ballast { try Files.removeTree("\(userland.root)/\(folder)") }
        // Its package leaves this to a script, and none is run.
        if userland.path(of: "sh") == nil { try Tool.run(["ln", "-s", "dash", "\(userland.root)/bin/sh"]) }
        try Files.publish("\(packages.joined(separator: "\n"))\n", at: mark)
        return userland
    }

    /// Where one of its programs is, seen from inside.
    func path(of program: String) -> String? {
        ["/usr/bin", "/usr/sbin", "/bin", "/sbin"].map { "\($0)/\(program)" }.first { Files.exists(root + $0) }
    }
}
