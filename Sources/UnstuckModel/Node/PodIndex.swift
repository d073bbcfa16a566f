/// Which pod a socket belongs to, and which pod has an address, as far as sockets tell.
public struct PodIndex: Sendable {
    /// Pods' uids by their cgroup's id.
    private let podsByCgroup: [UInt64: String]
    private let podsByAddress: [IPAddress: String]
    private let labels: [String: String]

    /// - Parameter sockets: every socket that may tell whose an address is.
    public init(cgroups: [Cgroup], pods: [Pod], sockets: some Sequence<KernelSocket>) {
        self.init(cgroups, pods) { look in sockets.forEach(look) }
    }

    /// Of everything that a look saw.
    public init(of look: Snapshot) {
        self.init(look.cgroups, look.pods) { take in
            for socket in look.sockets { take(socket.socket) }
            for map in look.sockmaps { for entry in map.entries { take(entry.resident) } }
        }
    }

    /// A hundred thousand sockets come in few pairs of address and cgroup.
    private struct Place: Hashable {
        var address: IPAddress
        var cgroup: UInt64
    }

    private init(_ cgroups: [Cgroup], _ pods: [Pod], _ forEachSocket: ((KernelSocket) -> Void) -> Void) {
        var labels = Dictionary(pods.map { ($0.uid, $0.label) }) { first, _ in first }
        var byCgroup: [UInt64: String] = [:]
        for cgroup in cgroups {
            guard let uid = cgroup.podUID else { continue }
            byCgroup[cgroup.id] = uid
            if labels[uid] == nil { labels[uid] = "pod \(uid)" }
        }
        podsByCgroup = byCgroup
        // An address belongs to a pod if a socket of the pod's cgroup, in a namespace of its own, uses it as its own.
        // Host-network pods share the node's address: an address with two pods names none. A pod's successor of the same
        // name is the same pod here.
        var candidates: [IPAddress: String?] = [:]
        var seen = Set<Place>()
        forEachSocket { socket in
            let address = socket.tuple.local.address
            guard let pod = byCgroup[socket.cgroup], !address.isLoopback, !address.isUnspecified,
                seen.insert(Place(address: address, cgroup: socket.cgroup)).inserted
            else { return }
            if let known = candidates[address] {
                if known.flatMap({ labels[$0] }) != labels[pod] { candidates[address] = .some(nil) }
            } else {
                candidates[address] = pod
            }
        }
        podsByAddress = candidates.compactMapValues { $0 }
        self.labels = labels
    }

    public func pod(of socket: KernelSocket) -> String? { podsByCgroup[socket.cgroup].flatMap { labels[$0] } }

    public func pod(at address: IPAddress) -> String? { podsByAddress[address].flatMap { labels[$0] } }

    /// The pod of an entry: its resident's, else the one that has the address that the key names as the resident's own.
    public func pod(of entry: SockmapEntry, claim: FourTuple?) -> String? {
        uid(of: entry, claim: claim).flatMap { labels[$0] }
    }

    public func uid(of entry: SockmapEntry, claim: FourTuple?) -> String? {
        podsByCgroup[entry.resident.cgroup] ?? claim.flatMap { podsByAddress[$0.local.address] }
    }

    /// Whether a pod is called so: by its label, or by its uid.
    public func knows(_ name: String) -> Bool { labels[name] != nil || labels.values.contains(name) }
}

extension SockmapEntry {
    /// The entry's own address: as its key names it, else its resident's; `nil` where the layout is not known.
    public func ownAddress(_ claim: FourTuple?) -> IPAddress? {
        guard let claim else { return nil }
        return claim.local.address.isUnspecified ? resident.tuple.local.address : claim.local.address
    }
}
