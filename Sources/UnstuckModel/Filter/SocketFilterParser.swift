/// Reads a filter's text:
/// ```
/// any     = all { "or" all }
/// all     = one { ["and"] one }
/// one     = "not" one | "(" any ")" | term
/// term    = "state" STATE | "exclude" STATE | STATE | "ipv4" | "ipv6"
///         | ("src" | "dst" | "addr") ["=" | "!="] PLACE
///         | ("sport" | "dport" | "port") [COMPARISON] PORTS
///         | ("pod" | "process") ["=" | "!="] NAME | ("pid" | "netns") ["=" | "!="] NUMBER
///         | FIELD COMPARISON VALUE | PLACE ["->" PLACE]
/// PLACE   = ADDRESS ["/" LENGTH] [":" PORTS] | ":" PORTS
/// ```
public struct SocketFilterParser {
    private let tokens: [FilterToken]
    private var at = 0
    private var depth = 0

    /// Parentheses and `not` within each other.
    private static let deepest = 100

    private init(_ tokens: [FilterToken]) { self.tokens = tokens }

    /// - Parameter text: an empty one takes everything.
    /// - Throws: `FilterError` with the place.
    public static func parse(_ text: String) throws(FilterError) -> SocketFilter {
        var parser = SocketFilterParser(try FilterToken.all(in: text))
        guard parser.current.kind != .end else { return .all }
        let filter = try parser.any()
        guard parser.current.kind == .end else {
            throw parser.error("expected \"and\", \"or\" or the end, not \(parser.current.text)")
        }
        return filter
    }

    private var current: FilterToken { tokens[at] }

    private func error(_ message: String) -> FilterError { FilterError(current.offset, message) }

    private mutating func take(_ words: String...) -> Bool {
        switch current.kind {
        case .word(let word) where words.contains(word.lowercased()), .sign(let word) where words.contains(word):
            at += 1
            return true
        default: return false
        }
    }

    // MARK: Connections of terms

    private mutating func any() throws(FilterError) -> SocketFilter {
        var filter = try all()
        while take("or", "||", "|") { filter = .or(filter, try all()) }
        return filter
    }

    private mutating func all() throws(FilterError) -> SocketFilter {
        var filter = try one()
        while true {
            if take("and", "&&", "&") {
                filter = .and(filter, try one())
            } else if beginsTerm {
                filter = .and(filter, try one())
            } else {
                return filter
            }
        }
    }

    /// Whether another term follows without a word between.
    private var beginsTerm: Bool {
        switch current.kind {
        case .end: false
        case .sign(let sign): sign == "(" || sign == "!"
        case .word(let word): !["or"].contains(word.lowercased())
        case .quoted: false
        }
    }

    private mutating func one() throws(FilterError) -> SocketFilter {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw error("too many parentheses within each other") }
        if take("not", "!") { return .not(try one()) }
        guard take("(") else { return try term() }
        let filter = try any()
        guard take(")") else { throw error("expected ')', not \(current.text)") }
        return filter
    }

    // MARK: Terms

    private mutating func term() throws(FilterError) -> SocketFilter {
        guard case .word(let word) = current.kind else {
            throw error("expected a condition, such as \"state established\" or \"port 8080\", not \(current.text)")
        }
        let name = word.lowercased()
        switch name {
        case "state", "exclude":
            at += 1
            let states = try states()
            return name == "state" ? .state(states) : .not(.state(states))
        case "ipv4", "ipv6":
            at += 1
            return .isFamily(v4: name == "ipv4")
        case "src", "dst", "addr":
            at += 1
            return try negatable { (parser) throws(FilterError) in
                try parser.place(name == "src" ? .local : name == "dst" ? .remote : .either)
            }
        case "sport", "dport", "port":
            at += 1
            return try port(name == "sport" ? .local : name == "dport" ? .remote : .either)
        case "pod", "process", "netns":
            at += 1
            return try negatable { (parser) throws(FilterError) in
                let text = try parser.text("a name")
                switch name {
                case "pod": return .pod(NamePattern(text))
                case "process": return .process(NamePattern(text))
                default: return .namespace(text)
                }
            }
        case "pid":
            at += 1
            return try negatable { (parser) throws(FilterError) in
                let place = parser.at
                guard let pid = Int32(try parser.text("a process id")), pid > 0 else {
                    throw FilterError(parser.tokens[place].offset, "\(parser.tokens[place].text) is no process id")
                }
                return .pid(pid)
            }
        default: break
        }
        if let states = Self.states[Self.plain(name)] {
            at += 1
            return .state(states)
        }
        if let field = SocketField.position(of: word) {
            at += 1
            return try comparison(field)
        }
        return try places()
    }

    /// A condition behind an optional `=` or `!=`.
    private mutating func negatable(
        _ body: (inout SocketFilterParser) throws(FilterError) -> SocketFilter
    ) throws(FilterError) -> SocketFilter {
        if take("!=", "ne") { return .not(try body(&self)) }
        _ = take("=", "==", "eq")
        return try body(&self)
    }

    private mutating func text(_ what: String) throws(FilterError) -> String {
        switch current.kind {
        case .word(let text), .quoted(let text):
            guard !text.isEmpty else { throw error("expected \(what), not an empty text") }
            at += 1
            return text
        default: throw error("expected \(what), not \(current.text)")
        }
    }

    // MARK: States

    private mutating func states() throws(FilterError) -> Set<TCPState> {
        guard case .word(let word) = current.kind, let states = Self.states[Self.plain(word.lowercased())] else {
            throw error(
                "\(current.text) is no state; there are: established, syn-sent, syn-recv, fin-wait-1, fin-wait-2, time-wait, "
                    + "close, close-wait, last-ack, listening, closing, connected, synchronized, all")
        }
        at += 1
        return states
    }

    /// Without what people write differently: `FIN-WAIT-1`, `FIN_WAIT1`.
    private static func plain(_ name: String) -> String { String(name.filter { $0 != "-" && $0 != "_" }) }

    /// Those of `ss`, and of the kernel.
    private static let states: [String: Set<TCPState>] = {
        let handshakes: Set<TCPState> = [.synReceived, .newSynReceived]
        let every = Set((1...12).map { TCPState(rawValue: $0) })
        let connected = every.subtracting([.listen, .close])
        return [
            "established": [.established], "estab": [.established], "synsent": [.synSent], "synrecv": handshakes,
            "finwait1": [.finWait1], "finwait2": [.finWait2], "timewait": [.timeWait], "close": [.close],
            "closed": [.close], "closewait": [.closeWait], "lastack": [.lastAck], "listen": [.listen],
            "listening": [.listen], "closing": [.closing], "all": every, "connected": connected,
            "synchronized": connected.subtracting([.synSent]), "bucket": handshakes.union([.timeWait]),
            "big": every.subtracting([.timeWait, .newSynReceived]),
        ]
    }()

    // MARK: Ports

    private mutating func port(_ side: SocketFilter.Side) throws(FilterError) -> SocketFilter {
        let comparison = takeComparison() ?? .equal
        let place = current
        var text = try text("a port")
        if text.hasPrefix(":") { text.removeFirst() }
        let ports = try Self.ports(text, place)
        switch comparison {
        case .equal: return .port(side, ports)
        case .unequal: return .not(.port(side, ports))
        default: break
        }
        guard ports.lowerBound == ports.upperBound else {
            throw FilterError(place.offset, "a range of ports is compared by '=' or '!=' only")
        }
        let port = ports.lowerBound
        switch comparison {
        case .less where port == 0, .greater where port == .max: return .not(.all)
        case .less: return .port(side, 0...(port - 1))
        case .lessOrEqual: return .port(side, 0...port)
        case .greater: return .port(side, (port + 1)...(.max))
        default: return .port(side, port...(.max))
        }
    }

    /// `80`, `8000-8100`, `*`.
    private static func ports(_ text: String, _ place: FilterToken) throws(FilterError) -> ClosedRange<UInt16> {
        if text == "*" { return 0...UInt16.max }
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let numbers = parts.compactMap { $0.utf8.allSatisfy { (48...57).contains($0) } ? UInt16($0) : nil }
        guard numbers.count == parts.count, let first = numbers.first, let last = numbers.last else {
            throw FilterError(
                place.offset, "\"\(safeText(text))\" is no port (0 to 65535) and no range of ports (8000-8100)")
        }
        guard first <= last else {
            throw FilterError(place.offset, "the range of ports \(first)-\(last) ends before it begins")
        }
        return first...last
    }

    private mutating func takeComparison() -> SocketFilter.Comparison? {
        let signs: [(SocketFilter.Comparison, [String])] = [
            (.equal, ["=", "==", "eq"]), (.unequal, ["!=", "ne"]), (.lessOrEqual, ["<=", "le"]),
            (.greaterOrEqual, [">=", "ge"]), (.less, ["<", "lt"]), (.greater, [">", "gt"]),
        ]
        let text: String
        switch current.kind {
        case .sign(let sign): text = sign
        case .word(let word): text = word.lowercased()
        default: return nil
        }
        guard let found = signs.first(where: { $0.1.contains(text) }) else { return nil }
        at += 1
        return found.0
    }

    // MARK: Addresses

    /// `ADDRESS/LENGTH:PORTS` of one side.
    private mutating func place(_ side: SocketFilter.Side) throws(FilterError) -> SocketFilter {
        let token = current
        let text = try text("an address")
        guard let filter = try Self.place(text, token, side) else {
            throw FilterError(
                token.offset,
                "\(token.text) is no address, prefix (10.0.0.0/8) or end (192.0.2.1:80, [2001:db8::1]:80, :80)")
        }
        return filter
    }

    /// - Returns: `nil`: no address is in it.
    private static func place(_ text: String, _ token: FilterToken, _ side: SocketFilter.Side) throws(FilterError)
        -> SocketFilter?
    {
        if let prefix = AddressPrefix(text) { return .address(side, prefix) }
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let host = String(text[..<colon])
        // An IPv6 address is reported from its port by brackets alone.
        guard !host.contains(":") || host.hasPrefix("[") else { return nil }
        let isAnywhere = host.isEmpty || host == "*"
        let prefix = AddressPrefix(host)
        guard isAnywhere || prefix != nil else { return nil }
        let ports = SocketFilter.port(side, try ports(String(text[text.index(after: colon)...]), token))
        guard let prefix else { return ports }
        guard side == .either, case .port(_, let range) = ports else { return .and(.address(side, prefix), ports) }
        // Address and port of the same end.
        return .or(
            .and(.address(.local, prefix), .port(.local, range)), .and(.address(.remote, prefix), .port(.remote, range))
        )
    }

    /// An end of a connection, or both: `192.0.2.10:50504 -> 203.0.113.7:8080`.
    private mutating func places() throws(FilterError) -> SocketFilter {
        let token = current
        let text = try text("a condition")
        guard let filter = try Self.place(text, token, .either) else {
            throw FilterError(
                token.offset,
                "\(token.text) is no condition: those are states, addresses, ports, pod, process, pid, netns and the fields "
                    + "of the JSON output (recv_q > 0)")
        }
        guard take("->", "<-") else { return filter }
        let other = current
        guard let one = Endpoint(text), let second = Endpoint(try self.text("an address and a port")) else {
            throw FilterError(
                Endpoint(text) == nil ? token.offset : other.offset,
                "both ends of a connection are an address and a port: 192.0.2.10:50504 -> 203.0.113.7:8080")
        }
        return .tuple(FourTuple(local: one, remote: second))
    }

    // MARK: Fields

    private mutating func comparison(_ field: Int) throws(FilterError) -> SocketFilter {
        guard let comparison = takeComparison() else {
            throw error("expected a comparison, such as \"> 0\", not \(current.text)")
        }
        let place = current
        let text = try text("a number")
        guard let value = Self.value(text, SocketField.all[field].unit) else {
            throw FilterError(place.offset, "\(place.text) is no number of \(SocketField.all[field].unit.rawValue)")
        }
        return .field(field, comparison, value)
    }

    /// A bare number is in the field's own unit.
    private static func value(_ text: String, _ unit: SocketField.Unit) -> UInt64? {
        if !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) { return UInt64(text) }
        switch unit {
        case .microseconds, .milliseconds:
            let scale = unit == .microseconds ? 1e6 : 1e3
            if text.hasSuffix("us"), let number = UInt64(text.dropLast(2)) {
                return unit == .microseconds ? number : number / 1000
            }
            return DurationArgument(argument: text).map { UInt64(($0.seconds * scale).rounded()) }
        case .bytes, .rate:
            let factors: [Character: UInt64] = ["k": 1 << 10, "m": 1 << 20, "g": 1 << 30]
            guard let last = text.lowercased().last, let factor = factors[last], let number = UInt64(text.dropLast())
            else { return nil }
            let (product, overflow) = number.multipliedReportingOverflow(by: factor)
            return overflow ? nil : product
        case .segments, .count: return nil
        }
    }
}
