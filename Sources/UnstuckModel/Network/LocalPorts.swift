/// The ports from which a namespace's kernel chooses for a client that asks for none: `ip_local_port_range` without
/// `ip_local_reserved_ports`.
public struct LocalPorts: Hashable, Sendable, Codable {
    public var low: UInt16
    public var high: UInt16
    /// Those in the range that are never given out.
    public var reserved: Set<UInt16>

    public init(low: UInt16, high: UInt16, reserved: Set<UInt16> = []) {
        self.low = low
        self.high = high
        self.reserved = reserved.filter { low <= $0 && $0 <= high }
    }

    /// The kernel's own default.
    public static let standard = LocalPorts(low: 32768, high: 60999)

    /// As the two files hold them: `32768\t60999` and `8080,9000-9100`; `nil` if the first is no range.
    public init?(range: String, reserved: String) {
        let ends = range.split { " \t\n".contains($0) }.compactMap { UInt16($0) }
        guard ends.count == 2, ends[0] <= ends[1] else { return nil }
        var ports = Set<UInt16>()
        for part in reserved.split(whereSeparator: { ",\n".contains($0) }) {
            let bounds = part.split(separator: "-").compactMap { UInt16($0) }
            guard let first = bounds.first, let last = bounds.last, first <= last else { continue }
            ports.formUnion(first...last)
        }
        self.init(low: ends[0], high: ends[1], reserved: ports)
    }

    public func contains(_ port: UInt16) -> Bool { low <= port && port <= high && !reserved.contains(port) }

    /// Whether connect(2) gives out this port while it has the choice: those of the range's first parity. The others are
    /// for bind(2), and come second here.
    ///
    /// Source: `__inet_hash_connect`, net/ipv4/inet_hashtables.c; since 07f4c90062f8 ("tcp/dccp: try to not exhaust
    /// ip_local_port_range in connect()", in v4.2).
    public func isPreferred(_ port: UInt16) -> Bool { contains(port) && port & 1 == low & 1 }

    /// How many ports connect(2) chooses from while it has the choice.
    public var preferredCount: Int {
        // The kernel leaves the last port of an odd number of ports out.
        let all = Int(high) - Int(low) + 1
        return max(all > 1 ? all / 2 : all, 1) - reserved.count { $0 & 1 == low & 1 }
    }
}
