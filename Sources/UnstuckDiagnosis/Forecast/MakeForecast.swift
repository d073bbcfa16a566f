import UnstuckModel

/// Looks at a node -> what its stale entries will cost. Pure.
///
/// A connection hangs if its client gets a port that a stale entry claims: dead keys ÷ the ports from which the client's
/// kernel chooses. The kernel does not choose evenly from all of its range: see ``LocalPorts``.
///
/// - Parameter looks: oldest first; from two of them the rate is reported, and what only looked dead for a moment is left out.
public func makeForecast(_ looks: [Snapshot]) -> Forecast {
    guard let view = NodeView(looks) else {
        return Forecast(routes: [], fillings: [], warnings: [], unknown: ["there is no snapshot"])
    }
    var forecast = Forecast(
        routes: [], fillings: [], warnings: [],
        unknown: view.now.coverage.reasons.map { "\($0)" })
    let isOnce = looks.count < 2
    let dead =
        view.sockmaps.entries.filter { $0.state.isDead && (isOnce || view.secondsSeenDead($0) != nil) }.map {
            Dead(map: $0.map, claim: $0.claim, pod: view.pod(of: $0.entry.socket))
        }
        + view.sockmaps.walked.filter { $0.state == .unseen && (isOnce || view.secondsUnseen($0) != nil) }.map {
            Dead(map: $0.map, claim: $0.claim, pod: nil)
        }
    forecast.routes = routes(view, dead)
    for route in forecast.routes where route.clientNamespaces.count > 1 {
        let inodes = route.clientNamespaces.map(String.init).joined(separator: ", ")
        forecast.unknown.append(
            "\(route.client) is an address in \(route.clientNamespaces.count) network namespaces (\(inodes)): which of them "
                + "the clients of \(route.server) are in was not seen, and the ports of that with the least risk were counted"
        )
    }
    forecast.fillings = view.now.sockmaps.filter { $0.kind == .sockhash }.map { map in
        let count = dead.count { $0.map.id == map.id }
        return map.walk == nil ? filling(map, dead: count, looks) : walkedFilling(map, dead: count, view)
    }
    warn(view, dead, &forecast)
    return forecast
}

/// A stale entry: its socket was seen dead, or no socket of the node has what its key names.
private struct Dead {
    var map: Sockmap
    var claim: FourTuple?
    /// Its socket's; `nil`: not known.
    var pod: String?
}

private struct RouteKey: Hashable {
    var map: UInt32
    var server: Endpoint
    var client: IPAddress
}

private func routes(_ view: NodeView, _ dead: [Dead]) -> [Forecast.Route] {
    let listeners = Set(view.now.sockets.filter { $0.socket.state == .listen }.map(\.socket.tuple.local.port))
    var found: [RouteKey: [(port: UInt16, entry: Dead)]] = [:]
    for entry in dead where view.sockmaps.namesConnections(entry.map.id) {
        guard let claim = entry.claim, claim.isComplete else { continue }
        // Both ends leave stale entries; whichever it was, the client is the one that nobody listens for.
        let isServers =
            listeners.contains(claim.local.port) == listeners.contains(claim.remote.port)
            ? claim.local.port < claim.remote.port : listeners.contains(claim.local.port)
        let (server, client) = isServers ? (claim.local, claim.remote) : (claim.remote, claim.local)
        found[RouteKey(map: entry.map.id, server: server, client: client.address), default: []].append(
            (client.port, entry))
    }
    let places = clientNamespaces(view, Set(found.keys.map(\.client)))
    return found.map { key, members in
        let namespaces = narrowed(places[key.client] ?? [], to: key, view)
        let ranges = view.now.namespaces.filter { namespaces.contains($0.inode) }.compactMap(\.localPorts)
        let ports = Set(members.map(\.port)).sorted()
        func risk(_ range: LocalPorts) -> Double {
            Double(ports.count(where: range.isPreferred)) / Double(max(range.preferredCount, 1))
        }
        // Where several are possible, no more is said than what is true of each.
        let range = ranges.min { risk($0) < risk($1) } ?? .standard
        let choices = ports.count(where: range.isPreferred)
        let pod = view.pod(at: key.server.address)
        return Forecast.Route(
            map: key.map, mapName: members[0].entry.map.name, pod: pod, server: key.server, client: key.client,
            poisonedPorts: ports, poisonedChoices: choices, choices: range.preferredCount,
            isRangeAssumed: ranges.isEmpty,
            inheritedEntries: members.count { isInherited($0.entry, by: pod) },
            clientNamespaces: namespaces.sorted(),
            probability: view.sockmaps.layouts[key.map]?.layout?.conflict == .keepsOld
                ? min(1, risk(range)) : 0)
    }.sorted { one, other in
        one.probability == other.probability
            ? "\(one.server)\(one.client)" < "\(other.server)\(other.client)" : one.probability > other.probability
    }
}

/// Where a client's address is a given one.
private func clientNamespaces(_ view: NodeView, _ addresses: Set<IPAddress>) -> [IPAddress: Set<UInt32>] {
    var result: [IPAddress: Set<UInt32>] = [:]
    for namespace in view.now.namespaces {
        for address in namespace.addresses ?? [] where addresses.contains(address) {
            result[address, default: []].insert(namespace.inode)
        }
    }
    guard result.count < addresses.count else { return result }
    // Saved looks may not tell interfaces: sockets do.
    for socket in view.now.sockets where addresses.contains(socket.socket.tuple.local.address) {
        result[socket.socket.tuple.local.address, default: []].insert(socket.socket.netns)
    }
    return result
}

/// Of several namespaces that have the client's address, those in which a socket of the map, or one that is connected to
/// the server, really has it; all of them if no socket tells.
private func narrowed(_ candidates: Set<UInt32>, to route: RouteKey, _ view: NodeView) -> Set<UInt32> {
    guard candidates.count > 1 else { return candidates }
    var seen = Set<UInt32>()
    for entry in view.sockmaps.entries where entry.map.id == route.map && entry.claim?.local.address == route.client {
        seen.insert(entry.entry.socket.netns)
    }
    for socket in view.now.sockets {
        let tuple = socket.socket.tuple
        if tuple.local.address == route.client, tuple.remote == route.server { seen.insert(socket.socket.netns) }
    }
    let told = candidates.intersection(seen)
    return told.isEmpty ? candidates : told
}

/// The dead socket was another pod's than the one that has its address now.
private func isInherited(_ entry: Dead, by pod: String?) -> Bool {
    guard let pod, let was = entry.pod else { return false }
    return was != pod
}

/// Of a walked map no rate is reported: what only passes through death, and what a look could not tell, would count as much.
private func walkedFilling(_ map: Sockmap, dead: Int, _ view: NodeView) -> Forecast.Filling {
    let states = view.sockmaps.states(in: map.id)
    return Forecast.Filling(
        map: map.id, mapName: map.name, entries: states.count, dead: dead,
        unknown: states.count { $0 == .unknown || $0 == .undecodable }, maxEntries: map.maxEntries,
        deadPerSecond: nil, secondsUntilFull: nil)
}

private func filling(_ map: Sockmap, dead: Int, _ looks: [Snapshot]) -> Forecast.Filling {
    var rate: Double?
    var untilFull: Double?
    if let first = looks.first, let last = looks.last, last.monotonic > first.monotonic, first.boot == last.boot,
        let before = first.sockmaps.first(where: { $0.id == map.id })
    {
        // Counted alike in both looks, what only passes through death included.
        let grown = map.deadSockets - before.deadSockets
        let perSecond = Double(grown) / (last.monotonic - first.monotonic)
        rate = perSecond
        if perSecond > 0 { untilFull = Double(max(map.maxEntries - map.entries.count, 0)) / perSecond }
    }
    return Forecast.Filling(
        map: map.id, mapName: map.name, entries: map.entries.count, dead: dead, maxEntries: map.maxEntries,
        deadPerSecond: rate, secondsUntilFull: untilFull)
}

extension Sockmap {
    fileprivate var deadSockets: Int { entries.count { $0.socket.liveness.isDead } }
}

private func warn(_ view: NodeView, _ dead: [Dead], _ forecast: inout Forecast) {
    for route in forecast.routes where route.inheritedEntries > 0 {
        forecast.warnings.append(
            "\(route.pod ?? "a pod") has the address of a predecessor, and \(route.inheritedEntries) of its stale entries"
        )
    }
    let orphaned = Dictionary(grouping: dead.compactMap(\.claim).map(\.local.address)) { $0 }.filter {
        view.pod(at: $0.key) == nil && !view.now.uses($0.key)
    }
    for (address, entries) in orphaned.sorted(by: { $0.value.count > $1.value.count }) {
        forecast.warnings.append(
            "no socket on this node uses \(address) now: a pod that gets it inherits \(entries.count) stale "
                + "entr\(entries.count == 1 ? "y" : "ies")")
    }
    for map in view.now.sockmaps {
        guard let layout = view.sockmaps.layouts[map.id]?.layout, layout.conflict != .keepsOld,
            dead.contains(where: { $0.map.id == map.id })
        else { continue }
        forecast.warnings.append(
            "sockmap \(map.id): \(layout.name) \(layout.conflict.rawValue), so its stale entries make no connection hang; "
                + "they only take room")
    }
    for map in view.now.sockmaps where map.walk != nil {
        forecast.unknown.append(
            "sockmap \(map.id) was read key by key without its sockets: a stale entry whose addresses and ports a live "
                + "connection has looks like that connection's own, and the rate is unknown"
        )
    }
    for map in Set(dead.filter { !view.sockmaps.namesConnections($0.map.id) }.map(\.map.id)).sorted() {
        let naming = view.sockmaps.layouts[map]?.layout?.naming.rawValue ?? "nothing"
        forecast.unknown.append(
            "sockmap \(map): its keys name \(naming), which give no port of a connection")
    }
}

extension Snapshot {
    /// Someone on the node has this address now, as far as was looked.
    fileprivate func uses(_ address: IPAddress) -> Bool {
        sockets.contains { $0.socket.tuple.local.address == address }
            || namespaces.contains { $0.addresses?.contains(address) ?? false }
    }
}
