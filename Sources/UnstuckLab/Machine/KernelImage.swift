import UnstuckKernel

/// A kernel unpacked aside: its image, its modules and its release.
public struct KernelImage: Sendable {
    public var image: String
    /// Holds `lib/modules/RELEASE`; `nil` for an image of one's own that needs no modules.
    public var root: String?
    public var release: String

    /// Someone's own image.
    /// - Parameter root: holds `lib/modules` with one release.
    public init(image: String, root: String?) throws {
        guard Files.exists(image) else { throw LabError(.missing, "there is no kernel image \(image)") }
        self.image = image
        self.root = root
        let found = root.flatMap { directoryNames("\($0)/lib/modules").first }
        if root != nil, found == nil { throw LabError(.missing, "no lib/modules/RELEASE below \(root ?? "")") }
        release = found ?? ""
    }

    /// A kernel of the catalogue, fetched once. A metapackage's answer stays until the folder is removed.
    public static func fetch(_ kernel: KernelCatalogue.Kernel, below cache: String) throws -> KernelImage {
        let root = "\(cache)/\(kernel.name)"
        if !Files.exists("\(root)/complete") {
            try Files.removeTree(root)
            try Files.makeFolder(root)
            let apt = try PrivateApt(suite: kernel.suite, below: cache)
            let packages = try apt.closure(of: kernel.package)
            try apt.unpack(packages, to: root)
            // Newer packages have no /lib of their own.
            if !Files.exists("\(root)/lib") { try Tool.run(["ln", "-s", "usr/lib", "\(root)/lib"]) }
            guard let release = directoryNames("\(root)/lib/modules").first else {
                throw LabError(.failed, "\(packages.joined(separator: ", ")) brought no modules")
            }
            try Tool.run(["/usr/sbin/depmod", "--basedir", root, release])
            try Files.publish("\(packages.joined(separator: "\n"))\n", at: "\(root)/complete")
        }
        return try KernelImage(unpackedTo: root)
    }

    /// Any kernel that was fetched before; `nil` if none was.
    public static func fetched(below cache: String) throws -> KernelImage? {
        try directoryNames(cache).sorted().map { "\(cache)/\($0)" }.first { Files.exists("\($0)/complete") }
            .map(KernelImage.init(unpackedTo:))
    }

    private init(unpackedTo root: String) throws {
        let release = directoryNames("\(root)/lib/modules").first ?? ""
        let places = ["\(root)/boot/vmlinuz-\(release)", "\(root)/lib/modules/\(release)/vmlinuz"]
        guard let image = places.first(where: Files.exists) else {
            throw LabError(.failed, "no kernel image below \(root); remove that folder and try again")
        }
        try self.init(image: image, root: root)
    }

    /// The files of the named modules with all that they need, in the order of loading. What is built in is left out.
    func moduleFiles(_ names: [String]) -> [String] {
        guard let root else { return [] }
        let folder = "\(root)/lib/modules/\(release)"
        var needs: [String: [String]] = [:]
        for line in (readText("\(folder)/modules.dep") ?? "").split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
            needs[parts[0]] = parts.count > 1 ? parts[1].split(separator: " ").map(String.init) : []
        }
        var order: [String] = []
        func add(_ file: String) {
            guard !order.contains(file) else { return }
            for needed in needs[file] ?? [] { add(needed) }
            order.append(file)
        }
        for name in names {
            if let file = needs.keys.first(where: { $0.split(separator: "/").last?.hasPrefix("\(name).ko") == true }) {
                add(file)
            }
        }
        return order.map { "\(folder)/\($0)" }
    }
}
