/// Which pod a socket belongs to, and which pod has an address, as far as sockets tell.
public struct PodIndex: Sendable {
    /// Pods' uids by their cgroup's id.
    private let podsByCgroup: [UInt64: String]
    /// By the network namespace in which the address is a pod's own: another namespace may have the same address.
    private let podsByPlace: [Place: String]
    /// Where no other namespace uses it.
    private let podsByAddress: [IPAddress: String]
    /// Of cgroups that were found: one that is no pod's proves that a socket is none's.
    private let knownCgroups: Set<UInt64>
    private let labels: [String: String]

    /// - Parameter sockets: every socket that may tell whose an address is.
    public init(cgroups: [Cgroup], pods: [Pod], sockets: some Sequence<KernelSocket>) {
        self.init(cgroups, pods) { look in sockets.forEach(look) }
    }

    /// Of everything that a look saw.
    public init(of look: Snapshot) {
        self.init(look.cgroups, look.pods) { take in
            for socket in look.sockets { take(socket.socket) }
            for map in look.sockmaps { for entry in map.entries { take(entry.socket) } }
        }
    }

    /// A hundred thousand sockets come in few of these.
    private struct Use: Hashable {
        var place: Place
        var cgroup: UInt64
        var isClosed: Bool
    }

    private struct Place: Hashable {
        var netns: UInt32
        var address: IPAddress
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
        knownCgroups = Set(cgroups.map(\.id))
        // An address belongs to a pod if a socket of the pod's cgroup, in a namespace of its own, uses it as its own.
        // Host-network pods share the node's address: an address with two pods names none. A pod's successor of the same
        // name is the same pod here.
        var places: [Place: String?] = [:]
        var users: [IPAddress: Set<UInt32>] = [:]
        var seen = Set<Use>()
        func add(_ pod: String, _ key: Place, to candidates: inout [Place: String?]) {
            guard let known = candidates[key] else { return candidates[key] = pod }
            if known.flatMap({ labels[$0] }) != labels[pod] { candidates[key] = .some(nil) }
        }
        forEachSocket { socket in
            let place = Place(netns: socket.netns, address: socket.tuple.local.address)
            guard !place.address.isLoopback, !place.address.isUnspecified,
                seen.insert(
                    Use(place: place, cgroup: socket.cgroup, isClosed: socket.state == .close || !socket.hasSocket)
                ).inserted
            else { return }
            // A dead socket, or one that no process has any more, may be of a namespace that has gone, and of the pod's
            // predecessor: bytes that are not acknowledged keep a namespace for minutes.
            if socket.state != .close, socket.hasSocket { users[place.address, default: []].insert(place.netns) }
            if let pod = byCgroup[socket.cgroup] { add(pod, place, to: &places) }
        }
        var addresses: [Place: String?] = [:]
        for (place, pod) in places {
            let key = Place(netns: 0, address: place.address)
            let others = users[place.address, default: []].subtracting([place.netns])
            let isOthers = others.contains { places[Place(netns: $0, address: place.address)] == nil }
            if let pod, !isOthers { add(pod, key, to: &addresses) } else { addresses[key] = .some(nil) }
        }
        podsByPlace = places.compactMapValues { $0 }
        podsByAddress = Dictionary(
            uniqueKeysWithValues: addresses.compactMap { key, pod in pod.map { (key.address, $0) } })
        self.labels = labels
    }

    public func pod(of socket: KernelSocket) -> String? { podsByCgroup[socket.cgroup].flatMap { labels[$0] } }

    /// The pod that has an address; `nil` also where several network namespaces use it, of which not all are the pod's.
    public func pod(at address: IPAddress) -> String? { podsByAddress[address].flatMap { labels[$0] } }

    /// The pod that has an address in a network namespace.
    public func pod(at address: IPAddress, in netns: UInt32) -> String? {
        podsByPlace[Place(netns: netns, address: address)].flatMap { labels[$0] }
    }

    /// The pod of an entry: its socket's, else the one that has the address that the key names as the socket's own.
    public func pod(of entry: SockmapEntry, claim: FourTuple?) -> String? {
        uid(of: entry, claim: claim).flatMap { labels[$0] }
    }

    public func uid(of entry: SockmapEntry, claim: FourTuple?) -> String? {
        if let pod = podsByCgroup[entry.socket.cgroup] { return pod }
        guard !knownCgroups.contains(entry.socket.cgroup), let address = claim?.local.address else { return nil }
        return podsByPlace[Place(netns: entry.socket.netns, address: address)] ?? podsByAddress[address]
    }

    /// Whether a pod is called so: by its label, or by its uid.
    public func knows(_ name: String) -> Bool { labels[name] != nil || labels.values.contains(name) }
}

extension SockmapEntry {
    /// The entry's own address: as its key names it, else its socket's; `nil` where the layout is not known.
    public func ownAddress(_ claim: FourTuple?) -> IPAddress? {
        guard let claim else { return nil }
        return claim.local.address.isUnspecified ? socket.tuple.local.address : claim.local.address
    }
}
