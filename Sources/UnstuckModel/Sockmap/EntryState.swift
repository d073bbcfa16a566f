/// What a socket is by its kernel state alone.
///
/// The classification has one home, here; `bpf/abi/include/unstuck_abi.h` holds a copy, which re-checks inside the kernel
/// just before a deletion. A test holds the two together over every combination.
///
/// Sources: docs/kernel-facts.md, section 2; read in 5.10.218 to 7.2.13, `net/core/sock_map.c`, `net/ipv4/tcp.c`.
public enum Liveness: UInt32, Sendable, Codable, CaseIterable {
    /// Any state that has a future, an orphan that still closes included.
    case live = 0
    /// A finished handshake that waits for accept: it has no `struct socket` yet. Leave alone.
    case queued = 1
    case listener = 2
    /// CLOSE, orphaned, without a `struct socket`: nobody can ever close it again.
    case leaked = 3
    /// CLOSE, and a file descriptor holds it: the kernel forgets it only when the last one closes.
    case zombie = 4
    /// CLOSE while waiting for accept: reset by its peer before the server saw it.
    case queuedDead = 5
    /// Not TCP: a sockmap holds UDP, unix and vsock sockets too, and an unconnected UDP socket is in state 7 all its
    /// life. Never checked, never touched.
    case other = 6

    public init(state: TCPState, hasSocket: Bool, isDead: Bool, isTCP: Bool = true) {
        guard isTCP else {
            self = .other
            return
        }
        switch (state, hasSocket, isDead) {
        case (.listen, _, _): self = .listener
        case (.close, false, true): self = .leaked
        case (.close, false, false): self = .queuedDead
        case (.close, true, _): self = .zombie
        case (_, false, false): self = .queued
        default: self = .live
        }
    }

    /// It will never carry a byte again; whether it may be forgotten needs more evidence (see the rules).
    public var isDead: Bool { self == .leaked || self == .zombie || self == .queuedDead }
}

extension KernelSocket {
    public var liveness: Liveness {
        Liveness(state: state, hasSocket: hasSocket, isDead: isDead, isTCP: isTCP)
    }
}

/// What an entry is: its socket's state held against the 4-tuple that its key names.
public enum EntryState: String, Sendable, Codable, CaseIterable {
    case live, queued, listener, leaked, zombie
    /// A live socket behind a key that names another connection (`connect(AF_UNSPEC)` and reconnect).
    case crossWired = "cross-wired"
    /// The key's layout is not known: nothing is said about the entry, and it is never deleted.
    case undecodable
    /// Not a TCP socket: none of our business.
    case other
    /// Of a walked map (``SockmapWalk``): every socket table was read, and no socket has the addresses and ports of the
    /// key. Its socket is dead; whether anybody still holds it cannot be known that way.
    case unseen
    /// Of a walked map: neither seen nor proven to be unseen.
    case unknown

    /// - Parameters:
    ///   - claim: the tuple that the key names; `nil` if the layout is unknown or the key does not fit it.
    ///   - layout: how the claim was decoded; without one it names both ends.
    public init(socket: KernelSocket, claim: FourTuple?, layout: KeyLayout? = nil) {
        let state = socket.liveness
        if state == .listener {
            self = .listener
            return
        }
        if state == .other {
            self = .other
            return
        }
        guard let claim else {
            self = .undecodable
            return
        }
        switch state {
        case .leaked: self = .leaked
        case .zombie, .queuedDead: self = .zombie
        case .queued, .live, .listener, .other:
            let isItsOwn = claim == socket.tuple || layout?.claims(naming: socket.tuple).contains(claim) == true
            self = !isItsOwn ? .crossWired : state == .queued ? .queued : .live
        }
    }

    public var isDead: Bool { self == .leaked || self == .zombie }
}
