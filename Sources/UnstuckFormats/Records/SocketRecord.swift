import CUnstuckABI
import UnstuckModel

/// Why a record could not be decoded.
public enum RecordError: Error, Hashable, Sendable {
    /// Fewer bytes than the record needs.
    case truncated(needed: Int, got: Int)
    /// The kernel side announced a key that is longer than the record holds.
    case badKeySize(Int)
}

/// `struct unstuck_socket` -> ``KernelSocket``.
public enum SocketRecord {
    /// Bytes of one record.
    public static let size = MemoryLayout<unstuck_socket>.size

    private static let localOffset = MemoryLayout<unstuck_socket>.offset(of: \.local) ?? 0
    private static let remoteOffset = MemoryLayout<unstuck_socket>.offset(of: \.remote) ?? 0

    /// Decodes the record that begins at `offset`.
    public static func decode(_ bytes: RawSpan, at offset: Int, protos: inout ProtoTable) throws(RecordError)
        -> KernelSocket
    {
        guard bytes.byteCount - offset >= size else {
            throw .truncated(needed: size, got: bytes.byteCount - offset)
        }
        // The length was just checked, and any bit pattern is a valid unstuck_socket.
        let raw = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: unstuck_socket.self)
        let isV6 = raw.family == 10  // AF_INET6
        return KernelSocket(
            identity: SocketIdentity(address: raw.address, cookie: raw.cookie),
            tuple: FourTuple(
                local: Endpoint(address(bytes, offset + localOffset, isV6: isV6), raw.local_port),
                remote: Endpoint(address(bytes, offset + remoteOffset, isV6: isV6), raw.remote_port)),
            state: TCPState(rawValue: raw.state),
            hasSocket: raw.has(UNSTUCK_HAS_SOCKET),
            isDead: raw.has(UNSTUCK_DEAD),
            isTCP: raw.has(UNSTUCK_IS_TCP),
            inode: raw.inode,
            netns: raw.netns,
            cgroup: raw.cgroup,
            handlers: protos.index(of: raw.proto),
            psock: raw.has(UNSTUCK_HAS_PSOCK)
                ? Psock(
                    msgProgram: raw.msg_program == 0 ? nil : raw.msg_program, queuedMessages: raw.queued_messages,
                    queuedBytes: raw.queued_bytes, isPartial: raw.has(UNSTUCK_QUEUE_PARTIAL),
                    oldestMessage: raw.oldest == 0 ? nil : SocketIdentity.scramble(raw.oldest))
                : nil)
    }

    private static func address(_ bytes: RawSpan, _ offset: Int, isV6: Bool) -> IPAddress {
        // Inside the record, whose length the caller has checked.
        if isV6 {
            return unsafe IPAddress(
                high: UInt64(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)),
                low: UInt64(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)))
        }
        return unsafe IPAddress(
            v4: UInt32(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }
}

extension unstuck_socket {
    fileprivate func has(_ flag: Int) -> Bool { Int(flags) & flag != 0 }
}
