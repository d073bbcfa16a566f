import UnstuckKernel

/// Another suite of this machine's own Debian mirror, read through apt in a folder of our own: its signatures are
/// verified, and the system's sources, lists and installed packages are neither used nor changed.
struct PrivateApt {
    let folder: String
    let suite: String

    /// Fetches the suite's lists.
    init(suite: String, below cache: String) throws {
        self.suite = suite
        folder = "\(cache)/apt/\(suite)"
        for part in ["parts", "state/lists/partial", "cache/archives/partial"] {
            try Files.makeFolder("\(folder)/\(part)")
        }
        let site = try Self.site(of: suite)
        try Files.write(
            "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] \(site) \(suite) main\n",
            to: "\(folder)/sources.list")
        try apt("apt-get", ["--error-on=any", "update"], why: "\(suite) cannot be read from this machine's mirror")
    }

    /// What an image, or the image that a metapackage leads to, consists of: newer ones are split into several packages.
    func closure(of package: String) throws -> [String] {
        var found = [package]
        var next = 0
        while next < found.count {
            let text = try apt(
                "apt-cache", ["depends", "--no-recommends", found[next]], why: "\(suite) no longer has \(found[next])")
            for line in text.split(separator: "\n") {
                guard let name = line.split(separator: " ").last.map(String.init), line.contains("Depends:"),
                    ["linux-image-", "linux-binary-", "linux-modules-"].contains(where: name.hasPrefix),
                    !found.contains(name)
                else { continue }
                found.append(name)
            }
            next += 1
        }
        // A metapackage (no version behind "linux-image-") brings nothing of its own, and a mirror may lack it.
        return found.filter { found.count == 1 || $0.dropFirst("linux-image-".count).contains(".") }
    }

    /// Downloads packages and unpacks them below `root`; nothing of them is run.
    func unpack(_ packages: [String], to root: String) throws {
        try apt(
            "apt-get", ["download"] + packages,
            why: "\(suite) no longer has one of \(packages.joined(separator: ", "))", inside: "\(folder)/cache/archives"
        )
        for name in directoryNames("\(folder)/cache/archives") where name.hasSuffix(".deb") {
            let file = "\(folder)/cache/archives/\(name)"
            if packages.contains(where: { name.hasPrefix("\($0)_") }) {
                try Tool.run(["dpkg-deb", "--extract", file, root])
            }
            try Files.removeTree(file)
        }
    }

    /// Downloads packages with all that they depend on, and unpacks them below `root`; nothing of them is run.
    func unpackWithDependencies(_ packages: [String], to root: String) throws {
        let archives = "\(folder)/cache/with-dependencies"
        try Files.makeFolder("\(archives)/partial")
        // Without locks: those of the system are not ours to take, and nothing of it is touched.
        try apt(
            "apt-get",
            [
                "-o", "Debug::NoLocking=true", "-o", "Dir::Cache::archives=\(archives)", "--yes", "--download-only",
                "--no-install-recommends", "install",
            ] + packages, why: "\(suite) no longer has one of \(packages.joined(separator: ", "))")
        for name in directoryNames(archives) where name.hasSuffix(".deb") {
            try Tool.run(["dpkg-deb", "--extract", "\(archives)/\(name)", root])
        }
        try Files.removeTree(archives)
    }

    @discardableResult
    private func apt(_ program: String, _ arguments: [String], why: String, inside: String = "/") throws -> String {
        let settings = [
            "Dir::Etc::sourcelist=\(folder)/sources.list", "Dir::Etc::sourceparts=\(folder)/parts",
            "Dir::State=\(folder)/state", "Dir::State::status=/dev/null", "Dir::Cache=\(folder)/cache",
            "Acquire::Languages=none", "APT::Sandbox::User=root",
        ]
        do {
            return try Tool.run([program] + settings.flatMap { ["-o", $0] } + arguments, inside: inside)
        } catch {
            throw LabError(.missing, "unavailable: \(why)", cause: error)
        }
    }

    /// This machine's, by its codename.
    static func ownSuite() throws -> String {
        let release = (readText("/etc/os-release") ?? "").split(separator: "\n")
        guard let own = release.first(where: { $0.hasPrefix("VERSION_CODENAME=") })?.dropFirst(17) else {
            throw LabError(
                .missing, "/etc/os-release names no Debian suite: other suites' packages need a Debian machine")
        }
        return String(own)
    }

    /// Where this machine gets its own suite from has the others too.
    private static func site(of suite: String) throws -> String {
        let own = try ownSuite()
        let wanted = suite.hasSuffix("-security") ? "\(own)-security" : "\(own)"
        let list = try Tool.run([
            "apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)", "Created-By: Packages",
        ])
        let sites = list.split(separator: "\n").map { $0.split(separator: " ") }
        guard let site = sites.first(where: { $0.count == 2 && $0[0] == wanted })?[1] else {
            throw LabError(.missing, "this machine's apt sources have no \(wanted), by which \(suite) could be found")
        }
        return String(site)
    }
}
