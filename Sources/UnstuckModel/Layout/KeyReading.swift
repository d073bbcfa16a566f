/// Which layout keys follow, told from the keys alone: of somebody else's dump there are no residents to compare with.
///
/// A layout that every key fits is a candidate; a single candidate is taken. The order of a port's bytes and whose side
/// comes first leave no trace that a key could be refused for, so layouts that differ only there stay side by side, and
/// a person has to choose. (Of a live map the residents tell: ``LayoutDecision``.)
public struct KeyReading: Hashable, Sendable {
    /// A declared layout of the keys' size.
    public struct Candidate: Hashable, Sendable {
        public var layout: KeyLayout
        /// Keys that fit: fixed bytes as they must be, no port 0, no address that a connection cannot have.
        public var fitting = 0
        /// Keys that claim one port of Linux's default ephemeral range and one below, as a client and a service have
        /// them: evidence for a reader to weigh, no rule, for both may be set otherwise.
        public var ordinaryPorts = 0
    }

    /// `nil`: not decided.
    public var layout: KeyLayout?
    /// The layouts that every key fits.
    public var candidates: [Candidate]
    /// How the layout is known, or why it is not.
    public var evidence: String

    /// - Parameters:
    ///   - keys: all of one size.
    ///   - chosen: the layout that somebody says it is; taken unless its keys have another size.
    public init(
        _ keys: [SockmapKey], among declared: [KeyLayout] = KeyLayout.declared, chosen: KeyLayout? = nil
    ) {
        let size = keys.first?.count ?? 0
        let sized = (chosen.map { [$0] } ?? declared).filter { $0.size == size }
        let all = sized.map { Self.candidate($0, keys) }
        candidates = all.filter { $0.fitting == keys.count }
        layout = nil
        if let chosen {
            guard let only = all.first else {
                evidence = "\(chosen.name) has keys of \(chosen.size) bytes, not \(size)"
                return
            }
            layout = chosen
            candidates = all
            evidence = "as asked for; \(only.fitting) of \(keys.count) keys fit"
        } else if sized.isEmpty {
            evidence = "no declared layout has \(size)-byte keys"
        } else if candidates.isEmpty {
            let fits = all.map { "\($0.layout.name) fits \($0.fitting)" }
            evidence = "no declared layout fits all \(keys.count) keys: \(fits.joined(separator: ", "))"
        } else if candidates.count > 1 {
            evidence = "\(candidates.count) declared layouts fit alike"
        } else if candidates[0].layout.naming == .socket {
            evidence = "any \(size) bytes fit \(candidates[0].layout.name), so nothing speaks for it"
        } else {
            layout = candidates[0].layout
            let others = sized.count == 1 ? "" : "; no other declared layout of \(size) bytes fits"
            evidence = "all \(keys.count) keys have its fixed bytes, and plausible addresses and ports\(others)"
        }
    }

    private static func candidate(_ layout: KeyLayout, _ keys: [SockmapKey]) -> Candidate {
        var candidate = Candidate(layout: layout)
        for key in keys {
            if layout.naming == .socket {
                if layout.cookie(key) != nil { candidate.fitting += 1 }
            } else if let claim = layout.decode(key) {
                let named = [claim.local, claim.remote].filter { $0 != KeyLayout.unnamed }
                guard !named.isEmpty, named.count == 2 || layout.naming == .oneEnd, named.allSatisfy(\.isPlausible)
                else {
                    continue
                }
                candidate.fitting += 1
                let ephemeral = named.count { (LocalPorts.standard.low...LocalPorts.standard.high).contains($0.port) }
                if ephemeral == 1, named.count == 2 { candidate.ordinaryPorts += 1 }
            }
        }
        return candidate
    }
}

extension KeyLayout {
    /// What ``decode(_:)-(SockmapKey)`` gives for an end that a layout does not name.
    static let unnamed = Endpoint(IPAddress(v4: 0), 0)
}

extension Endpoint {
    /// An end of a connection has a port, and an address that is some host's. IPv4: not 0.0.0.0/8, not 224.0.0.0 or above
    /// (RFC 1122, 3.2.1.3). IPv6: global (2000::/3), unique local, link-local, ::1, or NAT64's (RFC 4291, 4193, 6052);
    /// nothing else is assigned to hosts.
    fileprivate var isPlausible: Bool {
        guard port != 0 else { return false }
        if let v4 = address.v4 { return v4 >> 24 != 0 && v4 >> 24 < 224 }
        let bytes = address.bytes
        return bytes[0] & 0xE0 == 0x20 || bytes[0] & 0xFE == 0xFC || (bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80)
            || address.isLoopback || bytes.starts(with: [0x00, 0x64, 0xFF, 0x9B])
    }
}

extension KeyLayout {
    /// Every key under which this layout may file the socket with that tuple: where a byte has two values, one for each;
    /// where a key names either end, one for each end. Empty where the tuple makes no key, or the key would not say the same.
    public func encodings(of tuple: FourTuple) -> [[UInt8]] {
        var keys = claims(naming: tuple).compactMap { claim in encode(claim).flatMap { decode($0) == claim ? $0 : nil }
        }
        for case (let offset, .oneOf(let first, let second)) in fields where first != second {
            for key in keys {
                var other = key
                other[offset] = second
                keys.append(other)
            }
        }
        return keys
    }
}
