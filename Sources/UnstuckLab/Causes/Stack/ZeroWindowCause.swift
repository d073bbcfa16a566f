extension Cause {
    /// A window that stays shut. Where the receiver is seen, that it does not read is the deeper cause.
    static let zeroWindow = Cause(
        "stack.zero-window", .serverStack,
        [
            CauseCase("bulk", "50 MB are sent; the receiver reads nothing") { fixture, family in
                let pair = try fixture.pair(family, client: [.send(bytes: CauseFixture.bulk)], server: [.pause])
                try mustHaveShutWindow(fixture, pair)
                return [fixture.connection(pair)]
            },
            CauseCase("small-buffer", "the smallest SO_RCVBUF is full after a few KB") { fixture, family in
                // Twice what is asked for, and at least 2304 (include/net/sock.h, SOCK_MIN_RCVBUF).
                let pair = try fixture.pair(
                    family, client: [.send(bytes: CauseFixture.bulk)], server: [.pause], receiveBuffer: 1)
                try mustHaveShutWindow(fixture, pair)
                try fixture.must("no more than 64 KiB wait at the receiver") {
                    fixture.server(pair).map { $0.receiveQueue < 65536 } == true
                }
                return [fixture.connection(pair)]
            },
            CauseCase("slow", "the window shuts and opens: the receiver reads slowly", isControl: true) {
                fixture, family in
                let pair = try fixture.pair(
                    family, client: [.send(bytes: 20 * CauseFixture.bulk)], server: [.readSlowly])
                try fixture.must("bytes wait at both ends") {
                    fixture.client(pair)?.sendQueue ?? 0 > 0 && fixture.server(pair)?.receiveQueue ?? 0 > 0
                }
                try fixture.mustMove(pair)
                return [fixture.connection(pair)]
            },
        ])
}
