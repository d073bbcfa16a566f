import UnstuckFormats

/// Where the cgroup hierarchies of a node are mounted: v2, and those of v1 by controller.
struct CgroupMounts {
    private(set) var unified: String?
    private(set) var controllers: [String: String] = [:]

    init(root: NodeRoot) {
        let table = readText("\(root.procfs)/self/mounts") ?? readText("\(root.procfs)/1/mounts") ?? ""
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 3 else { continue }
            let path = root.path(MountLine.unescape(fields[1]))
            switch fields[2] {
            case "cgroup2": unified = unified ?? path
            case "cgroup":
                // Other options are no controllers, and no cgroup asks for them.
                for option in fields[3].split(separator: ",") where controllers[String(option)] == nil {
                    controllers[String(option)] = path
                }
            default: continue
            }
        }
    }

    /// The directory of a cgroup; `nil`: it is not mounted, or the path leads out of the mount, as that of a process outside
    /// of the reader's cgroup namespace does.
    ///
    /// - Parameter controller: of v1; `nil`: cgroup v2.
    func directory(of path: String, controller: String? = nil) -> String? {
        guard path.hasPrefix("/"), !path.split(separator: "/").contains(".."),
            let mount = controller.map({ controllers[$0] }) ?? unified
        else { return nil }
        return path == "/" ? mount : mount + path
    }

    /// Whether a process is frozen by its cgroup of v2 or of the v1 freezer; `nil`: neither could be read.
    func isFrozen(_ cgroups: ProcessFiles.Cgroups) -> Bool? {
        let byEvents = cgroups.unified.flatMap { directory(of: $0) }
            .flatMap { readText("\($0)/cgroup.events") }.flatMap(CgroupFiles.isFrozen(events:))
        let byState = cgroups.controllers["freezer"].flatMap { directory(of: $0, controller: "freezer") }
            .flatMap { readText("\($0)/freezer.state") }.flatMap(CgroupFiles.isFrozen(state:))
        guard byEvents != nil || byState != nil else { return nil }
        return byEvents == true || byState == true
    }
}
