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
            CauseCase(
                "rewritten", "a router announces no window in the receiver's name; the receiver reads everything",
                shape: .routed
            ) { fixture, family in
                let pair = try fixture.pair(
                    family, client: [.gate, .send(bytes: CauseFixture.bulk)], server: [.readAll])
                let (table, reply) = ("window_v\(family.rawValue)", pair.tuple.reversed)
                try fixture.path.router?.nft(
                    "add table inet \(table); add chain inet \(table) forward { type filter hook forward priority 0; }; "
                        + "add rule inet \(table) forward tcp sport \(reply.local.port) tcp dport \(reply.remote.port) "
                        + "tcp window set 0")
                try pair.client.open(0)
                try fixture.must("the client probes a shut window, and nothing is unread") {
                    fixture.client(pair).map { $0.timer == .probe && $0.sendQueue > 0 } == true
                        && fixture.server(pair)?.receiveQueue == 0
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
