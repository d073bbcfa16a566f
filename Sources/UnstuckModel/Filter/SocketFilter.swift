/// Which sockets are wanted: an expression as `ss` has them, over states, addresses, ports, pods, processes and every
/// ``SocketField``. ``SocketFilterParser`` reads its text.
public indirect enum SocketFilter: Hashable, Sendable {
    case all
    case state(Set<TCPState>)
    case address(Side, AddressPrefix)
    case port(Side, ClosedRange<UInt16>)
    /// Both ends of one connection, whichever of them is looked at.
    case tuple(FourTuple)
    case pod(NamePattern)
    case process(NamePattern)
    case pid(Int32)
    case namespace(String)
    /// By its place in ``SocketField/all``.
    case field(Int, Comparison, UInt64)
    case isFamily(v4: Bool)
    case not(SocketFilter)
    case and(SocketFilter, SocketFilter)
    case or(SocketFilter, SocketFilter)

    /// Whose address or port: the socket's own, the other end's, or either.
    public enum Side: Hashable, Sendable { case local, remote, either }

    public enum Comparison: String, Hashable, Sendable {
        case equal = "="
        case unequal = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="

        func holds(_ one: UInt64, _ other: UInt64) -> Bool {
            switch self {
            case .equal: one == other
            case .unequal: one != other
            case .less: one < other
            case .lessOrEqual: one <= other
            case .greater: one > other
            case .greaterOrEqual: one >= other
            }
        }
    }
}

/// A name, or the beginning and end of names: `shop/web-0`, `shop/*`.
public struct NamePattern: Hashable, Sendable {
    public let text: String

    public init(_ text: String) { self.text = text }

    /// `*` stands for any text, once or more often.
    public func matches(_ name: String) -> Bool {
        let parts = text.split(separator: "*", omittingEmptySubsequences: false)
        guard parts.count > 1 else { return name == text }
        var rest = Substring(name)
        guard rest.hasPrefix(parts[0]) else { return false }
        rest = rest.dropFirst(parts[0].count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let found = Self.range(of: part, in: rest) else { return false }
            rest = rest[found.upperBound...]
        }
        return rest.hasSuffix(parts[parts.count - 1])
    }

    private static func range(of part: Substring, in text: Substring) -> Range<Substring.Index>? {
        var start = text.startIndex
        while start < text.endIndex {
            if text[start...].hasPrefix(part) { return start..<text.index(start, offsetBy: part.count) }
            start = text.index(after: start)
        }
        return nil
    }
}

/// What a filter asks of a socket.
public protocol FilteredSocket {
    var tcp: TCPSocket { get }
    var details: SocketDetails { get }
    /// `shop/web-0`
    var pod: String? { get }
    var owners: [SocketOwner] { get }
    var namespaceName: String? { get }
}

extension SocketFilter {
    /// Whether a socket is wanted. What a socket has no number of is neither smaller, nor equal, nor larger.
    public func takes(_ socket: some FilteredSocket) -> Bool {
        switch self {
        case .all: return true
        case .state(let states): return states.contains(socket.tcp.socket.state)
        case .address(let side, let prefix):
            return Self.either(side, socket.tcp.socket.tuple) { prefix.contains($0.address) }
        case .port(let side, let ports):
            return Self.either(side, socket.tcp.socket.tuple) { ports.contains($0.port) }
        case .tuple(let tuple):
            let own = socket.tcp.socket.tuple
            return own == tuple || own == tuple.reversed
        case .pod(let pattern): return socket.pod.map(pattern.matches) ?? false
        case .process(let pattern): return socket.owners.contains { pattern.matches($0.command) }
        case .pid(let pid): return socket.owners.contains { $0.pid == pid }
        case .namespace(let name):
            return "\(socket.tcp.socket.netns)" == name || socket.namespaceName == name
        case .field(let position, let comparison, let wanted):
            guard let value = SocketField.all[position].value(socket.tcp, socket.details) else { return false }
            return comparison.holds(value, wanted)
        case .isFamily(let v4): return socket.tcp.socket.tuple.local.address.isV4 == v4
        case .not(let other): return !other.takes(socket)
        case .and(let one, let other): return one.takes(socket) && other.takes(socket)
        case .or(let one, let other): return one.takes(socket) || other.takes(socket)
        }
    }

    private static func either(_ side: Side, _ tuple: FourTuple, _ holds: (Endpoint) -> Bool) -> Bool {
        switch side {
        case .local: holds(tuple.local)
        case .remote: holds(tuple.remote)
        case .either: holds(tuple.local) || holds(tuple.remote)
        }
    }
}
