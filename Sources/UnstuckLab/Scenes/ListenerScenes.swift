import CLinuxUAPI
import Glibc
import UnstuckKernel
import UnstuckModel

/// Sockets that die without `close`, because nobody accepted them and their listener ends
/// (`inet_csk_listen_stop`, net/ipv4/inet_connection_sock.c): P1 to P3 of docs/kernel-facts.md.
extension Scene {
    static let listenerScenes: [Scene] =
        [
            unaccepted("P1") { _, listener in listener.close() },
            unaccepted("P1b-shutdown") { _, listener in try listener.shutdown(Int32(SHUT_RD)) },
            unaccepted("P1b-disconnect") { _, listener in try listener.disconnect() },
            unaccepted("P1b-ss-K") { stage, _ in
                try stage.run(["ss", "--kill", "--listening", "--tcp", "--no-header", "sport = :\(Stage.port)"])
            },
            killedServer, resetInQueue, fastOpen,
        ]

    /// Clients connect and send, nobody accepts, the listener ends. Twin: they were accepted, and live on without it.
    private static func unaccepted(
        _ code: String, _ endListening: @escaping @Sendable (Stage, SceneSocket) throws -> Void
    ) -> Scene {
        Scene(code) { stage, family, isTwin in
            let tuple = stage.freshTuple(family)
            let client = try stage.connect(tuple)
            // The last packet of the handshake may still be on its way to the server's end, which is filed when it comes;
            // until then redirects miss, and an accelerator that refuses misses refuses what is sent.
            try stage.mustBeFiled(tuple.reversed)
            try client.send(Array("ten bytes\n".utf8))
            var server: SceneSocket?
            if isTwin {
                server = try stage.accept()
                guard try server?.receive(within: .patience) != nil else {
                    throw LabError(.didNotHappen, "\(tuple) was not accepted")
                }
            }
            let listener = try stage.takeListener()
            try endListening(stage, listener)
            // While its descriptor is open: closing it would do the same.
            if listener.raw >= 0 { try listener.mustClose("the listener of \(tuple) was to end") }
            if server == nil { try client.mustClose("the listener of \(tuple) ended without a reset") }
            listener.close()
            try stage.listen()
            if let server { return stage.thenOn(Stage.Pair(client: client, server: server), tuple) }
            client.close()
            return stage.thenReused(tuple)
        }
    }

    /// The server's process is killed. Twin: it had accepted.
    private static let killedServer = Scene("P1b-kill") { stage, family, isTwin in
        let tuple = stage.freshTuple(family)
        stage.closeListener()
        let server = try stage.startServer(accepts: isTwin)
        let client = try stage.connect(tuple)
        try stage.mustBeFiled(tuple.reversed)
        try client.send(Array("ten bytes\n".utf8))
        if isTwin, !Deadline(after: .patience).wait(until: { server.outputSoFar.contains("accepted") }) {
            throw LabError(.didNotHappen, "the other process did not accept \(tuple): \(server.outputSoFar)")
        }
        server.signal(SIGKILL)
        _ = try server.wait(within: .patience)
        if isTwin {
            // Its kernel closed the connection for it, in order.
            guard client.waits(for: POLLIN, within: .patience) else {
                throw LabError(.didNotHappen, "the server of \(tuple) was killed, and its connection was not closed")
            }
            try client.reset()
        } else {
            try client.mustClose("the server of \(tuple) was killed without a reset")
            client.close()
        }
        try stage.listen()
        return stage.thenReused(tuple)
    }

    /// The client resets while it waits for accept; then the listener ends. Twin: the server takes it out of the queue
    /// and closes it.
    private static let resetInQueue = Scene("P2") { stage, family, isTwin in
        let tuple = stage.freshTuple(family)
        let client = try stage.connect(tuple)
        try stage.mustBeFiled(tuple.reversed)
        try client.reset()
        if isTwin {
            try stage.acceptDead().close()
        } else {
            stage.closeListener()
            try stage.listen()
        }
        return stage.thenReused(tuple)
    }

    /// A TCP Fast Open child exists from the SYN on; its listener ends before the handshake does. Twin: the handshake
    /// ends, and the connection lives on.
    private static let fastOpen = Scene("P3") { stage, family, isTwin in
        let tuple = stage.freshTuple(family)
        // TFO_CLIENT_ENABLE, TFO_SERVER_ENABLE, both without cookies, on every listener (include/net/tcp.h).
        try Files.write("1543", to: "/proc/sys/net/ipv4/tcp_fastopen", flags: O_WRONLY)
        try stage.listener?.set(Int32(IPPROTO_TCP), Int32(TCP_FASTOPEN), 8, "TCP_FASTOPEN")
        if !isTwin { try stage.turnValve(.stopsAnswers) }
        let client = try stage.connectWithData(tuple, Array("ten bytes\n".utf8))
        let isFiled = try Deadline(after: .patience).wait { try stage.isFiled(tuple.reversed) }
        guard isFiled else {
            throw LabError(.didNotHappen, "the SYN of \(tuple) made no socket that is in the sockmap")
        }
        if isTwin {
            guard let server = try stage.accept(), try server.receive(within: .patience) != nil else {
                throw LabError(.didNotHappen, "\(tuple) was not accepted")
            }
            return stage.thenOn(Stage.Pair(client: client, server: server), tuple)
        }
        guard client.state == .synSent else {
            throw LabError(.didNotHappen, "the handshake of \(tuple) ended before its listener did")
        }
        stage.closeListener()
        try client.reset()
        try stage.turnValve(.open)
        try stage.listen()
        return stage.thenReused(tuple)
    }
}

extension Stage {
    /// A connection that was reset while it waited for accept.
    func acceptDead() throws -> SceneSocket {
        guard let server = listener, server.waits(for: POLLIN, within: .patience) else {
            throw LabError(.didNotHappen, "no reset connection waits for accept")
        }
        let raw = server.raw
        let dead = SceneSocket(TCP(owning: try syscall("accept", on: "the queue") { linux_accept(raw) }))
        try dead.mustClose("the accepted connection was not reset")
        return dead
    }

    /// A client that sends with its SYN and does not wait for the answer.
    func connectWithData(_ tuple: FourTuple, _ bytes: [UInt8]) throws -> SceneSocket {
        let tcp = try TCP(tuple.local.address.isV4 ? .v4 : .v6)
        try tcp.set(SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR")
        try tcp.bind(to: tuple.local)
        let raw = tcp.raw
        let address = tuple.remote.address.bytes
        try syscall("sendto", on: "\(tuple) with its SYN") {
            unsafe linux_send_with_syn(raw, address, Int32(address.count), tuple.remote.port, bytes, bytes.count)
        }
        return SceneSocket(tcp)
    }

    /// The fault's server as a process of its own, listening when this returns.
    func startServer(accepts: Bool) throws -> Child {
        guard let own = linkTarget("/proc/self/exe") else { throw LabError(.missing, "/proc is not mounted") }
        let server = try Child(
            try Stage.leashed([own, "actor", "listen", "--port", "\(Stage.port)"] + (accepts ? ["--accepts"] : [])))
        guard Deadline(after: .seconds(10)).wait(until: { server.outputSoFar.contains("listening") }) else {
            throw LabError(.didNotHappen, "the server's process does not listen: \(server.outputSoFar)")
        }
        return server
    }
}

/// A server that is there to be killed.
public enum DoomedServer {
    /// Listens, says so, accepts if asked to and says so too, and waits for its end.
    public static func run(port: UInt16, accepts: Bool, say: (String) -> Void) throws -> Never {
        let listener = SceneSocket(try TCP.listener(port: port, backlog: 64))
        say("listening")
        var accepted: [SceneSocket] = []
        while true {
            guard accepts, listener.waits(for: POLLIN, within: .seconds(3600)) else {
                pause()
                continue
            }
            let raw = listener.raw
            accepted.append(SceneSocket(TCP(owning: try syscall("accept", on: "port \(port)") { linux_accept(raw) })))
            say("accepted")
        }
    }
}
