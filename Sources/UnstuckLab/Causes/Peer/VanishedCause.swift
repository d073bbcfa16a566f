import UnstuckModel

extension Cause {
    /// A server that is gone with its network namespace, without a FIN or a RST that the client could have seen.
    static let peerVanished = Cause(
        "peer.vanished", .serverStack,
        [
            CauseCase("idle", "nothing is sent, and no keepalive is set", shape: .routed) { fixture in
                let pairs = try vanish(fixture)
                for pair in pairs {
                    try fixture.must("the client is ESTABLISHED, with nothing to send and no timer") {
                        fixture.client(pair).map {
                            $0.state == .established && $0.timer == SocketRow.Timer.none && $0.sendQueue == 0
                        } == true
                    }
                }
                return pairs.map { fixture.connection($0.tuple, client: $0.client, server: nil) }
            },
            CauseCase("unacked", "the client has sent a request since", shape: .routed) { fixture in
                let pairs = try vanish(fixture)
                for pair in pairs { try pair.client.open(0) }
                for pair in pairs {
                    try fixture.must("the client's request is not acknowledged") {
                        fixture.client(pair).map {
                            $0.state == .established && $0.timer == .retransmit && $0.sendQueue == CauseFixture.message
                        } == true
                    }
                }
                return pairs.map { fixture.connection($0.tuple, client: $0.client, server: nil) }
            },
            Cause.idle("idle-peer", .routed),
        ])

    /// The server's link goes down first, so that the end of its processes reaches nobody. Its namespace is gone when the
    /// router's end of the link is.
    private static func vanish(_ fixture: CauseFixture) throws -> [CauseFixture.Pair] {
        let message = CauseFixture.message
        let pairs = try AddressFamily.allCases.map {
            try fixture.pair(
                $0, client: [.gate, .send(bytes: message), .read(bytes: message)], server: [.pause])
        }
        for pair in pairs { try pair.server.reachLast() }
        try fixture.path.server?.ip("link set eth0 down")
        for pair in pairs { try pair.server.kill() }
        fixture.path.dropServer()
        try fixture.must("the server's namespace is gone") {
            try fixture.path.router?.links().contains("to-server") == false
        }
        return pairs
    }
}
