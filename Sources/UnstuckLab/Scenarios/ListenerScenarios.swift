import CLinuxUAPI
import Glibc
import UnstuckKernel
import UnstuckModel

/// Sockets that die without `close`, because nobody accepted them and their listener ends
/// (`inet_csk_listen_stop`, net/ipv4/inet_connection_sock.c): P1 to P3 of docs/kernel-facts.md.
extension Scenario {
    static let listenerScenarios: [Scenario] =
        [
            unaccepted("P1") { _, listener in listener.close() },
            unaccepted("P1b-shutdown") { _, listener in try listener.shutdown(Int32(SHUT_RD)) },
            unaccepted("P1b-disconnect") { _, listener in try listener.disconnect() },
            unaccepted("P1b-ss-K") { fixture, _ in
                try fixture.run(["ss", "--kill", "--listening", "--tcp", "--no-header", "sport = :\(Fixture.port)"])
            },
            killedServer, resetInQueue, fastOpen,
        ]

    /// Clients connect and send, nobody accepts, the listener ends. Control: they were accepted, and live on without it.
    private static func unaccepted(
        _ code: String, _ endListening: @escaping @Sendable (Fixture, ScenarioSocket) throws -> Void
    ) -> Scenario {
        Scenario(code) { fixture, family, isControl in
            let tuple = fixture.freshTuple(family)
            let client = try fixture.connect(tuple)
            // The last packet of the handshake may still be on its way to the server's end, which is inserted when it comes;
            // until then redirects miss, and an accelerator that refuses misses refuses what is sent.
            try fixture.mustBeFiled(tuple.reversed)
            try client.send(Array("ten bytes\n".utf8))
            var server: ScenarioSocket?
            if isControl {
                server = try fixture.accept()
                guard try server?.receive(within: .patience) != nil else {
                    throw LabError(.didNotHappen, "\(tuple) was not accepted")
                }
            }
            let listener = try fixture.takeListener()
            try endListening(fixture, listener)
            // While its descriptor is open: closing it would do the same.
            if listener.raw >= 0 { try listener.mustClose("the listener of \(tuple) was to end") }
            if server == nil { try client.mustClose("the listener of \(tuple) ended without a reset") }
            listener.close()
            try fixture.listen()
            if let server { return fixture.thenOn(Fixture.Pair(client: client, server: server), tuple) }
            client.close()
            return fixture.thenReused(tuple)
        }
    }

    /// The server's process is killed. Control: it had accepted.
    private static let killedServer = Scenario("P1b-kill") { fixture, family, isControl in
        let tuple = fixture.freshTuple(family)
        fixture.closeListener()
        let server = try fixture.startServer(accepts: isControl)
        let client = try fixture.connect(tuple)
        try fixture.mustBeFiled(tuple.reversed)
        try client.send(Array("ten bytes\n".utf8))
        if isControl, !Deadline(after: .patience).wait(until: { server.outputSoFar.contains("accepted") }) {
            throw LabError(.didNotHappen, "the other process did not accept \(tuple): \(server.outputSoFar)")
        }
        server.signal(SIGKILL)
        _ = try server.wait(within: .patience)
        if isControl {
            // Its kernel closed the connection for it, in order.
            guard client.waits(for: POLLIN, within: .patience) else {
                throw LabError(.didNotHappen, "the server of \(tuple) was killed, and its connection was not closed")
            }
            try client.reset()
        } else {
            try client.mustClose("the server of \(tuple) was killed without a reset")
            client.close()
        }
        try fixture.listen()
        return fixture.thenReused(tuple)
    }

    /// The client resets while it waits for accept; then the listener ends. Control: the server takes it out of the queue
    /// and closes it.
    private static let resetInQueue = Scenario("P2") { fixture, family, isControl in
        let tuple = fixture.freshTuple(family)
        let client = try fixture.connect(tuple)
        try fixture.mustBeFiled(tuple.reversed)
        try client.reset()
        if isControl {
            try fixture.acceptDead().close()
        } else {
            fixture.closeListener()
            try fixture.listen()
        }
        return fixture.thenReused(tuple)
    }

    /// A TCP Fast Open child exists from the SYN on; its listener ends before the handshake does. Control: the handshake
    /// ends, and the connection lives on.
    private static let fastOpen = Scenario("P3") { fixture, family, isControl in
        let tuple = fixture.freshTuple(family)
        // TFO_CLIENT_ENABLE, TFO_SERVER_ENABLE, both without cookies, on every listener (include/net/tcp.h).
        try Files.write("1543", to: "/proc/sys/net/ipv4/tcp_fastopen", flags: O_WRONLY)
        try fixture.listener?.set(Int32(IPPROTO_TCP), Int32(TCP_FASTOPEN), 8, "TCP_FASTOPEN")
        if !isControl { try fixture.setPacketFilter(.stopsAnswers) }
        let client = try fixture.connectWithData(tuple, Array("ten bytes\n".utf8))
        let isFiled = try Deadline(after: .patience).wait { try fixture.isFiled(tuple.reversed) }
        guard isFiled else {
            throw LabError(.didNotHappen, "the SYN of \(tuple) made no socket that is in the sockmap")
        }
        if isControl {
            guard let server = try fixture.accept(), try server.receive(within: .patience) != nil else {
                throw LabError(.didNotHappen, "\(tuple) was not accepted")
            }
            return fixture.thenOn(Fixture.Pair(client: client, server: server), tuple)
        }
        guard client.state == .synSent else {
            throw LabError(.didNotHappen, "the handshake of \(tuple) ended before its listener did")
        }
        fixture.closeListener()
        try client.reset()
        try fixture.setPacketFilter(.open)
        try fixture.listen()
        return fixture.thenReused(tuple)
    }
}

extension Fixture {
    /// A connection that was reset while it waited for accept.
    func acceptDead() throws -> ScenarioSocket {
        guard let server = listener, server.waits(for: POLLIN, within: .patience) else {
            throw LabError(.didNotHappen, "no reset connection waits for accept")
        }
        let raw = server.raw
        let dead = ScenarioSocket(TCP(owning: try syscall("accept", on: "the queue") { linux_accept(raw) }))
        try dead.mustClose("the accepted connection was not reset")
        return dead
    }

    /// A client that sends with its SYN and does not wait for the answer.
    func connectWithData(_ tuple: FourTuple, _ bytes: [UInt8]) throws -> ScenarioSocket {
        let tcp = try TCP(tuple.local.address.isV4 ? .v4 : .v6)
        try tcp.set(SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR")
        try tcp.bind(to: tuple.local)
        let raw = tcp.raw
        let address = tuple.remote.address.bytes
        try syscall("sendto", on: "\(tuple) with its SYN") {
            unsafe linux_send_with_syn(raw, address, Int32(address.count), tuple.remote.port, bytes, bytes.count)
        }
        return ScenarioSocket(tcp)
    }

    /// The fault's server as a process of its own, listening when this returns.
    func startServer(accepts: Bool) throws -> Child {
        guard let own = linkTarget("/proc/self/exe") else { throw LabError(.missing, "/proc is not mounted") }
        let server = try Child(
            try Fixture.guarded([own, "actor", "listen", "--port", "\(Fixture.port)"] + (accepts ? ["--accepts"] : [])))
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
        let listener = ScenarioSocket(try TCP.listener(port: port, backlog: 64))
        say("listening")
        var accepted: [ScenarioSocket] = []
        while true {
            guard accepts, listener.waits(for: POLLIN, within: .seconds(3600)) else {
                pause()
                continue
            }
            let raw = listener.raw
            accepted.append(
                ScenarioSocket(TCP(owning: try syscall("accept", on: "port \(port)") { linux_accept(raw) })))
            say("accepted")
        }
    }
}
