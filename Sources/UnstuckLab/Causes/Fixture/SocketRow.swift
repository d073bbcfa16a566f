import UnstuckKernel
import UnstuckModel

/// A socket as a row of /proc/net/tcp or tcp6 (net/ipv4/tcp_ipv4.c, `get_tcp4_sock`): what every kernel says without asking
/// for privileges.
struct SocketRow: Equatable, CustomStringConvertible {
    /// The second number of the column `tr tm->when`.
    enum Timer: UInt8 {
        case none = 0
        case retransmit = 1
        /// Keepalive, or the timer of SYN-ACKs.
        case keepalive = 2
        case timeWait = 3
        /// Persist: zero-window probes.
        case probe = 4
    }

    var local: Endpoint
    var remote: Endpoint
    var state: TCPState
    /// Bytes handed to the stack and not yet acknowledged; of a listener nothing.
    var sendQueue: UInt32
    /// Bytes to be read; of a listener the connections that wait for accept.
    var receiveQueue: UInt32
    var timer: Timer?
    /// Timeouts in a row of the timer that runs.
    var retransmits: UInt32
    /// 0: not accepted yet, or closed by its process.
    var inode: UInt64

    var description: String {
        "\(local) -> \(remote) \(state), receive queue \(receiveQueue), send queue \(sendQueue), "
            + "timer \(timer.map { "\($0)" } ?? "unknown"), retransmits \(retransmits), inode \(inode)"
    }

    /// The sockets of the network namespace that a process is in.
    static func all(in process: Int32) -> [SocketRow] {
        ["tcp", "tcp6"].flatMap { file in
            (readText("/proc/\(process)/net/\(file)") ?? "").split(separator: "\n").dropFirst().compactMap {
                SocketRow(line: String($0))
            }
        }
    }

    init?(line: String) {
        let fields = line.split(separator: " ")
        guard fields.count > 9, let local = Self.endpoint(fields[1]), let remote = Self.endpoint(fields[2]),
            let state = UInt8(fields[3], radix: 16).flatMap(TCPState.init(rawValue:)),
            let inode = UInt64(fields[9])
        else { return nil }
        let queues = fields[4].split(separator: ":").compactMap { UInt32($0, radix: 16) }
        let timer = fields[5].split(separator: ":").first.flatMap { UInt8($0, radix: 16) }
        guard queues.count == 2, let timer, let retransmits = UInt32(fields[6], radix: 16) else { return nil }
        self.local = local
        self.remote = remote
        self.state = state
        sendQueue = queues[0]
        receiveQueue = queues[1]
        self.timer = Timer(rawValue: timer)
        self.retransmits = retransmits
        self.inode = inode
    }

    /// Words of 32 bits in the machine's order, then the port.
    private static func endpoint(_ text: Substring) -> Endpoint? {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let port = UInt16(parts[1], radix: 16) else { return nil }
        let digits = Array(parts[0])
        let words = stride(from: 0, to: digits.count, by: 8).compactMap { start -> UInt32? in
            guard start + 8 <= digits.count else { return nil }
            return UInt32(String(digits[start..<start + 8]), radix: 16).map { UInt32(bigEndian: $0) }
        }
        switch words.count {
        case 1: return Endpoint(IPAddress(v4: words[0]), port)
        case 4:
            return Endpoint(
                IPAddress(
                    high: UInt64(words[0]) << 32 | UInt64(words[1]), low: UInt64(words[2]) << 32 | UInt64(words[3])),
                port)
        default: return nil
        }
    }
}
