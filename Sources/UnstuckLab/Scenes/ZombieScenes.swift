import CLinuxUAPI
import Glibc
import UnstuckKernel
import UnstuckModel

/// Sockets that are dead before their last descriptor is closed: Z1 to Z7 of docs/kernel-facts.md. The twins close
/// their descriptors.
extension Scene {
    static let zombieScenes: [Scene] = [
        // The peer resets, the application keeps the descriptor.
        zombie("Z1") { _, _, peer in try peer.reset() },
        timedOut,
        // Somebody destroys the socket: `ss -K`, SOCK_DESTROY.
        zombie("Z3") { stage, victim, peer in
            let ports = try [victim, peer].map { try TCP.localEndpoint(of: $0.raw).port }
            try stage.run([
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

    /// The server's socket dies while its descriptor is open, or the client's where only clients are filed. Twin: it is
    /// closed then.
    private static func zombie(
        _ code: String,
        _ kill: @escaping @Sendable (_ stage: Stage, _ victim: SceneSocket, _ peer: SceneSocket) throws -> Void
    ) -> Scene {
        Scene(code) { stage, family, isTwin in
            let tuple = stage.freshTuple(family)
            let pair = try stage.pair(tuple)
            guard try stage.exchange(pair) == .answers else { throw LabError(.didNotHappen, "\(tuple) does not work") }
            let (victim, peer) =
                stage.accelerator.filesServers ? (pair.server, pair.client) : (pair.client, pair.server)
            try kill(stage, victim, peer)
            try victim.mustClose("\(code) of \(tuple)")
            if isTwin { victim.close() } else { stage.keep(victim) }
            return stage.thenReused(tuple)
        }
    }

    /// Z2: the peer is gone without a word, and the keepalive timer gives up. Twin: the peer answers the keepalives,
    /// and the connection lives on.
    private static let timedOut = Scene("Z2") { stage, family, isTwin in
        let tuple = stage.freshTuple(family)
        let pair = try stage.pair(tuple)
        try pair.server.set(SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE")
        for option in [TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT] {
            try pair.server.set(Int32(IPPROTO_TCP), Int32(option), 1, "keepalive")
        }
        if isTwin {
            usleep(3_000_000)
            // Seen to answer: what is asked of it later is not about keepalives, each of which has a second.
            try pair.server.set(SOL_SOCKET, SO_KEEPALIVE, 0, "SO_KEEPALIVE")
            return stage.thenOn(pair, tuple)
        }
        try stage.turnValve(.stopsAll)
        try pair.server.mustClose("the keepalive of \(tuple)")
        try pair.client.reset()  // into the closed valve
        try stage.turnValve(.open)
        stage.keep(pair.server)
        return stage.thenReused(tuple)
    }

    /// Z5: the client gives up its connection and makes another with the same descriptor: its old key names a stranger
    /// now. Twin: it closes the descriptor and takes a new one.
    private static let reconnected = Scene("Z5") { stage, family, isTwin in
        let tuple = stage.freshTuple(family)
        let pair = try stage.pair(tuple)
        let elsewhere = Endpoint(tuple.remote.address, Stage.otherPort)
        if isTwin {
            try pair.client.reset()
        } else {
            try pair.client.disconnect()
            try pair.client.connect(to: elsewhere)
            guard let server = try stage.accept(from: Stage.otherPort) else {
                throw LabError(.didNotHappen, "the second connection of \(tuple.local) was not accepted")
            }
            stage.keep(pair.client)
            stage.keep(server)
        }
        try pair.server.mustClose("the first connection \(tuple)")
        pair.server.close()
        return stage.thenReused(tuple)
    }

    /// Z6: reset in the accept queue; whoever accepts it later keeps it for a while. Twin: accepted and closed.
    private static let resetBeforeAccept = Scene("Z6") { stage, family, isTwin in
        let tuple = stage.freshTuple(family)
        let client = try stage.connect(tuple)
        try stage.mustBeFiled(tuple.reversed)
        try client.reset()
        if isTwin { try stage.acceptDead().close() }
        return stage.thenReused(tuple)
    }

    /// Z7: the server never closes what its client has closed; when the client's port comes round again, its SYN is
    /// answered with a challenge, the client's reset ends the old connection, and the next SYN begins a new one. Twin: the server closes.
    private static let neverClosed = Scene("Z7") { stage, family, isTwin in
        let tuple = stage.freshTuple(family)
        let pair = try stage.pair(tuple)
        // FIN_WAIT2 ends after a second instead of sixty.
        try pair.client.set(Int32(IPPROTO_TCP), Int32(TCP_LINGER2), 1, "TCP_LINGER2")
        pair.client.close()
        guard Deadline(after: .patience).wait(until: { pair.server.state == .closeWait }) else {
            throw LabError(.didNotHappen, "the server of \(tuple) did not see the end")
        }
        if isTwin { pair.server.close() } else { stage.keep(pair.server) }
        usleep(2_500_000)
        return stage.thenReused(tuple)
    }
}
