import UnstuckModel

extension Cause {
    /// A server that has accepted, runs, and does not read.
    static let notReading = Cause(
        "app.not-reading", .serverApplication,
        [
            CauseCase("request", "a request waits; the process is in another system call") { fixture, family in
                let pair = try ask(fixture, family, server: .pause)
                try mustHaveUnread(fixture, pair)
                return [fixture.connection(pair)]
            },
            CauseCase("bulk", "50 MB are sent; the window is shut") { fixture, family in
                let pair = try fixture.pair(family, client: [.send(bytes: CauseFixture.bulk)], server: [.pause])
                try mustHaveShutWindow(fixture, pair)
                return [fixture.connection(pair)]
            },
            CauseCase("accelerated", "a request waits, redirected by a sockmap", isAccelerated: true) {
                fixture, family in
                let pair = try ask(fixture, family, server: .pause)
                try mustBeRedirected(fixture, pair)
                return [fixture.connection(pair)]
            },
            CauseCase("futex", "a request waits; the process waits for a lock") { fixture, family in
                let pair = try ask(fixture, family, server: .futex)
                try mustHaveUnread(fixture, pair)
                try fixture.must(
                    "the server is blocked in futex, not in \(pair.server.waitsIn ?? "an unknown function")"
                ) {
                    pair.server.waitsIn?.contains("futex") ?? true
                }
                return [fixture.connection(pair)]
            },
            healthy("slow", "a bulk transfer, read slowly", [.send(bytes: 20 * CauseFixture.bulk)], [.readSlowly]),
            healthy(
                "busy", "a busy process that reads now and then", [.sendSteadily(bytes: 1000)], [.readBusily]),
            healthy("one-way", "the client sends, the server never does", [.sendSteadily(bytes: 100)], [.readAll]),
            CauseCase("blocked-pop", "the request was read; the client is to wait for its answer", isControl: true) {
                fixture, family in
                let pair = try ask(
                    fixture, family, server: .read(bytes: CauseFixture.message), .read(bytes: 1))
                try pair.server.reachLast()
                try fixture.mustBeIdle(pair)
                return [fixture.connection(pair)]
            },
            CauseCase("close-wait", "unread bytes of a client that has closed", isControl: true) { fixture, family in
                let pair = try fixture.pair(
                    family, client: [.send(bytes: CauseFixture.message), .endSending, .pause], server: [.pause])
                try fixture.must("the server is in CLOSE_WAIT with unread bytes") {
                    fixture.server(pair).map { $0.state == .closeWait && $0.receiveQueue >= CauseFixture.message }
                        == true
                }
                return [fixture.connection(pair)]
            },
        ])

    private static func healthy(
        _ name: String, _ summary: String, _ client: [EndStep], _ server: [EndStep]
    ) -> CauseCase {
        CauseCase(name, summary, isControl: true) { fixture, family in
            let pair = try fixture.pair(family, client: client, server: server)
            try fixture.mustMove(pair)
            return [fixture.connection(pair)]
        }
    }

    private static func ask(
        _ fixture: CauseFixture, _ family: AddressFamily, server: EndStep...
    ) throws -> CauseFixture.Pair {
        let pair = try fixture.pair(
            family, client: [.gate, .send(bytes: CauseFixture.message), .read(bytes: CauseFixture.message)],
            server: server)
        try pair.client.open(0)
        try pair.client.reachLast()
        return pair
    }

    private static func mustHaveUnread(_ fixture: CauseFixture, _ pair: CauseFixture.Pair) throws {
        try fixture.must("the server sleeps, with \(CauseFixture.message) unread bytes") {
            fixture.server(pair).map { $0.receiveQueue == CauseFixture.message && $0.inode != 0 } == true
                && pair.server.state == "S"
        }
    }

    /// Bytes wait at both ends, and the sender probes the window.
    static func mustHaveShutWindow(_ fixture: CauseFixture, _ pair: CauseFixture.Pair) throws {
        try fixture.must("the client probes a shut window, and the server has unread bytes") {
            guard let client = fixture.client(pair), let server = fixture.server(pair) else { return false }
            return client.timer == .probe && client.sendQueue > 0 && server.receiveQueue > 0
        }
        // A receive buffer that still grows takes a little more when its window has shut for the first time.
        var last = fixture.server(pair)?.receiveQueue
        var since = ContinuousClock.now
        try fixture.must("nothing more is taken for a second") {
            let now = fixture.server(pair)?.receiveQueue
            if now != last { (last, since) = (now, .now) }
            return since.duration(to: .now) >= .seconds(1) && fixture.client(pair)?.timer == .probe
        }
    }
}
