import Glibc
import UnstuckKernel
import UnstuckModel

/// Connections that are opened one after the other and then stay idle: a full map for a benchmark to read.
public final class IdleConnections {
    private final class Connection {
        let socket: TCP
        init(_ socket: consuming TCP) { self.socket = socket }
    }

    private var connections: [Connection] = []

    /// Opens all of them; they are closed when this object goes.
    public init(_ count: Int, to target: Endpoint) throws {
        connections.reserveCapacity(count)
        for _ in 0..<count { connections.append(Connection(try TCP.connected(from: nil, to: target))) }
    }

    /// Does nothing for so long, with all of them open.
    public func hold(seconds: Double) {
        let end = Deadline(after: .seconds(seconds))
        withExtendedLifetime(connections) {
            while !end.hasPassed { usleep(500_000) }
        }
    }
}
