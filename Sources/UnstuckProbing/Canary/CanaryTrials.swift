import CLibBPF
import CLinuxUAPI
import Glibc
import UnstuckKernel
import UnstuckModel

/// The faults themselves, on a private map, in a private control group and a private network namespace.
struct CanaryTrials {
    private let object: BPFObject
    private let map: BPFMapHandle
    private let end: ContinuousClock.Instant
    private static let keySize = 8
    /// Ends that must outlive their trial's look at the other one.
    private let kept = Kept()
    private final class Kept { var sockets: [CanarySocket] = [] }

    /// Loads the canary's accelerator; its msg program is attached to the map, its sock_ops program to nothing yet.
    init(until end: ContinuousClock.Instant) throws {
        object = try BPFObject(embedded: canaryObject, name: "unstuck_canary")
        try object.load()
        map = try object.map("canary")
        try object.program("redirect_message").attach(.messageVerdict, to: map)
        self.end = end
    }

    /// Its id, to tell the private map from others'.
    var mapID: UInt32 { get throws { try map.id() } }

    /// All of them, worst first.
    func run(inGroup directory: String) -> [CanaryReport.Trial] {
        [
            trial("leak") { try leak($0, directory) }, trial("zombie", zombie), trial("fionread", fionread),
            trial("fionread-stack", stackFionread), trial("splice", splice),
            trial("eagain-shutdown") {
                try spuriousEagain($0, LINUX_DISTURB_SHUTDOWN, "its own FIN was acknowledged")
            },
            trial("eagain-signal") {
                try spuriousEagain($0, LINUX_DISTURB_SIGNAL, "a signal was handled (SA_RESTART)")
            },
            trial("eagain-stop") { try spuriousEagain($0, LINUX_DISTURB_STOP, "SIGSTOP and SIGCONT") },
        ]
    }

    /// Closes what was kept, and empties the map: a leaked socket's psock holds the msg program, that holds the map, and the
    /// map holds the socket, so that a kernel that leaks would keep all of them for ever.
    func closeAll() {
        kept.sockets = []
        for key in (try? map.keys(size: Self.keySize)) ?? [] { try? MapElements(map.descriptor).remove(key) }
    }

    /// What one family showed.
    private struct Sight {
        var isPresent: Bool
        var words: String
    }

    private func trial(_ fault: String, _ body: (Bool) throws -> Sight) -> CanaryReport.Trial {
        let start = ContinuousClock.now
        var trial = CanaryReport.Trial(fault: fault, word: .inconclusive, evidence: [], milliseconds: 0)
        var seen: [Bool] = []
        for isV6 in [false, true] {
            let family = isV6 ? "IPv6" : "IPv4"
            do {
                guard ContinuousClock.now < end else { throw CanaryError.noTime }
                let sight = try body(isV6)
                seen.append(sight.isPresent)
                trial.evidence.append("\(family): \(sight.words)")
            } catch {
                trial.evidence.append("\(family): inconclusive: \(MissingPrivilege.reason(behind: error))")
            }
        }
        // Seen in one family it is there; it is absent only if neither shows it.
        if seen.contains(true) { trial.word = .present } else if seen.count == 2 { trial.word = .absent }
        let took = (ContinuousClock.now - start).components
        trial.milliseconds = Double(took.seconds) * 1000 + Double(took.attoseconds) / 1e15
        return trial
    }

    /// Milliseconds that are left.
    private var left: Int32 {
        let time = max(.zero, end - ContinuousClock.now).components
        return Int32(clamping: time.seconds * 1000 + time.attoseconds / 1_000_000_000_000_000)
    }

    private func pair(_ listener: CanarySocket, from port: UInt16 = 0) throws -> (
        client: CanarySocket, server: CanarySocket
    ) {
        let client = try CanarySocket.connected(to: listener, from: port, within: left)
        return (client, try listener.accept(within: left))
    }

    private func key(_ own: UInt16, _ peer: UInt16) -> [UInt8] {
        [UInt32(own), UInt32(peer)].flatMap { unsafe withUnsafeBytes(of: $0) { unsafe Array($0) } }
    }

    /// Files a socket as an accelerator does (BPF_NOEXIST).
    ///
    /// - Returns: the error, 0 for none.
    private func file(_ socket: CanarySocket, _ key: [UInt8]) -> Int32 {
        do {
            try MapElements(map.descriptor).set(key, to: UInt32(bitPattern: socket.raw), .ifFree)
            return 0
        } catch {
            return error.errno
        }
    }

    private func mustFile(_ socket: CanarySocket, _ key: [UInt8]) throws {
        let code = file(socket, key)
        guard code == 0 else { throw SystemError("insert", "a socket into a private sockmap", errno: code) }
    }

    // MARK: The faults

    /// Connections that nobody accepted, and a listener that ends.
    private func leak(_ isV6: Bool, _ directory: String) throws -> Sight {
        let group = try OwnedDescriptor(path: directory, flags: O_RDONLY | O_DIRECTORY)
        let link = try object.program("file_socket").attach(toGroup: group)
        let sight = try leakWhileFiling(isV6)
        _ = consume link
        return sight
    }

    private func leakWhileFiling(_ isV6: Bool) throws -> Sight {
        let listener = try CanarySocket.listener(isV6: isV6)
        let count = 4
        var clients = try (0..<count).map { _ in try CanarySocket.connected(to: listener, within: left) }
        let servers = try clients.map { key(try listener.port, try $0.port) }
        // The last packet of a handshake can come after its client has connected.
        var areFiled = false
        repeat {
            areFiled = Set(try map.keys(size: Self.keySize)).isSuperset(of: servers)
            if !areFiled { usleep(1000) }
        } while !areFiled && left > 0
        guard areFiled else {
            throw CanaryError.didNotHappen("a sock_ops program did not insert connections that await accept")
        }
        listener.close()
        // Their clients are reset by now.
        for client in clients { _ = client.hasClosed(within: min(left, 200)) }
        clients = []
        var rest = servers
        for _ in 0..<20 where !rest.isEmpty {
            let now = Set(try map.keys(size: Self.keySize))
            rest = rest.filter(now.contains)
            if rest.count < count { break }
            usleep(5000)
        }
        return Sight(
            isPresent: !rest.isEmpty,
            words: "\(count) connections that were never accepted, the listener closed: \(rest.count) entries stayed")
    }

    /// The peer resets, the descriptor stays open, the same ports are used again.
    private func zombie(_ isV6: Bool) throws -> Sight {
        let listener = try CanarySocket.listener(isV6: isV6)
        let (client, server) = try pair(listener)
        let (clientPort, serverPort) = (try client.port, try listener.port)
        try mustFile(server, key(serverPort, clientPort))
        client.reset()
        guard server.hasClosed(within: min(left, 500)) else {
            throw CanaryError.didNotHappen("a reset did not end the connection")
        }
        let (second, its) = try pair(listener, from: clientPort)
        let code = file(its, key(serverPort, clientPort))
        guard code != 0 else {
            return Sight(isPresent: false, words: "reset by its peer and held open: its key was free for the next one")
        }
        guard code == EEXIST else { throw SystemError("insert", "a socket into a private sockmap", errno: code) }
        // The consequence: what the new client sends, the old server's holder reads.
        try mustFile(second, key(clientPort, serverPort))
        try second.send("a stranger's request")
        let isRead = server.receiveNow() == "a stranger's request"
        let arrived = its.isReadable(within: min(left, 20))
        return Sight(
            isPresent: true,
            words: "reset by its peer and held open: the next connection with its ports was refused (EEXIST)"
                + (isRead ? ", and what its client sent was read by the old one's holder" : "")
                + (arrived ? "" : "; its server got nothing"))
    }

    /// Two connected sockets, of which the reader has ten bytes.
    private func reader(_ isV6: Bool, isRedirected: Bool) throws -> CanarySocket {
        let listener = try CanarySocket.listener(isV6: isV6)
        let (client, server) = try pair(listener)
        let (clientPort, serverPort) = (try client.port, try listener.port)
        try mustFile(server, key(serverPort, clientPort))
        if isRedirected { try mustFile(client, key(clientPort, serverPort)) }
        try client.send("ten bytes\n")
        guard server.isReadable(within: min(left, 500)) else {
            throw CanaryError.didNotHappen("ten bytes did not arrive")
        }
        kept.sockets.append(client)
        return server
    }

    private func fionread(_ isV6: Bool) throws -> Sight {
        try pluralized(try reader(isV6, isRedirected: true), "redirected bytes")
    }

    private func stackFionread(_ isV6: Bool) throws -> Sight {
        try pluralized(
            try reader(isV6, isRedirected: false), "bytes that came through the stack, on a socket in the map")
    }

    private func pluralized(_ server: CanarySocket, _ what: String) throws -> Sight {
        let count = linux_unread_bytes(server.raw)
        guard server.receiveNow() == "ten bytes\n" else {
            throw CanaryError.didNotHappen("other bytes came than were sent")
        }
        return Sight(isPresent: count == 0, words: "FIONREAD says \(count) of ten \(what)")
    }

    private func splice(_ isV6: Bool) throws -> Sight {
        let server = try reader(isV6, isRedirected: true)
        // SPLICE_F_NONBLOCK is about the pipe alone.
        try server.makeNonblocking()
        let moved = linux_splice_once(server.raw)
        let code = errno
        guard moved < 0 else { return Sight(isPresent: false, words: "splice moved \(moved) redirected bytes") }
        guard code == EAGAIN else { throw SystemError("splice", "redirected bytes", errno: code) }
        return Sight(isPresent: true, words: "poll says that redirected bytes wait, splice says EAGAIN")
    }

    /// A blocking recv, in a child, that is woken without bytes.
    private func spuriousEagain(_ isV6: Bool, _ what: linux_disturbance, _ words: String) throws -> Sight {
        let (client, server) = try pair(try CanarySocket.listener(isV6: isV6))
        try mustFile(server, key(try server.port, try client.port))
        let outcome = linux_disturb_receive(server.raw, what, min(left, 1000))
        guard outcome >= 0 else { throw SystemError("recv", "a socket in a private sockmap", errno: errno) }
        guard outcome == 0 || outcome == EAGAIN else {
            throw SystemError("recv", "a socket in a private sockmap", errno: outcome)
        }
        return Sight(
            isPresent: outcome == EAGAIN,
            words: outcome == EAGAIN
                ? "a blocking recv returned EAGAIN after \(words)" : "a blocking recv went on waiting after \(words)")
    }
}

/// Why a canary could not tell.
enum CanaryError: Error, CustomStringConvertible {
    case noTime
    case didNotHappen(String)

    var description: String {
        switch self {
        case .noTime: "the time was over (--deadline)"
        case .didNotHappen(let what): what
        }
    }
}
