import CUnstuckABI
import UnstuckModel

/// `struct unstuck_tcp` -> ``TCPSocket``.
public enum TCPRecord {
    /// Bytes of one record.
    public static let size = MemoryLayout<unstuck_tcp>.size

    /// Decodes the record that begins at `offset`.
    ///
    /// - Parameter hertz: jiffies a second of this kernel; 0 unknown, which leaves the times out.
    public static func decode(_ bytes: RawSpan, at offset: Int, hertz: UInt32, protos: inout ProtoTable)
        throws(RecordError) -> TCPSocket
    {
        guard bytes.byteCount - offset >= size else {
            throw .truncated(needed: size, got: bytes.byteCount - offset)
        }
        let socket = try SocketRecord.decode(bytes, at: offset, protos: &protos)
        // The length was just checked, and any bit pattern is a valid unstuck_tcp.
        let raw = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: unstuck_tcp.self)
        // Of a listener nothing else is read (bpf/include/tcp_fields.h).
        guard socket.state != .listen else {
            return TCPSocket(socket: socket, acceptQueue: raw.accept_queue, acceptLimit: raw.accept_limit)
        }
        func milliseconds(_ jiffies: UInt32) -> UInt32? {
            // Before the handshake these are not set yet (`tcp_connect_init`, net/ipv4/tcp_output.c).
            guard hertz != 0, socket.state != .synSent else { return nil }
            return jiffies.isJustNow(within: hertz) ? 0 : UInt32(clamping: UInt64(jiffies) * 1000 / UInt64(hertz))
        }
        return TCPSocket(
            socket: socket, bytesSent: raw.bytes_sent, bytesAcked: raw.bytes_acked,
            bytesReceived: raw.bytes_received, sendNext: raw.send_next, sendUnacked: raw.send_unacked,
            writeSequence: raw.write_seq, receiveNext: raw.receive_next, copiedSequence: raw.copied_seq,
            segmentsOut: raw.segments_out, segmentsIn: raw.segments_in, retransmits: raw.retransmits_total,
            packetsInFlight: raw.packets_out, sendWindow: raw.send_window, receiveWindow: raw.receive_window,
            millisecondsSinceSend: milliseconds(raw.since_send),
            millisecondsSinceReceive: milliseconds(raw.since_receive), backoff: raw.backoff)
    }
}

/// `struct unstuck_owned`: a ``TCPRecord``, and by which descriptor of which process its socket is held.
public enum OwnedRecord {
    /// Bytes of one record.
    public static let size = MemoryLayout<unstuck_owned>.size
}

/// How long a jiffy is, from the kernel's own two clocks.
public enum JiffyClock {
    /// The tick rate that fits best; 0 if the clocks were not read.
    ///
    /// Jiffies start five minutes before they wrap 32 bits (`INITIAL_JIFFIES`, include/linux/jiffies.h) and count up
    /// with the monotonic clock, so only one of the four configurable rates fits.
    public static func hertz(jiffies: UInt64, monotonicNanoseconds: UInt64) -> UInt32 {
        guard jiffies != 0, monotonicNanoseconds != 0 else { return 0 }
        let seconds = Double(monotonicNanoseconds) / 1e9
        func error(_ rate: UInt32) -> Double {
            let start = Double(UInt32(bitPattern: -300 &* Int32(rate)))
            return abs(start + Double(rate) * seconds - Double(jiffies))
        }
        return [100, 250, 300, 1000].min { error($0) < error($1) } ?? 0
    }
}

extension UInt32 {
    /// A difference to a moment before it: bytes that leave or arrive on another processor, after the clock was read and before the
    /// socket's time was, make it wrap. More than `second` before is a connection that was idle for weeks.
    func isJustNow(within second: UInt32) -> Bool { self > UInt32.max - second }
}
