import UnstuckModel

/// Whether a socket, or a connection, went on between two samples.
///
/// What counts as progress, because each byte that is sent, arrives, is acknowledged or is read changes it:
/// - written and acknowledged: `write_seq`, `snd_nxt`, `snd_una`, `bytes_acked`, Send-Q;
/// - arrived and read: `rcv_nxt`, `copied_seq`, `bytes_received`, Recv-Q;
/// - the queue of redirected bytes of a psock: messages, bytes, which message is the oldest;
/// - accept: a socket that got its descriptor.
///
/// What does not, because it changes while nothing gets on: `bytes_sent`, `segs_out` and `segs_in` count retransmissions,
/// window probes and keepalives, as do `retransmits`, `backoff` and the times since the last segment (Linux
/// `net/ipv4/tcp_output.c`, `__tcp_transmit_skb`: `bytes_sent` grows with every transmission of data).
enum Progress: Equatable {
    case moved
    /// Nothing moved, and everything that would show it was read in both samples.
    case stood
    /// Nothing was seen to move, but something that would show it was not read.
    case unknown

    /// Of several ends: one that moves is enough.
    static func of(_ ends: [Progress]) -> Progress {
        if ends.contains(.moved) { return .moved }
        return ends.contains(.unknown) ? .unknown : .stood
    }
}

extension TCPSocket {
    /// Bytes that wait to be read, by the stack's numbers. On a socket that a sockmap reads for, `copied_seq` may be ahead of
    /// `rcv_nxt`: nothing waits then. The peer's FIN has a number too, and is no byte (Linux `include/net/tcp.h`, `tcp_inq`).
    var unreadBytes: UInt32? {
        receiveQueue.map { Int32(bitPattern: $0) > 0 ? $0 - (socket.state == .closeWait ? 1 : 0) : 0 }
    }

    var unacknowledgedBytes: UInt32? { sendQueue.map { Int32(bitPattern: $0) > 0 ? $0 : 0 } }

    /// Redirected bytes that wait to be read; `nil` also where there is no psock.
    var redirectedBytes: UInt32? { socket.psock?.queuedBytes }

    /// Whether this socket, seen in two samples, went on.
    func progress(since before: TCPSocket) -> Progress {
        var isMoved = false
        func isKnown<Value: Equatable>(_ one: Value?, _ other: Value?) -> Bool {
            guard let one, let other else { return false }
            if one != other { isMoved = true }
            return true
        }
        // Recv-Q is rcv_nxt - copied_seq, so that two of the three decide; the same for Send-Q.
        let arrived = isKnown(receiveNext, before.receiveNext)
        let counted = isKnown(bytesReceived, before.bytesReceived)
        let read = isKnown(copiedSequence, before.copiedSequence)
        let unread = isKnown(receiveQueue, before.receiveQueue)
        let acknowledged = isKnown(sendUnacked, before.sendUnacked)
        let countedBack = isKnown(bytesAcked, before.bytesAcked)
        let written = isKnown(writeSequence, before.writeSequence)
        let unsent = isKnown(sendQueue, before.sendQueue)
        _ = isKnown(sendNext, before.sendNext)
        if let psock = socket.psock, let earlier = before.socket.psock {
            _ = isKnown(psock.queuedBytes, earlier.queuedBytes)
            _ = isKnown(psock.queuedMessages, earlier.queuedMessages)
            _ = isKnown(psock.oldestMessage, earlier.oldestMessage)
        }
        if socket.state != before.socket.state || socket.hasSocket != before.socket.hasSocket { isMoved = true }
        if isMoved { return .moved }
        let isTold = (arrived || counted) && (read || unread) && (acknowledged || countedBack) && (written || unsent)
        return isTold ? .stood : .unknown
    }

    /// The same socket in another sample, which may be another run's: its identity's address is of one run only.
    func isSame(as other: TCPSocket) -> Bool {
        let (mine, theirs) = (socket, other.socket)
        guard mine.tuple == theirs.tuple, mine.netns == theirs.netns else { return false }
        if mine.identity.cookie != 0, theirs.identity.cookie != 0 {
            return mine.identity.cookie == theirs.identity.cookie
        }
        // No cookie: one that was accepted meanwhile has an inode now, and had none.
        return mine.inode == theirs.inode || mine.inode == 0 || theirs.inode == 0
    }
}
