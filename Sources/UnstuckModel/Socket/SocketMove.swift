/// What a counter of a socket grew by between two samples.
public struct SocketMove: Sendable {
    public let field: SocketField
    public let by: UInt64

    /// The counters that grew; none where nothing moved.
    public static func between(
        _ before: (tcp: TCPSocket, details: SocketDetails), _ after: (tcp: TCPSocket, details: SocketDetails)
    ) -> [SocketMove] {
        SocketField.all.compactMap { field in
            guard field.isCounter, let old = field.value(before.tcp, before.details),
                let new = field.value(after.tcp, after.details)
            else { return nil }
            let by: UInt64
            if new >= old {
                by = new - old
            } else if field.wraps, old - new > UInt64(UInt32.max) / 2 {
                by = UInt64(UInt32(truncatingIfNeeded: new) &- UInt32(truncatingIfNeeded: old))
            } else {
                return nil  // read while it changed: nothing is said
            }
            return by == 0 ? nil : SocketMove(field: field, by: by)
        }
    }
}

/// Finds the sockets of one sample in another one: by cookie, else by the kernel's address.
public struct SampleMatch: Sendable {
    private let before: SocketSample
    private let byIdentity: HashIndex

    public init(_ before: SocketSample) {
        self.before = before
        byIdentity = HashIndex(count: before.sockets.count) { before.sockets[$0].socket.identity.quickHash }
    }

    /// Its position in the earlier sample.
    public func position(of socket: TCPSocket) -> Int? {
        let identity = socket.socket.identity
        return byIdentity.first(identity.quickHash) { before.sockets[$0].socket.identity == identity }
    }

    /// What moved; `nil`: the socket was not there before.
    public func moves(of position: Int, in sample: SocketSample) -> [SocketMove]? {
        guard let old = self.position(of: sample.sockets[position]) else { return nil }
        return SocketMove.between(
            (before.sockets[old], before.details[old]), (sample.sockets[position], sample.details[position]))
    }
}
