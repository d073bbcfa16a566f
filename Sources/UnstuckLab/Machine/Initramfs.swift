import UnstuckKernel

/// The guest's whole file system: our own program as its first process, the command's programs with their libraries,
/// and the modules of the lab.
struct Initramfs {
    let folder: String
    /// Whose programs these are; this machine's own where there is none.
    private let userland: Userland?

    /// What the lab needs of a kernel that has it as modules.
    static let modules = [
        "ipv6", "inet_diag", "tcp_diag", "udp_diag", "veth", "dummy", "sch_netem", "sch_tbf", "nf_tables",
        "nft_counter",
    ]

    init(folder: String, userland: Userland? = nil) throws {
        self.folder = folder
        self.userland = userland
        if let userland {
            try Files.makeFolder(folder)
            try Tool.run(["cp", "--archive", "\(userland.root)/.", folder])
        }
        for name in [
            "dev", "proc", "sys", "tmp", "run", "root", "etc", "var/log", "usr/bin", "usr/sbin", "usr/lib", "usr/lib64",
        ] {
            try Files.makeFolder("\(folder)/\(name)")
        }
        try Tool.run(["chmod", "1777", "\(folder)/tmp"])
        // Where the kernel finds the first process's standard streams.
        try Tool.run(["mknod", "\(folder)/dev/console", "c", "5", "1"])
        // As on the machine whose programs are copied: one /usr.
        for name in ["bin", "sbin", "lib", "lib64"] where !Files.exists("\(folder)/\(name)") {
            try Tool.run(["ln", "-s", "usr/\(name)", "\(folder)/\(name)"])
        }
        try Files.write("root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n", to: "\(folder)/etc/passwd")
        try Files.write("root:x:0:\n", to: "\(folder)/etc/group")
    }

    /// Copies a file, or a folder with everything in it, to the same path or another one.
    func add(_ source: String, at path: String? = nil) throws {
        let target = "\(folder)\(path ?? source)"
        guard !Files.exists(target) else { return }
        try Tool.run(["mkdir", "-p", parent(of: target)])
        try Tool.run(["cp", "--dereference", "--recursive", "--preserve=mode", source, target])
    }

    /// Copies a program with the libraries that it is linked with. A userland has its own, and none is mixed in: this
    /// machine's would need this machine's libc.
    func addProgram(_ name: String, at path: String? = nil) throws {
        if let userland {
            guard userland.path(of: name) != nil else {
                throw LabError(.missing, "the guest's userland has no program \(name)")
            }
            return
        }
        guard let source = Tool.path(of: name) else {
            throw LabError(.missing, "there is no program \(name) to take into the guest")
        }
        try add(source, at: path)
        // A static program is no failure of ldd's to us.
        let list = try Tool.run(["sh", "-c", "ldd \"$0\" 2>/dev/null || true", source])
        for word in list.split(whereSeparator: { " \t\n".contains($0) }) where word.hasPrefix("/") {
            try add(String(word))
        }
    }

    /// Adds the modules, unpacked: a kernel need not know how to.
    /// - Returns: their paths in the guest, in the order of loading.
    func addModules(of kernel: KernelImage) throws -> [String] {
        try Files.makeFolder("\(folder)/modules")
        return try kernel.moduleFiles(Self.modules).map { file in
            let name = file.split(separator: "/").last.map(String.init) ?? ""
            let plain = "/modules/\(name.split(separator: ".").prefix(2).joined(separator: "."))"
            let unpack = name.hasSuffix(".xz") ? "xz -dc" : name.hasSuffix(".zst") ? "zstd -dc" : "cat"
            try Tool.run(["sh", "-c", "\(unpack) \"$0\" > \"$1\"", file, "\(folder)\(plain)"])
            return plain
        }
    }

    func pack(to file: String) throws {
        try Tool.run(
            ["sh", "-c", "find . -print0 | cpio --null --create --format=newc --quiet > \"$0\"", file], inside: folder)
    }

    private func parent(of path: String) -> String {
        path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
    }
}
