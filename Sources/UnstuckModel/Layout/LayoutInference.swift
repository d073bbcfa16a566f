/// Finds a layout that nobody declared, from live sockets alone: where each address and each port lies in the key, in
/// which byte order, and whose comes first. What could lie in two ways is not found: ambiguous means undecodable.
///
/// A part is taken for an address or a port if its bytes say so for nine of ten sockets (a cross-wired one says
/// something else), and if no other place in the key says it as well. Bytes that no part covers are held to what they
/// are in every key; where they differ nothing is concluded from them.
public struct LayoutInference: Sendable {
    public let layout: KeyLayout?
    /// What was found, or why nothing was.
    public let evidence: String

    /// Live sockets that it takes at least: fewer could agree by chance.
    public static let fewestSockets = 8
    /// Sockets that are looked at; more teach nothing new.
    private static let mostSockets = 4096

    public init(keySize: Int, parts: [[SockmapEntry]]) {
        do {
            let found = try Search(keySize: keySize, parts: parts).layout()
            layout = found
            evidence = found.summary
        } catch {
            layout = nil
            evidence = error.reason
        }
    }

    private struct NotFound: Error {
        var reason: String
    }

    /// The four things that a key has to tell.
    private enum Quantity: String, CaseIterable {
        case localAddress = "local address"
        case remoteAddress = "remote address"
        case localPort = "local port"
        case remotePort = "remote port"

        func address(_ tuple: FourTuple) -> IPAddress {
            self == .localAddress ? tuple.local.address : tuple.remote.address
        }
        func port(_ tuple: FourTuple) -> UInt16 { self == .localPort ? tuple.local.port : tuple.remote.port }

        func value(_ tuple: FourTuple) -> String {
            switch self {
            case .localAddress, .remoteAddress: "\(address(tuple))"
            case .localPort, .remotePort: "\(port(tuple))"
            }
        }

        /// Every way in which a key may tell it.
        var encodings: [KeyLayout.Field] {
            switch self {
            case .localAddress:
                [.localAddress(.v4), .localAddress(.v4Host), .localAddress(.padded16), .localAddress(.mapped16)]
            case .remoteAddress:
                [.remoteAddress(.v4), .remoteAddress(.v4Host), .remoteAddress(.padded16), .remoteAddress(.mapped16)]
            case .localPort: [.localPort(.network16), .localPort(.host16)]
            case .remotePort: [.remotePort(.network16), .remotePort(.host16)]
            }
        }
    }

    private struct Search {
        let size: Int
        /// Keys and tuples of live sockets.
        let known: [(key: SockmapKey, tuple: FourTuple)]
        let allKeys: [[SockmapEntry]]
        private var hasV6: Bool { known.contains { !$0.tuple.local.address.isV4 } }

        init(keySize: Int, parts: [[SockmapEntry]]) throws(NotFound) {
            size = keySize
            allKeys = parts
            let live = parts.joined().lazy.filter {
                $0.socket.liveness == .live && $0.socket.tuple.isComplete
            }
            known = live.prefix(LayoutInference.mostSockets).map { ($0.key, $0.socket.tuple) }
            guard known.count >= LayoutInference.fewestSockets else {
                throw NotFound(
                    reason: "\(known.count) live sockets are too few to infer a layout from "
                        + "(\(LayoutInference.fewestSockets) at least)")
            }
        }

        func layout() throws(NotFound) -> KeyLayout {
            var fields: [(offset: Int, field: KeyLayout.Field)] = []
            for quantity in Quantity.allCases { fields.append(try place(of: quantity)) }
            var covered = Set<Int>()
            for part in fields {
                let range = part.offset..<part.offset + part.field.width
                guard covered.isDisjoint(with: range) else {
                    throw NotFound(reason: "the parts that agree with the sockets overlap")
                }
                covered.formUnion(range)
            }
            let needsFamily = fields.contains { $0.field.needsFamily }
            var hasFamily = false
            for offset in 0..<size where !covered.contains(offset) {
                guard let rest = rest(at: offset) else { continue }
                if case .family = rest { hasFamily = true }
                fields.append((offset, rest))
            }
            guard hasFamily || !needsFamily else {
                throw NotFound(reason: "no byte of the key distinguishes IPv4 from IPv6")
            }
            return KeyLayout(name: "inferred", size: size, fields: fields.sorted { $0.offset < $1.offset })
        }

        /// Where a quantity lies, if it lies in one place and in one way.
        private func place(of quantity: Quantity) throws(NotFound) -> (offset: Int, field: KeyLayout.Field) {
            var places: [(offset: Int, field: KeyLayout.Field)] = []
            for field in quantity.encodings where isNeeded(field) {
                for offset in 0...max(size - field.width, 0) where offset + field.width <= size {
                    if agrees(field, at: offset, with: quantity) { places.append((offset, field)) }
                }
            }
            // A mapped address ends in what a plain one is.
            if let mapped = places.first(where: { $0.field.isMapped }) {
                places.removeAll { $0.offset == mapped.offset + 12 && $0.field.width == 4 }
            }
            guard let first = places.first else {
                throw NotFound(reason: "no place in the key holds the \(quantity.rawValue) of the sockets")
            }
            guard places.count == 1 else {
                let bytes = places.prefix(4).map { "byte \($0.offset)" }
                let isOneValue = Set(known.map { quantity.value($0.tuple) }).count == 1
                throw NotFound(
                    reason: "the \(quantity.rawValue) could lie in \(places.count) ways ("
                        + "\(bytes.joined(separator: ", "))\(isOneValue ? "; all sockets have the same" : ""))"
                )
            }
            return first
        }

        /// Sixteen bytes are tried for what four cannot hold; the mapped form, which marks itself, always.
        private func isNeeded(_ field: KeyLayout.Field) -> Bool {
            guard case .localAddress(let encoding) = field.asLocal else { return true }
            switch encoding {
            case .v4, .v4Host: return !hasV6
            case .padded16: return hasV6
            case .mapped16: return true
            }
        }

        private func agrees(_ field: KeyLayout.Field, at offset: Int, with quantity: Quantity) -> Bool {
            let allowed = known.count / 10
            var misses = 0
            for (key, tuple) in known {
                let isRight: Bool
                switch field {
                case .localAddress(let encoding), .remoteAddress(let encoding):
                    let wanted = quantity.address(tuple)
                    isRight = encoding.decode(key, offset, isV6: !wanted.isV4) == wanted
                case .localPort(let encoding), .remotePort(let encoding):
                    isRight = encoding.decode(key, offset) == quantity.port(tuple)
                default: isRight = false
                }
                if !isRight { misses += 1 }
                if misses > allowed { return false }
            }
            return true
        }

        /// What a byte that no part covers has to be: `nil` for 0.
        private func rest(at offset: Int) -> KeyLayout.Field? {
            var values = Set<UInt8>()
            for part in allKeys {
                for entry in part { values.insert(entry.key[offset]) }
                if values.count > 2 { return .opaque(width: 1) }
            }
            if values == [0] { return nil }
            if values.count == 1, let only = values.first { return .oneOf(only, only) }
            let ofV4 = Set(known.filter { $0.tuple.local.address.isV4 }.map { $0.key[offset] })
            let ofV6 = Set(known.filter { !$0.tuple.local.address.isV4 }.map { $0.key[offset] })
            if let v4 = ofV4.first, let v6 = ofV6.first, ofV4.count == 1, ofV6.count == 1, v4 != v6 {
                return .family(width: 1, v4: v4, v6: v6)
            }
            return .opaque(width: 1)
        }
    }
}

extension KeyLayout.Field {
    fileprivate var isMapped: Bool { self == .localAddress(.mapped16) || self == .remoteAddress(.mapped16) }
    fileprivate var needsFamily: Bool { self == .localAddress(.padded16) || self == .remoteAddress(.padded16) }

    /// An address, of anyone.
    fileprivate var asLocal: KeyLayout.Field {
        if case .remoteAddress(let encoding) = self { .localAddress(encoding) } else { self }
    }
}
