import UnstuckModel

extension Cause {
    /// A server that has read the request and never answers.
    static let silent = Cause(
        "app.silent", .serverApplication,
        [
            CauseCase("request", "the request was read, and the process is blocked in something else") {
                fixture, family in
                let pair = try fixture.pair(
                    family, client: [.send(bytes: CauseFixture.message), .read(bytes: CauseFixture.message)],
                    server: [.read(bytes: CauseFixture.message), .pause])
                try pair.client.reachLast()
                try pair.server.reachLast()
                try fixture.mustBeIdle(pair)
                return [fixture.connection(pair)]
            },
            CauseCase("long-query", "each answer takes two seconds", isControl: true) { fixture, family in
                let pair = try fixture.pair(
                    family, client: [.ask(bytes: CauseFixture.message, pause: 0)],
                    server: [.answer(bytes: CauseFixture.message, delay: 2000)])
                try fixture.mustMove(pair)
                return [fixture.connection(pair)]
            },
            idle("idle", .loopback),
        ])

    /// The request was answered; the connection is kept for another one.
    static func idle(_ name: String, _ shape: CausePath.Shape) -> CauseCase {
        CauseCase(name, "answered and kept alive, with nothing to do", isControl: true, shape: shape) {
            fixture, family in
            let message = CauseFixture.message
            let pair = try fixture.pair(
                family, client: [.send(bytes: message), .read(bytes: message), .pause],
                server: [.read(bytes: message), .send(bytes: message), .read(bytes: 1)])
            try pair.client.reachLast()
            try fixture.mustBeIdle(pair)
            return [fixture.connection(pair)]
        }
    }
}
