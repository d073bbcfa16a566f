import UnstuckModel

/// Sockets whose queue of redirected bytes is to be read again before the next sample, because nothing else tells whether
/// it moves: what ``QueueWatch`` is made from.
public struct RedirectedQueues: Sendable {
    /// As often as it needs to be read.
    public static let readings = StuckConnections.queueReadings

    private var waiting: [TCPSocket]
    private var readings = 0
    private var changed: [SocketIdentity] = []

    /// - Parameter view: of the first sample.
    public init(_ view: NodeView) {
        waiting = view.now.sockets.filter {
            $0.holdsBytes && $0.socket.hasSocket && ($0.redirectedBytes ?? 0) > 0 && view.isInScope($0.socket)
        }
    }

    /// None has been the same whenever it was read.
    public var isEmpty: Bool { waiting.isEmpty }

    public var result: QueueWatch {
        var watch = QueueWatch()
        watch.readings = readings
        watch.unchanged = waiting.map(\.socket.identity)
        watch.changed = changed
        return watch
    }

    /// Adds another reading of the sockets.
    public mutating func add(_ sample: Snapshot) {
        readings += 1
        let wanted = Set(waiting.map(\.socket.tuple))
        let read = Dictionary(
            grouping: sample.sockets.lazy.filter { wanted.contains($0.socket.tuple) }, by: \.socket.tuple)
        waiting = waiting.filter { before in
            guard let now = read[before.socket.tuple]?.first(where: { $0.isSame(as: before) }) else { return false }
            if now.socket.psock == before.socket.psock { return true }
            changed.append(before.socket.identity)
            return false
        }
    }
}
