import Glibc
import UnstuckKernel

/// The control groups of one fixture: the accelerator is attached to one of two, the packet filter to both.
struct FixtureCgroup {
    enum Part: String {
        case all = ""
        case inside = "/inside"
        /// Where sockets are not accelerated.
        case beside = "/beside"
    }

    private static let prefix = "unstuck-fixture-"
    private let path: String
    /// Where the process was before.
    private let origin: String

    /// Makes the groups, and removes those of stages whose process has gone.
    init() throws {
        let mount = try MountTable.cgroup2()
        for name in directoryNames(mount) where name.hasPrefix(Self.prefix) {
            if let pid = Int32(name.dropFirst(Self.prefix.count)), !Files.exists("/proc/\(pid)") {
                let group = ControlGroup("\(mount)/\(name)")
                // Or another fixture does it now.
                _ = try? group.killAll(within: .seconds(1))
                try? group.removeTree(within: .zero)
            }
        }
        path = "\(mount)/\(Self.prefix)\(getpid())"
        let own = (readText("/proc/self/cgroup") ?? "").split(separator: "\n").first { $0.hasPrefix("0::") }
        origin = "\(mount)\(own?.dropFirst(3) ?? "")"
        for part in [Part.all, .inside, .beside] { try ControlGroup(path + part.rawValue).create() }
    }

    func join(_ part: Part) throws { try ControlGroup(path + part.rawValue).join() }

    func open(_ part: Part) throws -> OwnedDescriptor {
        try OwnedDescriptor(path: path + part.rawValue, flags: O_RDONLY | O_DIRECTORY)
    }

    /// Goes back to where the process was, and removes the groups.
    func leave() {
        try? ControlGroup(origin).join()
        try? ControlGroup(path).removeTree(within: .seconds(2))
    }
}
