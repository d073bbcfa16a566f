/// Which layout keys follow, told from the keys alone: of another's dump there are no sockets to compare with.
///
/// A layout that every key fits is a candidate, or, if there is none, one that most keys fit: one odd key is an odd key, no
/// other layout. A single candidate is taken. The order of a port's bytes and whose side comes first leave no trace that a
/// key could be refused for, so layouts that differ only there stay side by side, and a person has to choose. Ports are
/// evidence, no proof: they say which reading is the likely one. (Of a live map the sockets tell: ``LayoutDecision``.)
public struct KeyReading: Hashable, Sendable {
    /// A known layout of the keys' size, or one with its ports byte-swapped.
    public struct Candidate: Hashable, Sendable {
        public var layout: KeyLayout
        /// Keys that fit: fixed bytes as they must be, no port 0, no address that a connection cannot have.
        public var fitting = 0
        /// Keys that claim one port of Linux's default ephemeral range and one below that is in no fewer keys, as a client
        /// and a service have them: evidence for a reader to weigh, no rule, for both may be set otherwise.
        public var ordinaryPorts = 0
        /// A port that every fitting key claims, if there is one and there are several keys.
        public var commonPort: UInt16?
    }

    /// `nil`: not decided.
    public var layout: KeyLayout?
    /// The layouts that fit, the likeliest first.
    public var candidates: [Candidate]
    /// How the layout is known, or why it is not.
    public var evidence: String

    /// The candidates that the ports speak for most: several where only the order of the ends differs.
    public var likeliest: [Candidate] { candidates.filter { $0.ordinaryPorts == candidates[0].ordinaryPorts } }

    /// - Parameters:
    ///   - keys: all of one size.
    ///   - chosen: the layout that someone says it is; taken unless its keys have another size.
    ///   - mapName: the map's name where it is known; decides between layouts of which one alone has such a map.
    public init(
        _ keys: [SockmapKey], among known: [KeyLayout] = KeyLayout.known, chosen: KeyLayout? = nil,
        mapName: String? = nil
    ) {
        let size = keys.first?.count ?? 0
        let sized = (chosen.map { [$0] } ?? known).filter { $0.size == size }
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
            return
        }
        if candidates.isEmpty {
            // Any eight bytes are a cookie: most of them fitting says nothing.
            candidates = all.filter { $0.fitting * 2 > keys.count && $0.layout.naming != .socket }
        }
        candidates += Self.byteSwapped(candidates, keys)
        candidates.sort { ($0.fitting, $0.ordinaryPorts) > ($1.fitting, $1.ordinaryPorts) }
        if sized.isEmpty {
            evidence = "no declared layout has \(size)-byte keys"
        } else if candidates.isEmpty {
            let fits = all.map { "\($0.layout.name) fits \($0.fitting)" }
            evidence = "no declared layout fits all \(keys.count) keys: \(fits.joined(separator: ", "))"
        } else if candidates.count > 1 {
            let named = candidates.filter { mapName.map($0.layout.mapNames.contains) ?? false }
            if let mapName, named.count == 1, named[0].ordinaryPorts == candidates[0].ordinaryPorts {
                layout = named[0].layout
                evidence = "\(candidates.count) layouts fit, and \(named[0].layout.name)'s map is named \(mapName)"
            } else {
                evidence = Self.undecided(candidates, keys.count)
            }
        } else if candidates[0].layout.naming == .socket {
            evidence = "any \(size) bytes fit \(candidates[0].layout.name), so nothing speaks for it"
        } else {
            layout = candidates[0].layout
            let others = sized.count == 1 ? "" : "; no other declared layout of \(size) bytes fits"
            let count = candidates[0].fitting
            let fitting = count == keys.count ? "all \(count) keys have" : "\(count) of \(keys.count) keys have"
            evidence = "\(fitting) its fixed bytes, and plausible addresses and ports\(others)"
        }
    }

    /// Why nothing is taken, and what speaks for what.
    private static func undecided(_ candidates: [Candidate], _ count: Int) -> String {
        let best = candidates.filter { $0.ordinaryPorts == candidates[0].ordinaryPorts }
        let names = best.map(\.layout.name).joined(separator: " and ")
        var evidence = "\(candidates.count) layouts fit"
        if best.count < candidates.count {
            evidence += "; the ports speak for \(names)"
        } else {
            evidence += " alike"
        }
        if best.count == 2, best[0].layout.differsInEndsOnly(from: best[1].layout) {
            evidence += "; local or remote first: cannot be decided from the bytes"
        }
        return evidence
    }

    /// Readings with the ports' bytes the other way round, where they make connections out of what is none: nine of ten keys
    /// pair an ephemeral port with a lower one, and at most half do as declared.
    private static func byteSwapped(_ candidates: [Candidate], _ keys: [SockmapKey]) -> [Candidate] {
        guard keys.count >= 4, let best = candidates.map(\.ordinaryPorts).max(), best * 2 <= keys.count else {
            return []
        }
        return candidates.compactMap { $0.layout.byteSwapped }.map { candidate($0, keys) }.filter { swapped in
            swapped.ordinaryPorts * 10 >= keys.count * 9
                && !candidates.contains { $0.layout.hasSameFields(as: swapped.layout) }
        }
    }

    private static func candidate(_ layout: KeyLayout, _ keys: [SockmapKey]) -> Candidate {
        var candidate = Candidate(layout: layout)
        var portsOfKeys: [Set<UInt16>] = []
        var keysWith: [UInt16: Int] = [:]
        for key in keys {
            if layout.naming == .socket {
                if layout.cookie(key) != nil { candidate.fitting += 1 }
            } else if let claim = layout.decode(key), layout.misfit(key) == nil {
                candidate.fitting += 1
                let ports = Set([claim.local, claim.remote].filter { $0 != KeyLayout.unnamed }.map(\.port))
                portsOfKeys.append(ports)
                for port in ports { keysWith[port, default: 0] += 1 }
            }
        }
        candidate.ordinaryPorts = portsOfKeys.count { ports in
            let ephemeral = ports.filter { (LocalPorts.standard.low...LocalPorts.standard.high).contains($0) }
            guard ports.count == 2, ephemeral.count == 1, let client = ephemeral.first,
                let service = ports.first(where: { $0 != client })
            else { return false }
            return keysWith[client, default: 0] <= keysWith[service, default: 0]
        }
        let common = keysWith.filter { $0.value == candidate.fitting }
        if candidate.fitting > 2, common.count == 1 { candidate.commonPort = common.first?.key }
        return candidate
    }
}

extension KeyLayout {
    /// Why a key is none of this layout's; `nil`: it may be one.
    public func misfit(_ key: SockmapKey) -> String? {
        if naming == .socket { return cookie(key) == nil ? "its fixed bytes are others" : nil }
        guard let claim = decode(key) else { return "its fixed bytes are others" }
        let named = [("local", claim.local), ("remote", claim.remote)].filter { $0.1 != Self.unnamed }
        guard !named.isEmpty, named.count == 2 || naming == .oneEnd else { return "it names no connection" }
        for (side, end) in named {
            if end.port == 0 { return "\(side) port 0" }
            if !end.isPlausible { return "no host has the \(side) address \(end.address)" }
        }
        return nil
    }

    func hasSameFields(as other: KeyLayout) -> Bool {
        fields.count == other.fields.count
            && fields.allSatisfy { part in other.fields.contains { $0.offset == part.offset && $0.field == part.field }
            }
    }

    /// The same bytes with local and remote in each other's place.
    fileprivate func differsInEndsOnly(from other: KeyLayout) -> Bool {
        let turned = fields.map { part -> (offset: Int, field: Field) in
            switch part.field {
            case .localAddress(let encoding): (part.offset, .remoteAddress(encoding))
            case .remoteAddress(let encoding): (part.offset, .localAddress(encoding))
            case .localPort(let encoding): (part.offset, .remotePort(encoding))
            case .remotePort(let encoding): (part.offset, .localPort(encoding))
            default: part
            }
        }
        return size == other.size && other.hasSameFields(as: KeyLayout(name: name, size: size, fields: turned))
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
