import Glibc
import UnstuckKernel

/// How a lab is to be built. The defaults make the lab that the documentation speaks of.
public struct UpOptions: Sendable {
    /// Load and attach the reference accelerator.
    public var accelerator = true
    /// Entries that its sockmap has room for.
    public var mapSize = Accelerator.defaultMapSize
    /// Remove a lab of the same name, or its leftovers, first.
    public var replace = false
    public var pods = LabPod.standard
    /// Told of each step as it begins.
    public var progress: @Sendable (String) -> Void = { _ in }

    public init() {}
}

extension Lab {
    /// Builds the lab. If a step fails, what was made before it is removed again.
    public func up(_ options: UpOptions = UpOptions()) throws {
        try Requirements.checkCapabilities()
        let lock = try LabLock.acquire(layout)
        let ip = try IPRoute(lock: lock.raw)
        let leftovers = self.leftovers()
        if !leftovers.isEmpty {
            guard options.replace else {
                throw LabError(
                    .alreadyThere,
                    "lab \"\(name)\" or its leftovers are there (\(leftovers.joined(separator: ", "))): "
                        + "unstuck-lab down, or up --replace")
            }
            options.progress("removing what was there")
            _ = try remove()
        }
        do {
            try build(options, ip, lock: lock.raw)
        } catch {
            do {
                _ = try remove()
            } catch let second {
                throw LabError(.failed, "\(error); and then cleaning up failed too", cause: second)
            }
            throw error
        }
    }

    private func build(_ options: UpOptions, _ ip: IPRoute, lock: Int32) throws {
        guard options.pods.allSatisfy({ (0..<AddressPlan.podLimit).contains($0.index) }), options.mapSize > 0 else {
            throw LabError(
                .invalid, "a map needs room for an entry, and there are \(AddressPlan.podLimit) pods at most")
        }
        var state = LabState(name: name, phase: .building, pods: options.pods)
        options.progress("folders in \(layout.root)")
        try Files.makeFolder(layout.root)
        try save(state)
        for folder in [layout.processLogs, layout.faults] + state.pods.map(layout.podLogFolder) {
            try Files.makeFolder(folder)
        }

        options.progress("cgroups in \(layout.cgroup)")
        for host in hosts(of: state) { try ControlGroup(host.cgroup).create() }
        try ControlGroup(layout.bareCgroup).create()

        options.progress("network namespaces \(layout.namespacePrefix)*")
        let topology = Topology(layout: layout, pods: state.pods)
        try ip.batch(topology.namespaces)
        for host in hosts(of: state) {
            let settings = Topology.sysctls(host.id)
            try NamespaceThread.run(in: "\(LabLayout.namespaceFolder)/\(host.namespace)") {
                for (path, value) in settings { try Files.write(value, to: "/proc/sys/net/\(path)", flags: O_WRONLY) }
            }
        }
        try ip.batch(topology.node, in: layout.namespace(.node))
        for host in hosts(of: state) where host.id != .node {
            try ip.batch(topology.leaf(host.addresses), in: host.namespace)
        }

        if options.accelerator {
            options.progress("the accelerator")
            try Accelerator.mountFileSystem(at: layout.bpffs)
            state.accelerator = try Accelerator.load(layout: layout, mapSize: options.mapSize)
        }

        options.progress("servers")
        state.phase = .up
        try startServers(of: state.pods.filter(\.isServer), lock: lock)
        try save(state)
    }

    /// Starts the servers of pods, and waits until they listen.
    func startServers(of pods: [LabPod], lock: Int32) throws {
        for pod in pods {
            try Files.removeTree(layout.readyPath(pod.id))
            // The servers find their host without state.json, which says "building" until they run.
            _ = try Child.startDetached(
                [
                    program, "serve", "--netns", layout.namespacePath(pod.id), "--cgroup", layout.podCgroup(pod),
                    "--ready", layout.readyPath(pod.id),
                ], log: layout.logPath(pod.id, "serve"), keeping: lock)
        }
        let deadline = Deadline(after: .patience)
        for pod in pods {
            guard deadline.wait(until: { Files.exists(layout.readyPath(pod.id)) }) else {
                let log = readText(layout.logPath(pod.id, "serve")) ?? "no log"
                throw LabError(.failed, "the server of \(pod.id) did not start: \(log)")
            }
        }
    }
}
