/// Which kernel socket this is, within one boot: its cookie where the kernel gives one in tracing (5.12+), and the
/// address of its `struct sock`.
///
/// An address alone can be given to a new socket after the old one was freed; a cookie never is. Both must agree: a
/// socket whose cookie was unknown and is known later counts as another one, which at worst delays a verdict.
public struct SocketIdentity: Sendable {
    /// `SO_COOKIE`, or 0: unknown.
    public var cookie: UInt64
    /// The kernel address. It leaves the process only scrambled (see `encode`), for it would undo KASLR.
    public var address: UInt64

    public init(address: UInt64, cookie: UInt64 = 0) {
        self.address = address
        self.cookie = cookie
    }
}

extension SocketIdentity: Hashable {
    /// The same socket as far as is known: a cookie or an address that one of them lacks does not speak against it. For two
    /// sightings a moment apart, between which the cookie may have been asked for and thereby given, or of which one was
    /// made in a way that tells no cookie (tracing on 5.10), or no address (INET_DIAG).
    public func mayBe(_ other: SocketIdentity) -> Bool {
        guard cookie != 0, other.cookie != 0 else { return address == other.address }
        return cookie == other.cookie && (address == other.address || address == 0 || other.address == 0)
    }
}

extension SocketIdentity: Codable {
    private enum CodingKeys: String, CodingKey { case cookie, token }

    /// One secret a process: the snapshots that one run saves can be compared with each other, and nothing more.
    private static let secret = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max))

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        cookie = try container.decode(UInt64.self, forKey: .cookie)
        address = try container.decode(UInt64.self, forKey: .token)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(cookie, forKey: .cookie)
        try container.encode(token, forKey: .token)
    }

    /// The address, scrambled.
    private var token: UInt64 { Self.scramble(address) }

    /// What must not leave the process as it is, behind a keyed, one-way scramble: equal for equal values within one run.
    public static func scramble(_ value: UInt64) -> UInt64 {
        var hasher = Hasher()  // SipHash, with a key of this process
        hasher.combine(Self.secret.0)
        hasher.combine(value)
        hasher.combine(Self.secret.1)
        return UInt64(truncatingIfNeeded: hasher.finalize())
    }
}
