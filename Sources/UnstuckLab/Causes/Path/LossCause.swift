import UnstuckModel

extension Cause {
    /// A rule on the way that drops what is sent after the handshake.
    static let pathLoss = Cause(
        "path.loss", .path,
        [
            CauseCase("to-server", "a rule drops what the client sends", shape: .routed) { fixture, family in
                let pair = try start(fixture, family)
                try drop(fixture, pair.tuple, family)
                try pair.client.open(0)
                try mustRetransmit(fixture, pair)
                try mustCount(fixture, family)
                try fixture.must("nothing reaches the server") { fixture.server(pair)?.receiveQueue == 0 }
                return [fixture.connection(pair)]
            },
            CauseCase("to-client", "a rule drops what the server sends", shape: .routed) { fixture, family in
                let pair = try start(fixture, family)
                try drop(fixture, pair.tuple.reversed, family)
                try pair.client.open(0)
                try mustRetransmitAnswer(fixture, pair)
                try mustCount(fixture, family)
                return [fixture.connection(pair)]
            },
            CauseCase("answer", "the same, begun when the request had been acknowledged", shape: .routed) {
                fixture, family in
                let message = CauseFixture.message
                let pair = try fixture.pair(
                    family, client: [.send(bytes: message), .read(bytes: message)],
                    server: [.read(bytes: message), .gate, .send(bytes: message), .pause])
                try pair.server.finish(3)
                try fixture.must("the request is acknowledged") { fixture.client(pair)?.sendQueue == 0 }
                try drop(fixture, pair.tuple.reversed, family)
                try pair.server.open(0)
                try mustRetransmitAnswer(fixture, pair)
                try mustCount(fixture, family)
                try fixture.must("the client waits, with nothing to send and no timer") {
                    fixture.client(pair).map { $0.sendQueue == 0 && $0.timer == SocketRow.Timer.none } == true
                }
                return [fixture.connection(pair)]
            },
            CauseCase("ends", "the rule was there for a while", isControl: true, shape: .routed) { fixture, family in
                let pair = try start(fixture, family)
                try drop(fixture, pair.tuple, family)
                try pair.client.open(0)
                try mustRetransmit(fixture, pair)
                try fixture.path.router?.nft("delete table inet \(table(family))")
                try fixture.mustMove(pair)
                return [fixture.connection(pair)]
            },
        ])

    private static func start(_ fixture: CauseFixture, _ family: AddressFamily) throws -> CauseFixture.Pair {
        let message = CauseFixture.message
        return try fixture.pair(
            family, client: [.gate, .ask(bytes: message, pause: 100)], server: [.answer(bytes: message, delay: 0)])
    }

    private static func table(_ family: AddressFamily) -> String { "loss_v\(family.rawValue)" }

    /// On the router, in one direction. The ports tell the families' connections apart.
    private static func drop(_ fixture: CauseFixture, _ tuple: FourTuple, _ family: AddressFamily) throws {
        let table = table(family)
        try fixture.path.router?.nft(
            "add table inet \(table); add chain inet \(table) forward { type filter hook forward priority 0; }; "
                + "add rule inet \(table) forward tcp sport \(tuple.local.port) tcp dport \(tuple.remote.port) counter drop"
        )
    }

    private static func mustCount(_ fixture: CauseFixture, _ family: AddressFamily) throws {
        try fixture.must("the rule has dropped packets") {
            let list = try fixture.path.router?.nft("list table inet \(table(family))") ?? ""
            return list.contains("counter packets ") && !list.contains("counter packets 0 ")
        }
    }

    private static func mustRetransmitAnswer(_ fixture: CauseFixture, _ pair: CauseFixture.Pair) throws {
        try fixture.must("the server retransmits its answer") {
            fixture.server(pair).map {
                $0.timer == .retransmit && $0.retransmits > 0 && $0.sendQueue == CauseFixture.message
            } == true
        }
    }

    /// The client's request is not acknowledged.
    static func mustRetransmit(_ fixture: CauseFixture, _ pair: CauseFixture.Pair) throws {
        try fixture.must("the client retransmits its request") {
            fixture.client(pair).map {
                $0.state == .established && $0.timer == .retransmit && $0.retransmits > 0
                    && $0.sendQueue == CauseFixture.message
            } == true
        }
    }
}
