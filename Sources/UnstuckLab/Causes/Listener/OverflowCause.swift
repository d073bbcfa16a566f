import UnstuckModel

extension Cause {
    /// A full accept queue: clients that are connected for themselves alone.
    static let listenerOverflow = Cause(
        "listener.overflow", .serverStack,
        [
            CauseCase("full", "backlog 1, never accepted; further clients knock") { fixture, family in
                try overflow(fixture, family, isDrained: false)
            },
            CauseCase("drained", "the queue was full, and everyone has been served since", isControl: true) {
                fixture, family in
                try overflow(fixture, family, isDrained: true)
            },
        ])

    /// A listener with room for all has four half-open connections, since it waits for each client's first byte. Then its
    /// backlog shrinks to 1, which is room for two, and the clients send: the last two stay half open.
    private static func overflow(
        _ fixture: CauseFixture, _ family: AddressFamily, isDrained: Bool
    ) throws -> [CauseConnection] {
        let message = CauseFixture.message
        let tuples = (0..<4).map { CausePath.tuple(family, client: $0) }
        // So that half-open connections last: the kernel's default gives them up after a minute.
        try fixture.path.server?.set("ipv4/tcp_synack_retries", "15")
        let server = try fixture.start(
            [
                CauseFixture.listen(tuples[0], backlog: 16), .deferAccept(seconds: 600), .gate,
                .deferAccept(seconds: 0), .relisten(backlog: 1),
            ] + (isDrained ? [.gate, .acceptAndAnswer(count: 4, bytes: message)] : []) + [.pause], on: .server)
        try server.finish(2)
        let clients = try tuples.map {
            try fixture.start(
                [CauseFixture.connect($0), .gate, .send(bytes: message), .read(bytes: message), .pause], on: .client)
        }
        for client in clients { try client.finish(1) }
        try server.open(0)
        try server.finish(5)
        for client in clients[..<2] { try client.open(0) }
        try fixture.must("the accept queue is full") {
            fixture.listener(of: tuples[0], in: server)?.receiveQueue == 2
        }
        for client in clients[2...] { try client.open(0) }
        let outside = Array(zip(tuples, clients).dropFirst(2))
        try fixture.must("two clients have unacknowledged bytes, and their servers' ends are in SYN_RECV") {
            outside.allSatisfy { tuple, client in
                let row = fixture.row(tuple, in: client)
                return row?.state == .established && row?.sendQueue == UInt32(message)
                    && fixture.row(tuple.reversed, in: server)?.state == .synReceived
            }
        }
        if isDrained {
            try server.open(1)
            for client in clients { try client.reachLast() }
        } else {
            _ = try fixture.start([.knock(at: "\(tuples[0].remote)")], on: .client)
            let before = try fixture.path.server?.counter("TcpExt", "ListenOverflows")
            try fixture.must("the kernel counts overflows") {
                guard let before, let now = try fixture.path.server?.counter("TcpExt", "ListenOverflows") else {
                    return false
                }
                return now > before
            }
        }
        return outside.map { fixture.connection($0, client: $1, server: server) }
    }
}
