import UnstuckKernel
import UnstuckModel

/// What a cause is made with: networks, the processes of both ends, and what the kernel says of their sockets.
final class CauseFixture {
    enum Side { case client, server }

    /// Bytes of a request, and of an answer.
    static let message = 34
    /// More than any buffer takes.
    static let bulk = 50 << 20

    var path: CausePath
    let accelerator: CauseAccelerator?
    private var ends: [End] = []

    init(_ shape: CausePath.Shape, isAccelerated: Bool) throws {
        path = try CausePath(shape)
        accelerator = isAccelerated ? try CauseAccelerator() : nil
    }

    deinit { end() }

    func end() {
        ends = []
        accelerator?.leave()
    }

    // MARK: Both ends

    /// A client that has connected, and a server that has accepted.
    struct Pair {
        let tuple: FourTuple
        let client: End
        let server: End
    }

    func start(_ steps: [EndStep], on side: Side) throws -> End {
        guard let network = side == .client ? path.client : path.server else {
            throw LabError(.failed, "the server's network is gone")
        }
        let end = try network.enter { try End(steps) }
        ends.append(end)
        return end
    }

    static func listen(_ tuple: FourTuple, backlog: Int32 = 64, receiveBuffer: Int32? = nil) -> EndStep {
        .listen(at: "\(tuple.remote)", backlog: backlog, receiveBuffer: receiveBuffer)
    }

    static func connect(_ tuple: FourTuple) -> EndStep { .connect(from: "\(tuple.local)", to: "\(tuple.remote)") }

    /// - Parameters:
    ///   - client: what the client does after it has connected.
    ///   - server: what the server does after it has accepted.
    func pair(_ family: AddressFamily, client: [EndStep], server: [EndStep], receiveBuffer: Int32? = nil) throws -> Pair
    {
        let tuple = CausePath.tuple(family)
        let listener = try start([Self.listen(tuple, receiveBuffer: receiveBuffer), .accept] + server, on: .server)
        try listener.finish(1)
        let caller = try start([Self.connect(tuple)] + client, on: .client)
        try caller.finish(1)
        try listener.finish(2)
        if let accelerator {
            try must("both ends are in the sockmap") { try accelerator.holds(tuple) }
        }
        return Pair(tuple: tuple, client: caller, server: listener)
    }

    func connection(_ tuple: FourTuple, client: End, server: End?) -> CauseConnection {
        CauseConnection(
            client: "\(tuple.local)", server: "\(tuple.remote)", clientPid: client.pid, serverPid: server?.pid,
            clientNetns: path.client.inode, serverNetns: server == nil ? nil : path.server?.inode)
    }

    func connection(_ pair: Pair) -> CauseConnection {
        connection(pair.tuple, client: pair.client, server: pair.server)
    }

    // MARK: What the kernel says

    /// The client's socket as its namespace lists it.
    func client(_ pair: Pair) -> SocketRow? { row(pair.tuple, in: pair.client) }
    /// The server's.
    func server(_ pair: Pair) -> SocketRow? { row(pair.tuple.reversed, in: pair.server) }

    /// The socket with exactly that tuple in the namespace of a process.
    func row(_ tuple: FourTuple, in end: End) -> SocketRow? {
        SocketRow.all(in: end.pid).first { $0.local == tuple.local && $0.remote == tuple.remote }
    }

    /// The listener that would take the tuple.
    func listener(of tuple: FourTuple, in end: End) -> SocketRow? {
        SocketRow.all(in: end.pid).first { $0.local == tuple.remote && $0.state == .listen }
    }

    /// The same by INET_DIAG, with tcp_info's counters.
    func counters(_ tuple: FourTuple, in end: End) throws -> TCPSocket? {
        try SockDiag(inNamespace: "/proc/\(end.pid)/ns/net").table().sockets.first { $0.tuple == tuple }?.socket(
            netns: 0)
    }

    /// - Throws: `didNotHappen`, with what the kernel shows instead.
    func must(_ what: String, within limit: Duration = .patience, _ condition: () throws -> Bool) throws {
        guard try Deadline(after: limit).wait(every: .milliseconds(20), until: condition) else {
            let rows = ends.flatMap { SocketRow.all(in: $0.pid) }.map { "\n  \($0)" }
            throw LabError(.didNotHappen, "this is not so: \(what)\(Set(rows).sorted().joined())")
        }
    }

    /// Bytes reach the server again and again.
    func mustMove(_ pair: Pair) throws {
        guard let before = try counters(pair.tuple.reversed, in: pair.server)?.bytesReceived else {
            throw LabError(.didNotHappen, "\(pair.tuple.reversed) has no counters")
        }
        try must("bytes go on from \(pair.tuple.local) to \(pair.tuple.remote)") {
            try counters(pair.tuple.reversed, in: pair.server)?.bytesReceived ?? 0 > before
        }
    }

    /// Nothing is queued at either end, and no timer waits for anything.
    func mustBeIdle(_ pair: Pair) throws {
        try must("\(pair.tuple) is idle") {
            [client(pair), server(pair)].allSatisfy {
                $0?.state == .established && $0?.receiveQueue == 0 && $0?.sendQueue == 0
                    && $0?.timer == SocketRow.Timer.none
            }
        }
    }
}
