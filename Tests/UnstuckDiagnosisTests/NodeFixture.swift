import UnstuckModel

/// Builds looks at a made-up node, socket by socket, as the observer would report them.
struct NodeFixture {
    static let program: UInt32 = 7
    static let map: UInt32 = 35
    /// What every sample of a node holds.
    private static let read: [Evidence] = [
        .sockmaps, .entrySockets, .sockets, .namespaces, .handlers, .programs, .pods,
    ]

    var snapshot: Snapshot
    private var next: UInt64 = 1

    init(at monotonic: Double = 100) {
        snapshot = Snapshot(
            takenAt: 1_000_000 + monotonic, monotonic: monotonic, host: "node-a", boot: "b1", kernelRelease: "test")
        for evidence in Self.read { snapshot.coverage.noteRead(evidence, at: monotonic) }
        snapshot.handlers = [
            Handlers(
                recvmsg: "tcp_recvmsg", sendmsg: "tcp_sendmsg", close: "tcp_close", destroy: "tcp_v4_destroy_sock",
                unhash: "inet_unhash"),
            Handlers(
                recvmsg: "tcp_bpf_recvmsg", sendmsg: "tcp_bpf_sendmsg", close: "sock_map_close",
                destroy: "sock_map_destroy", unhash: "inet_unhash"),
        ]
        snapshot.programs = [BPFProgram(id: Self.program, name: "redirect", maps: [Self.map])]
        addMap(Self.map)
    }

    mutating func addMap(_ id: UInt32, keySize: Int = 44) {
        snapshot.sockmaps.append(
            Sockmap(id: id, name: "cilium_sock_ops", kind: .sockhash, keySize: keySize, valueSize: 4, maxEntries: 65535)
        )
    }

    /// A socket; mapped ones have a psock.
    mutating func socket(
        _ local: String, _ remote: String, state: TCPState = .established, netns: UInt32 = 1, isMapped: Bool = true,
        hasSocket: Bool = true, isDead: Bool = false, queued: UInt32 = 0, cgroup: UInt64 = 0
    ) -> KernelSocket {
        defer { next += 1 }
        return KernelSocket(
            identity: SocketIdentity(address: 0xFFFF_0000 + next, cookie: next),
            tuple: FourTuple(local: Self.endpoint(local), remote: Self.endpoint(remote)), state: state,
            hasSocket: hasSocket, isDead: isDead, inode: hasSocket ? 1000 + next : 0, netns: netns, cgroup: cgroup,
            handlers: isMapped ? 1 : 0,
            psock: isMapped
                ? Psock(
                    msgProgram: Self.program, queuedMessages: queued > 0 ? 1 : 0, queuedBytes: queued, isPartial: false)
                : nil)
    }

    /// Puts a socket into its namespace's TCP table. Both ends of a connection get matching sequence numbers, made
    /// from the tuple and `salt`.
    mutating func list(_ socket: KernelSocket, salt: UInt32 = 0) {
        func sequence(_ endpoint: Endpoint) -> UInt32 { UInt32(endpoint.port) &* 2_654_435_761 &+ salt }
        let send = sequence(socket.tuple.local)
        let receive = sequence(socket.tuple.remote)
        snapshot.sockets.append(
            TCPSocket(
                socket: socket, bytesSent: 0, bytesAcked: 1, bytesReceived: 0, sendNext: send, sendUnacked: send,
                writeSequence: send, receiveNext: receive, copiedSequence: receive, segmentsOut: 2, segmentsIn: 1,
                retransmits: 0, packetsInFlight: 0, sendWindow: 65535, receiveWindow: 65535,
                millisecondsSinceSend: 14_000, millisecondsSinceReceive: 14_000, backoff: 0))
    }

    /// Changes what its table says of a socket.
    mutating func change(_ socket: KernelSocket, _ body: (inout TCPSocket) -> Void) {
        guard let index = snapshot.sockets.firstIndex(where: { $0.socket.identity == socket.identity }) else { return }
        body(&snapshot.sockets[index])
    }

    /// A connection of the stack alone, without any sockmap; its server listens.
    mutating func plain(_ client: String, _ server: String, isAccepted: Bool = true) -> (KernelSocket, KernelSocket) {
        let one = socket(client, server, isMapped: false)
        let other = socket(server, client, netns: 2, isMapped: false, hasSocket: isAccepted)
        list(one)
        list(other)
        return (one, other)
    }

    /// Files a socket in a map, under its own tuple or under another's.
    mutating func file(
        _ socket: KernelSocket, as claim: FourTuple? = nil, in map: UInt32 = Self.map, isStable: Bool = true
    ) {
        guard let index = snapshot.sockmaps.firstIndex(where: { $0.id == map }) else { return }
        snapshot.sockmaps[index].entries.append(
            SockmapEntry(
                key: SockmapKey((KeyLayout.cilium.encode(claim ?? socket.tuple) ?? [])), socket: socket,
                isStable: isStable))
    }

    /// A healthy accelerated connection: both ends listed, both inserted.
    @discardableResult
    mutating func healthy(_ client: String, _ server: String, netns: (UInt32, UInt32) = (1, 2), salt: UInt32 = 0)
        -> (KernelSocket, KernelSocket)
    {
        let one = socket(client, server, netns: netns.0)
        let other = socket(server, client, netns: netns.1)
        for end in [one, other] {
            list(end, salt: salt)
            file(end)
        }
        return (one, other)
    }

    /// A connection whose server's insertion was refused: the client is mapped, the server is not.
    @discardableResult
    mutating func halfAccelerated(_ client: String, _ server: String) -> (KernelSocket, KernelSocket) {
        let one = socket(client, server)
        let other = socket(server, client, netns: 2, isMapped: false)
        list(one)
        list(other)
        file(one)
        return (one, other)
    }

    /// A socket in CLOSE that an application holds open, stored under its tuple.
    @discardableResult
    mutating func zombie(_ local: String, _ remote: String, queued: UInt32 = 0) -> KernelSocket {
        let dead = socket(local, remote, state: .close, netns: 2, queued: queued)
        file(dead)
        snapshot.owners.append(
            SocketOwner(pid: 2210, command: "web", descriptor: 17, inode: dead.inode, startTime: 5))
        return dead
    }

    static func tuple(_ local: String, _ remote: String) -> FourTuple {
        FourTuple(local: endpoint(local), remote: endpoint(remote))
    }

    static func endpoint(_ text: String) -> Endpoint { Endpoint(text) ?? Endpoint(IPAddress(v4: 0), 0) }
}
