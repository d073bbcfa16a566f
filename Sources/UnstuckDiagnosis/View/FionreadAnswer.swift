import UnstuckModel

/// What FIONREAD says of the unread bytes of a socket, as far as it is known.
///
/// Two kernel bugs make it say 0 on a socket that is in a sockmap while bytes wait: of redirected bytes before 929e30f93125 ("bpf,
/// sockmap: Fix FIONREAD for sockmap"), which brought `tcp_bpf_ioctl`; of the stack's bytes from there to 04af4efde58a ("bpf,
/// sockmap: Account for receive queue in FIONREAD without a verdict program").
enum FionreadAnswer: Equatable {
    /// It says 0: asked of this very socket.
    case measuredZero(String)
    /// It says 0, as the kernel shows: by a trial, or by a handler of this socket.
    case zero(String)
    /// It may say 0: the kernel's release is one of those that do.
    case maybeZero(String)
    case counts(String)
    /// What is missing.
    case unknown(String)
}

extension NodeView {
    /// - Parameter queue: where the bytes are.
    func fionread(of socket: TCPSocket, _ queue: StuckConnection.Queue) -> FionreadAnswer {
        guard socket.socket.psock != nil else { return .counts("the reader is in no sockmap") }
        guard let handlers = handlers(of: socket.socket), let ioctl = handlers.ioctl, let recvmsg = handlers.recvmsg
        else { return .unknown("the handlers of the reader") }
        if let answer = measured(socket, queue) { return answer }
        switch queue {
        case .send: return .counts("nothing unread")
        case .redirected:
            return ioctl == Self.countingIoctl
                ? .counts("the reader's ioctl handler, \(ioctl), counts redirected bytes")
                : .zero("says 0: the reader's ioctl handler, \(Label.safe(ioctl)), does not count redirected bytes")
        case .receive:
            guard ioctl == Self.countingIoctl else {
                return .counts("the reader's ioctl handler, \(Label.safe(ioctl)), counts the bytes of the stack")
            }
            guard recvmsg == Self.plainRecvmsg else {
                return .counts("the reader's receive handler is \(Label.safe(recvmsg)): it has a verdict program")
            }
            return ofKernel
        }
    }

    /// Whether bytes that come through the stack to this socket would not be counted by FIONREAD.
    func missesStackBytes(_ socket: KernelSocket) -> Bool {
        guard socket.psock != nil, let handlers = handlers(of: socket) else { return false }
        return handlers.ioctl == Self.countingIoctl && handlers.recvmsg == Self.plainRecvmsg
    }

    /// Of the stack's bytes at a socket in a sockmap without a verdict program, on a kernel with 929e30f93125.
    var ofKernel: FionreadAnswer {
        if let counts = now.kernelTrials?[KernelTrial.countsStackBytes.rawValue] {
            return counts
                ? .counts("this kernel counts them (tried on a socket of our own)")
                : .zero("says 0 on this kernel (tried on a socket of our own)")
        }
        // One that was asked shows the kernel.
        if let one = (now.readable ?? []).first(where: { $0.bytes == 0 && holdsStackBytes($0.inode) }) {
            return .zero("says 0 on this kernel (asked of fd \(one.descriptor) of process \(one.pid))")
        }
        let name = "Linux \(Label.safe(now.kernelRelease))"
        guard let bug = KernelBug.history.first(where: { $0.id == "fionread-stack" }) else {
            return .unknown("the releases with the bug")
        }
        guard let release = KernelRelease(now.kernelRelease) else {
            return .maybeZero(
                "\(name) has \(Self.countingIoctl); whether it has the fix \(bug.commit ?? "") is unknown")
        }
        switch bug.standing(of: release) {
        case .fixed(let fix): return .counts("\(name) is not older than \(fix), which has the fix")
        case .before(let start):
            return .maybeZero(
                "\(name) is older than \(start) and has \(Self.countingIoctl): its vendor picked what brought the bug, and "
                    + "perhaps not the fix \(bug.commit ?? "")")
        case .unfixed, .open, .unknown:
            return .maybeZero("\(name) has \(Self.countingIoctl) and is in the window: likely affected (\(bug.window))")
        }
    }

    /// With 929e30f93125.
    private static let countingIoctl = "tcp_bpf_ioctl"
    /// Of a psock without a stream or skb verdict program; with one it is `tcp_bpf_recvmsg_parser` (Linux `net/ipv4/tcp_bpf.c`,
    /// `tcp_bpf_rebuild_protos`; 5.10 has one for both).
    private static let plainRecvmsg = "tcp_bpf_recvmsg"

    private func measured(_ socket: TCPSocket, _ queue: StuckConnection.Queue) -> FionreadAnswer? {
        guard let answer = now.readable?.first(where: { $0.inode == socket.socket.inode }), answer.inode != 0 else {
            return nil
        }
        let asked = "asked of fd \(answer.descriptor) of process \(answer.pid)"
        guard answer.bytes == 0 else { return .counts("FIONREAD says \(answer.bytes) bytes (\(asked))") }
        let unread = queue == .redirected ? socket.redirectedBytes : socket.unreadBytes
        return .measuredZero("says 0 of \(Label.bytes(UInt64(unread ?? 0), partial: false)) (\(asked))")
    }

    private func holdsStackBytes(_ inode: UInt64) -> Bool {
        now.sockets.contains { $0.socket.inode == inode && ($0.unreadBytes ?? 0) > 0 && missesStackBytes($0.socket) }
    }
}
