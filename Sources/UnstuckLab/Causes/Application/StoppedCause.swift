import Glibc
import UnstuckModel

extension Cause {
    /// A server that a signal has stopped, with a request that it does not read.
    static let stopped = Cause(
        "app.stopped", .serverApplication,
        [
            CauseCase("request", "stopped by SIGSTOP; a request waits to be read") { fixture, family in
                let pair = try stop(fixture, family)
                try fixture.must("the server has \(CauseFixture.message) unread bytes") {
                    fixture.server(pair).map { $0.receiveQueue == CauseFixture.message && $0.inode != 0 } == true
                }
                return [fixture.connection(pair)]
            },
            CauseCase("accelerated", "the same, the request redirected by a sockmap", isAccelerated: true) {
                fixture, family in
                let pair = try stop(fixture, family)
                try mustBeRedirected(fixture, pair)
                return [fixture.connection(pair)]
            },
            CauseCase("paused", "stopped for a second, again and again, and reading between", isControl: true) {
                fixture, family in
                let pair = try fixture.pair(
                    family, client: [.ask(bytes: CauseFixture.message, pause: 100)],
                    server: [.answer(bytes: CauseFixture.message, delay: 0)])
                _ = try fixture.start([.pauseProcess(pair.server.pid, stopped: 1000, running: 1000)], on: .server)
                try fixture.must("the server is stopped for a while") { pair.server.state == "T" }
                try fixture.mustMove(pair)
                return [fixture.connection(pair)]
            },
        ])

    private static func stop(_ fixture: CauseFixture, _ family: AddressFamily) throws -> CauseFixture.Pair {
        let pair = try fixture.pair(
            family, client: [.gate, .send(bytes: CauseFixture.message), .read(bytes: CauseFixture.message)],
            server: [.read(bytes: CauseFixture.message), .pause])
        pair.server.signal(SIGSTOP)
        try fixture.must("the server is stopped") { pair.server.state == "T" }
        try pair.client.open(0)
        try pair.client.reachLast()
        return pair
    }

    /// The client's bytes were taken by send(2), and went neither through its stack nor through the server's.
    static func mustBeRedirected(_ fixture: CauseFixture, _ pair: CauseFixture.Pair) throws {
        try pair.client.reachLast()
        try fixture.must("the request is in the server's psock") {
            let sent = try fixture.counters(pair.tuple, in: pair.client)
            let received = try fixture.counters(pair.tuple.reversed, in: pair.server)
            return sent?.bytesSent == 0 && received?.bytesReceived == 0 && sent?.sendQueue == 0
                && received?.socket.inode != 0
        }
    }
}
