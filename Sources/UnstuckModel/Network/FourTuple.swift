/// An address and a port, `192.0.2.10:8080` or `[2001:db8::1]:8080`.
public struct Endpoint: Hashable, Sendable {
    public var address: IPAddress
    public var port: UInt16

    public init(_ address: IPAddress, _ port: UInt16) {
        self.address = address
        self.port = port
    }
}

extension Endpoint: CustomStringConvertible, LosslessStringConvertible {
    public var description: String { address.isV4 ? "\(address):\(port)" : "[\(address)]:\(port)" }

    public init?(_ description: String) {
        guard let colon = description.lastIndex(of: ":"),
            let port = UInt16(description[description.index(after: colon)...])
        else { return nil }
        var host = description[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard let address = IPAddress(String(host)) else { return nil }
        self.init(address, port)
    }
}

extension Endpoint: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let endpoint = Endpoint(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an endpoint: \(text)")
        }
        self = endpoint
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// By address and port: the order of lists.
extension Endpoint: Comparable {
    public static func < (one: Endpoint, other: Endpoint) -> Bool {
        one.address == other.address ? one.port < other.port : one.address < other.address
    }
}

/// The two endpoints of a TCP connection as one of its sockets sees them.
public struct FourTuple: Hashable, Sendable, Codable {
    public var local: Endpoint
    public var remote: Endpoint

    public init(local: Endpoint, remote: Endpoint) {
        self.local = local
        self.remote = remote
    }

    /// The same connection as the other socket sees it.
    public var reversed: FourTuple { FourTuple(local: remote, remote: local) }

    /// Neither end has lost its port. A leaked socket has: `tcp_disconnect` clears `inet_dport`.
    public var isComplete: Bool { local.port != 0 && remote.port != 0 }
}

extension FourTuple: CustomStringConvertible {
    public var description: String { "\(local) -> \(remote)" }
}

/// By the local end, then by the remote one: the order of lists.
extension FourTuple: Comparable {
    public static func < (one: FourTuple, other: FourTuple) -> Bool {
        one.local == other.local ? one.remote < other.remote : one.local < other.local
    }
}
