import CLinuxUAPI
import Glibc
import UnstuckKernel
import UnstuckModel

/// Sockets that are dead before their last descriptor is closed: Z1 to Z7 of docs/kernel-facts.md. The copies close
/// their descriptors.
extension Scenario {
    static let zombieScenarios: [Scenario] = [
        // The peer resets, the application keeps the descriptor.
        zombie("Z1") { _, _, peer in try peer.reset() },
        timedOut,
        // Someone destroys the socket: `ss -K`, SOCK_DESTROY.
        zombie("Z3") { fixture, victim, peer in
            let ports = try [victim, peer].map { try TCP.localEndpoint(of: $0.raw).port }
            try fixture.run([
                "ss", "--kill", "--tcp", "--no-header", "sport = :\(ports[0]) and dport = :\(ports[1])",
            ])
            try victim.mustClose("ss -K of its socket")
            peer.close()
        },
        // Both sides shut down and keep their descriptors; the peer lets go of its own later.
        zombie("Z4") { _, victim, peer in
            try victim.shutdown(Int32(SHUT_WR))
            try peer.shutdown(Int32(SHUT_WR))
            try peer.mustClose("both sides shut down")
            peer.close()
        },
        reconnected, resetBeforeAccept, neverClosed,
    ]

    /// The server's socket dies while its descriptor is open, or the client's where only clients are inserted. Control: it is
    /// closed then.
    private static func zombie(
        _ code: String,
        _ kill:
            @escaping @Sendable (_ fixture: Fixture, _ victim: ScenarioSocket, _ peer: ScenarioSocket) throws -> Void
    ) -> Scenario {
        Scenario(code) { fixture, family, isControl in
            let tuple = fixture.freshTuple(family)
            let pair = try fixture.pair(tuple)
            guard try fixture.exchange(pair) == .answers else {
                throw LabError(.didNotHappen, "\(tuple) does not work")
            }
            let (victim, peer) =
                fixture.accelerator.filesServers ? (pair.server, pair.client) : (pair.client, pair.server)
            try kill(fixture, victim, peer)
            try victim.mustClose("\(code) of \(tuple)")
            if isControl { victim.close() } else { fixture.keep(victim) }
            return fixture.thenReused(tuple)
        }
    }

    /// Z2: the peer is gone without a word, and the keepalive timer gives up. Control: the peer answers the keepalives,
    /// and the connection lives on.
    private static let timedOut = Scenario("Z2") { fixture, family, isControl in
        let tuple = fixture.freshTuple(family)
        let pair = try fixture.pair(tuple)
        try pair.server.set(SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE")
        for option in [TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT] {
            try pair.server.set(Int32(IPPROTO_TCP), Int32(option), 1, "keepalive")
        }
        if isControl {
            usleep(3_000_000)
            // Seen to answer: what is asked of it later is not about keepalives, each of which has a second.
            try pair.server.set(SOL_SOCKET, SO_KEEPALIVE, 0, "SO_KEEPALIVE")
            return fixture.thenOn(pair, tuple)
        }
        try fixture.setPacketFilter(.stopsAll)
        try pair.server.mustClose("the keepalive of \(tuple)")
        try pair.client.reset()  // into the closed packet filter
        try fixture.setPacketFilter(.open)
        fixture.keep(pair.server)
        return fixture.thenReused(tuple)
    }

    /// Z5: the client gives up its connection and makes another with the same descriptor: its old key names a stranger
    /// now. Control: it closes the descriptor and takes a new one.
    private static let reconnected = Scenario("Z5") { fixture, family, isControl in
        let tuple = fixture.freshTuple(family)
        let pair = try fixture.pair(tuple)
        let elsewhere = Endpoint(tuple.remote.address, Fixture.otherPort)
        if isControl {
            try pair.client.reset()
        } else {
            try pair.client.disconnect()
            try pair.client.connect(to: elsewhere)
            guard let server = try fixture.accept(from: Fixture.otherPort) else {
                throw LabError(.didNotHappen, "the second connection of \(tuple.local) was not accepted")
            }
            fixture.keep(pair.client)
            fixture.keep(server)
        }
        try pair.server.mustClose("the first connection \(tuple)")
        pair.server.close()
        return fixture.thenReused(tuple)
    }

    /// Z6: reset in the accept queue; anyone who accepts it later keeps it for a while. Control: accepted and closed.
    private static let resetBeforeAccept = Scenario("Z6") { fixture, family, isControl in
        let tuple = fixture.freshTuple(family)
        let client = try fixture.connect(tuple)
        try fixture.mustBeFiled(tuple.reversed)
        try client.reset()
        if isControl { try fixture.acceptDead().close() }
        return fixture.thenReused(tuple)
    }

    /// Z7: the server never closes what its client has closed; when the client's port comes round again, its SYN is
    /// answered with a challenge, the client's reset ends the old connection, and the next SYN begins a new one. Control: the server closes.
    private static let neverClosed = Scenario("Z7") { fixture, family, isControl in
        let tuple = fixture.freshTuple(family)
        let pair = try fixture.pair(tuple)
        // FIN_WAIT2 ends after a second instead of sixty.
        try pair.client.set(Int32(IPPROTO_TCP), Int32(TCP_LINGER2), 1, "TCP_LINGER2")
        pair.client.close()
        guard Deadline(after: .patience).wait(until: { pair.server.state == .closeWait }) else {
            throw LabError(.didNotHappen, "the server of \(tuple) did not see the end")
        }
        if isControl { pair.server.close() } else { fixture.keep(pair.server) }
        usleep(2_500_000)
        return fixture.thenReused(tuple)
    }
}
