import UnstuckModel

extension Cause {
    /// A server that listens, runs, and does not accept: the request waits in the accept queue.
    static let notAccepting = Cause(
        "app.not-accepting", .serverApplication,
        [
            CauseCase("request", "one connection with its request waits for accept") { fixture, family in
                let pair = try wait(fixture, family, server: [.pause])
                return [fixture.connection(pair)]
            },
            CauseCase("futex", "the same, the process waits for a lock") { fixture, family in
                let pair = try wait(fixture, family, server: [.futex])
                return [fixture.connection(pair)]
            },
            CauseCase("late", "accepted late, and served from then on", isControl: true) { fixture, family in
                let pair = try wait(
                    fixture, family, server: [.gate, .accept, .answer(bytes: CauseFixture.message, delay: 0)])
                try pair.server.open(0)
                try fixture.mustMove(pair)
                return [fixture.connection(pair)]
            },
        ])

    private static func wait(
        _ fixture: CauseFixture, _ family: AddressFamily, server: [EndStep]
    ) throws -> CauseFixture.Pair {
        let tuple = CausePath.tuple(family)
        let server = try fixture.start([CauseFixture.listen(tuple)] + server, on: .server)
        try server.finish(1)
        let client = try fixture.start(
            [CauseFixture.connect(tuple), .ask(bytes: CauseFixture.message, pause: 100)], on: .client)
        let pair = CauseFixture.Pair(tuple: tuple, client: client, server: server)
        try fixture.must("a connection with its request is in the accept queue") {
            guard let socket = fixture.server(pair), let listener = fixture.listener(of: tuple, in: server) else {
                return false
            }
            return listener.receiveQueue == 1 && socket.inode == 0 && socket.receiveQueue == CauseFixture.message
        }
        return pair
    }
}
