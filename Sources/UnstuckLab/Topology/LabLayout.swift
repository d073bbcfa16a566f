/// Where everything of one lab lies: all names follow from the lab's own, so that `down` finds what a killed `up` left.
public struct LabLayout: Hashable, Sendable {
    public let name: String
    /// The cgroup v2 hierarchy's mount point.
    public let cgroupMount: String

    public static let labsRoot = "/run/unstuck-lab"
    public static let namespaceFolder = "/run/netns"

    /// - Throws: `invalid` for a name that is not 1 to 20 lower-case letters and digits. A dash is not allowed: no
    ///   lab's names may begin with another's.
    public init(name: String, cgroupMount: String) throws(LabError) {
        guard (1...20).contains(name.utf8.count), HostID.isLabel(name), !name.contains("-") else {
            throw LabError(.invalid, "a lab's name is 1 to 20 lower-case letters and digits, not \"\(name)\"")
        }
        self.name = name
        self.cgroupMount = cgroupMount
    }

    public var root: String { "\(Self.labsRoot)/\(name)" }
    /// Beside the root, which comes and goes.
    var lockPath: String { "\(root).lock" }
    public var statePath: String { "\(root)/state.json" }
    public var bpffs: String { "\(root)/bpf" }
    public var mapPin: String { "\(bpffs)/cilium_sock_ops" }
    /// What /var/log/pods is on a node.
    public var podLogs: String { "\(root)/log/pods" }
    /// What the lab's own processes print.
    public var processLogs: String { "\(root)/logs" }
    /// One file for each fault that was made and not healed.
    public var faults: String { "\(root)/faults" }

    public func podLogFolder(_ pod: LabPod) -> String { "\(podLogs)/\(pod.namespace)_\(pod.name)_\(pod.uid)" }

    public func logPath(_ host: HostID, _ what: String) -> String {
        "\(processLogs)/\(Self.dashed(host))-\(what).log"
    }

    public func readyPath(_ host: HostID) -> String { "\(processLogs)/\(Self.dashed(host)).ready" }

    // MARK: Network namespaces

    /// What every network namespace of this lab begins with.
    public var namespacePrefix: String { "unstuck-\(name)-" }

    public func namespace(_ host: HostID) -> String { namespacePrefix + Self.dashed(host) }
    public func namespacePath(_ host: HostID) -> String { "\(Self.namespaceFolder)/\(namespace(host))" }

    private static func dashed(_ host: HostID) -> String {
        switch host {
        case .node, .remote: host.description
        case .pod(let namespace, let name): "pod-\(namespace)-\(name)"
        }
    }

    // MARK: Control groups

    public var cgroup: String { "\(cgroupMount)/unstuck-\(name)" }
    /// The accelerated part: what runs on the node.
    public var nodeCgroup: String { "\(cgroup)/node" }
    /// On the node, but not below the accelerator: for connections that are accelerated on one side only.
    public var bareCgroup: String { "\(cgroup)/bare" }

    /// Where the processes of a host run; `nil` for a pod that is not among `pods`.
    public func cgroup(_ host: HostID, pods: [LabPod]) -> String? {
        switch host {
        case .node: "\(nodeCgroup)/system.slice/kubelet.service"
        case .remote: "\(cgroup)/remote"
        case .pod: pods.first { $0.id == host }.map(podCgroup)
        }
    }

    /// As systemd and containerd name it: dashes of the uid become underscores.
    public func podCgroup(_ pod: LabPod) -> String {
        let uid = String(pod.uid.map { $0 == "-" ? "_" : $0 })
        return "\(nodeCgroup)/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod\(uid).slice"
            + "/cri-containerd-\(pod.containerID).scope"
    }
}
