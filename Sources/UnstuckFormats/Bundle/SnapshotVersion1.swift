import UnstuckModel

/// A snapshot of version 1 (unstuck 0.1), turned into the current one. All that is left of version 1 is in this file.
///
/// Version 1 listed what could not be read and not what was, wrote 0 for numbers that were not reported, and gave one list
/// of kinds. What it does not hold becomes *not collected*: nothing is concluded from it.
public struct SnapshotVersion1: Decodable, Sendable {
    public let snapshot: Snapshot

    private enum CodingKeys: String, CodingKey {
        case takenAt, monotonic, host, boot, kernelRelease, namespaces, sockmaps, sockets, handlers, programs, cgroups,
            pods
        case owners, shortfalls, selectedMaps, queueWatch, processes, counters, softnet, cgroupStates, links, qdiscs
        case neighbours
    }

    private struct Missing: Decodable {
        var evidence: Evidence
        var action: String
        var missing: String
    }

    public init(from decoder: any Decoder) throws {
        let saved = try decoder.container(keyedBy: CodingKeys.self)
        func list<Value: Decodable>(_ key: CodingKeys) throws -> [Value] { try saved.decode([Value].self, forKey: key) }
        func part<Value: Decodable>(_ key: CodingKeys) throws -> Value? {
            try saved.decodeIfPresent(Value.self, forKey: key)
        }
        var snapshot = Snapshot(
            takenAt: try saved.decode(Double.self, forKey: .takenAt),
            monotonic: try saved.decode(Double.self, forKey: .monotonic),
            host: try saved.decode(String.self, forKey: .host), boot: try saved.decode(String.self, forKey: .boot),
            kernelRelease: try saved.decode(String.self, forKey: .kernelRelease))
        snapshot.namespaces = try list(.namespaces)
        snapshot.sockmaps = try list(.sockmaps)
        snapshot.sockets = try list(.sockets).map(Self.withoutZeros)
        snapshot.handlers = try list(.handlers)
        snapshot.programs = try list(.programs)
        snapshot.cgroups = try list(.cgroups)
        snapshot.pods = try list(.pods)
        snapshot.owners = try list(.owners)
        snapshot.selectedMaps = try part(.selectedMaps)
        snapshot.queueWatch = try part(.queueWatch)
        snapshot.processes = try part(.processes)
        snapshot.counters = try part(.counters)
        snapshot.softnet = try part(.softnet)
        snapshot.cgroupStates = try part(.cgroupStates)
        snapshot.links = try part(.links)
        snapshot.qdiscs = try part(.qdiscs)
        snapshot.neighbours = try part(.neighbours)
        Self.cover(&snapshot, missing: try list(.shortfalls))
        self.snapshot = snapshot
    }

    /// What version 1 read of every node, unless it says otherwise; and what it read where that was asked for.
    private static func cover(_ snapshot: inout Snapshot, missing: [Missing]) {
        let lacks = Set(missing.map(\.evidence))
        var coverage = Coverage()
        for evidence in [Evidence.sockmaps, .programs, .pods] { coverage.noteRead(evidence, at: nil) }
        if snapshot.sockmaps.allSatisfy({ $0.walk == nil }) { coverage.noteRead(.entrySockets, at: nil) }
        if !lacks.contains(.handlers) { coverage.noteRead(.handlers, at: nil) }
        if !snapshot.namespaces.isEmpty { coverage.noteRead(.namespaces, at: nil) }
        for namespace in snapshot.namespaces where namespace.wasRead {
            coverage.noteRead(.sockets, of: namespace.inode, at: nil)
        }
        if snapshot.namespaces.isEmpty, !snapshot.sockets.isEmpty { coverage.noteRead(.sockets, at: nil) }
        if !snapshot.owners.isEmpty { coverage.noteRead(.owners, at: nil) }
        if snapshot.processes != nil { coverage.noteRead(.processes, at: nil) }
        if snapshot.cgroupStates != nil { coverage.noteRead(.cgroups, at: nil) }
        for counters in snapshot.counters ?? [] { coverage.noteRead(.counters, of: counters.netns, at: nil) }
        for netns in Set((snapshot.links ?? []).map(\.netns)).sorted() { coverage.noteRead(.links, of: netns, at: nil) }
        coverage.missing = missing.map { MissingEvidence($0.evidence, action: $0.action, .needs($0.missing)) }
        snapshot.coverage = coverage
    }

    /// Numbers that a socket of its kind does not have, or that were not reported: version 1 wrote 0 for them.
    private static func withoutZeros(_ socket: TCPSocket) -> TCPSocket {
        var socket = socket
        if socket.socket.state == .listen {
            return TCPSocket(
                socket: socket.socket, acceptQueue: socket.acceptQueue, acceptLimit: socket.acceptLimit)
        }
        (socket.acceptQueue, socket.acceptLimit) = (nil, nil)
        // tcp_info is reported or not as a whole, up to where an old kernel's ends; `segmentsOut` came last (Linux 4.2).
        if socket.segmentsOut == nil {
            (socket.retransmits, socket.packetsInFlight, socket.backoff) = (nil, nil, nil)
            (socket.millisecondsSinceSend, socket.millisecondsSinceReceive) = (nil, nil)
        }
        // Both 0 in the same millisecond is a tick rate that was not known.
        if socket.millisecondsSinceSend == 0, socket.millisecondsSinceReceive == 0 {
            (socket.millisecondsSinceSend, socket.millisecondsSinceReceive) = (nil, nil)
        }
        return socket
    }
}
