import UnstuckModel

extension Cause {
    /// A listener that waits for the client's first byte, for a protocol in which the server speaks first.
    static let deferAccept = Cause(
        "listener.defer-accept", .serverStack,
        [
            CauseCase("server-first", "TCP_DEFER_ACCEPT; the client waits for a greeting") { fixture, family in
                let (tuple, client, server) = try greet(fixture, family, client: [])
                try fixture.must("the client is ESTABLISHED, and the server's end in SYN_RECV") {
                    fixture.row(tuple, in: client)?.state == .established
                        && fixture.row(tuple.reversed, in: server)?.state == .synReceived
                }
                return [fixture.connection(tuple, client: client, server: server)]
            },
            CauseCase("client-first", "the same, and the client speaks first", isControl: true) { fixture, family in
                let (tuple, client, server) = try greet(fixture, family, client: [.send(bytes: 1)])
                try client.reachLast()
                try fixture.must("both ends are ESTABLISHED") {
                    fixture.row(tuple, in: client)?.state == .established
                        && fixture.row(tuple.reversed, in: server)?.state == .established
                }
                return [fixture.connection(tuple, client: client, server: server)]
            },
        ])

    private static func greet(
        _ fixture: CauseFixture, _ family: AddressFamily, client steps: [EndStep]
    ) throws -> (FourTuple, client: End, server: End) {
        let tuple = CausePath.tuple(family)
        let server = try fixture.start(
            [
                CauseFixture.listen(tuple), .deferAccept(seconds: 600), .accept, .send(bytes: CauseFixture.message),
                .read(bytes: 2),
            ], on: .server)
        try server.finish(2)
        let client = try fixture.start(
            [CauseFixture.connect(tuple)] + steps + [.read(bytes: CauseFixture.message), .pause], on: .client)
        try client.finish(1)
        return (tuple, client, server)
    }
}
