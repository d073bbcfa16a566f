import CLibBPF
import CLinuxUAPI
import Glibc
import UnstuckModel

/// A TCP connection over the loopback whose two ends are inserted in a SOCKHASH; all of it this process's own, without any
/// program. What the kernel made of the sockets can be looked at, and what they answer can be tried.
final class MappedPair {
    let map: OpenSockmap
    private let client: TCP
    private let server: TCP
    /// As the client sees it.
    private let tuple: FourTuple
    /// Milliseconds.
    private static let patience: Int32 = 2000

    /// - Throws: `SystemError`, where the loopback or the map cannot be had.
    init() throws {
        map = try Self.makeMap()
        let address = IPAddress(v4: 0x7F00_0001)
        let listener = try TCP.listener(on: Endpoint(address, 0), backlog: 1)
        let remote = try listener.localEndpoint()
        client = try TCP.connected(from: nil, to: remote, within: Self.patience)
        server = try listener.accept(within: Self.patience)
        tuple = FourTuple(local: try client.localEndpoint(), remote: remote)
        try file(client.raw, under: 1)
        try file(server.raw, under: 2)
    }

    private func file(_ socket: Int32, under key: UInt32) throws {
        var (key, value) = (key, UInt64(UInt32(bitPattern: socket)))
        let descriptor = map.descriptor.raw
        try bpf("BPF_MAP_UPDATE_ELEM", on: "a private sockmap") {
            unsafe bpf_map_update_elem(descriptor, &key, &value, UInt64(BPF_NOEXIST))
        }
    }

    /// The handlers of an inserted socket, read as those of any entry are.
    ///
    /// - Returns: also whether another sockmap's msg program handles the connection: then its bytes may take another way.
    func handlers() throws -> (handlers: Handlers?, isSharedWithOthers: Bool) {
        let observer = SockmapObserver()
        let sockets = try observer.entries(of: map).map(\.socket)
        let table = try observer.handlers()
        return (
            sockets.compactMap { $0.handlers.flatMap { table[safe: $0] } }.first,
            sockets.contains { $0.psock?.msgProgram != nil }
        )
    }

    /// Whether FIONREAD counts a byte that came through the stack; `nil`: no byte came.
    func countsStackBytes() throws -> Bool? {
        let (from, to) = (client.raw, server.raw)
        try syscall("send", on: "the loopback") { unsafe send(from, "x", 1, Int32(MSG_NOSIGNAL)) }
        var event = pollfd(fd: to, events: Int16(POLLIN), revents: 0)
        _ = unsafe poll(&event, 1, Self.patience / 4)  // not believed: an affected kernel may not wake anybody
        let counted = linux_unread_bytes(to)
        var byte: UInt8 = 0
        guard unsafe recv(to, &byte, 1, Int32(MSG_DONTWAIT)) == 1 else { return nil }
        return counted == 1
    }

    /// Whether a handled signal ends a blocking recv with EAGAIN, of a child that inherits the socket.
    ///
    /// - Throws: `SystemError`: it could not be tried.
    func endsReceiveOnSignal() throws -> Bool {
        let outcome = linux_disturb_receive(server.raw, LINUX_DISTURB_SIGNAL, Self.patience)
        guard outcome >= 0 else { throw SystemError("recv", "the loopback", errno: errno) }
        return outcome == EAGAIN
    }

    /// Whether the verifier lets a tracepoint program delete from the map; `nil`: it takes no tracepoint programs.
    func deletesFromTracepoint() -> Bool? { deletes(from: BPF_PROG_TYPE_TRACEPOINT) }

    /// The same of a tc program.
    func deletesFromTC() -> Bool? { deletes(from: BPF_PROG_TYPE_SCHED_CLS) }

    private func deletes(from type: bpf_prog_type) -> Bool? {
        guard (try? TrialProgram.load(type, TrialProgram.returning(0))) != nil else { return nil }
        return (try? TrialProgram.load(type, TrialProgram.deleting(from: map.descriptor.raw))) != nil
    }

    /// Ends the connection by SOCK_DESTROY of the client's end: the last that can be done with it.
    func destroy() throws {
        var cookie: UInt64 = 0
        let descriptor = client.raw
        try syscall("SO_COOKIE", on: "the loopback") { unsafe linux_socket_cookie(descriptor, &cookie) }
        try SockDiag(inNamespace: nil).destroy(tuple, cookie: cookie)
    }

    /// Looks an inserted socket's cookie up from user space.
    func lookUpCookie() throws {
        var key: UInt32 = 1
        var cookie: UInt64 = 0
        let descriptor = map.descriptor.raw
        try bpf("BPF_MAP_LOOKUP_ELEM", on: "a private sockmap") {
            unsafe bpf_map_lookup_elem(descriptor, &key, &cookie)
        }
    }

    /// `BPF_MAP_LOOKUP_BATCH`.
    func lookUpBatch() throws {
        var keys = [UInt32](repeating: 0, count: 4)
        var values = [UInt64](repeating: 0, count: 4)
        var next: UInt32 = 0
        var count: UInt32 = 4
        let descriptor = map.descriptor.raw
        let code = unsafe bpf_map_lookup_batch(descriptor, nil, &next, &keys, &values, &count, nil)
        // ENOENT: that was all of the map.
        guard code == 0 || code == -ENOENT else {
            throw SystemError("BPF_MAP_LOOKUP_BATCH", "a private sockmap", errno: -code, needs: [.bpf])
        }
    }

    /// `BPF_PROG_QUERY` of the map.
    func query() throws {
        var (flags, count): (UInt32, UInt32) = (0, 0)
        let descriptor = map.descriptor.raw
        try bpf("BPF_PROG_QUERY", on: "a private sockmap") {
            unsafe bpf_prog_query(descriptor, BPF_SK_MSG_VERDICT, 0, &flags, nil, &count)
        }
    }

    /// Attaches a program that passes everything to the map, and takes it off again.
    func attach(_ type: bpf_prog_type, _ hook: bpf_attach_type) throws {
        let program = try TrialProgram.load(type, TrialProgram.returning(1), for: hook)
        let (raw, target) = (program.raw, map.descriptor.raw)
        try bpf("BPF_PROG_ATTACH", on: "a private sockmap") { bpf_prog_attach(raw, target, hook, 0) }
        _ = bpf_prog_detach2(raw, target, hook)
    }

    /// The same by a BPF link, which is closed at once.
    func link(_ type: bpf_prog_type, _ hook: bpf_attach_type) throws {
        let program = try TrialProgram.load(type, TrialProgram.returning(1), for: hook)
        let (raw, target) = (program.raw, map.descriptor.raw)
        _ = OwnedDescriptor(
            owning: try bpf("BPF_LINK_CREATE", on: "a private sockmap") {
                bpf_link_create(raw, target, hook, nil)
            })
    }

    private static func makeMap() throws -> OpenSockmap {
        // Values of eight bytes, so that cookies can be looked up.
        let raw = try bpf("BPF_MAP_CREATE", on: "a private SOCKHASH") {
            unsafe bpf_map_create(BPF_MAP_TYPE_SOCKHASH, "unstuck_private", 4, 8, 4, nil)
        }
        guard let map = try BPFTable.describe(OwnedDescriptor(owning: raw), "a private SOCKHASH") else {
            throw SystemError("BPF_OBJ_GET_INFO_BY_FD", "a private SOCKHASH", errno: EPROTO)
        }
        return map
    }
}

/// Runs a call of libbpf, which returns the negative error itself where a system call returns -1.
@discardableResult
private func bpf(_ call: String, on object: String, _ body: () -> Int32) throws(SystemError) -> Int32 {
    let result = body()
    guard result >= 0 else { throw SystemError(call, object, errno: -result) }
    return result
}
