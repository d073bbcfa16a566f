/// Which pod a socket belongs to, and which pod has an address, as far as sockets tell.
public struct PodIndex: Sendable {
    /// Pods by their cgroup's id.
    private let podsByCgroup: [UInt64: String]
    private let podsByAddress: [IPAddress: String]

    /// - Parameter sockets: every socket that may tell whose an address is.
    public init(cgroups: [Cgroup], pods: [Pod], sockets: some Sequence<KernelSocket>) {
        let labels = Dictionary(pods.map { ($0.uid, $0.label) }) { first, _ in first }
        var byCgroup: [UInt64: String] = [:]
        for cgroup in cgroups {
            if let uid = cgroup.podUID { byCgroup[cgroup.id] = labels[uid] ?? "pod \(uid)" }
        }
        podsByCgroup = byCgroup
        // An address belongs to a pod if a socket of the pod's cgroup, in a namespace of its own, uses it as its own.
        // Host-network pods share the node's address: an address with two pods names none.
        var candidates: [IPAddress: String?] = [:]
        for socket in sockets {
            let address = socket.tuple.local.address
            guard let pod = byCgroup[socket.cgroup], !address.isLoopback, !address.isUnspecified else { continue }
            if let known = candidates[address], known != pod {
                candidates[address] = .some(nil)
            } else {
                candidates[address] = pod
            }
        }
        podsByAddress = candidates.compactMapValues { $0 }
    }

    public func pod(of socket: KernelSocket) -> String? { podsByCgroup[socket.cgroup] }

    public func pod(at address: IPAddress) -> String? { podsByAddress[address] }

    /// The pod of an entry: its resident's, else the one that has the address that the key names as the resident's own.
    public func pod(of entry: SockmapEntry, claim: FourTuple?) -> String? {
        pod(of: entry.resident) ?? claim.flatMap { pod(at: $0.local.address) }
    }
}
