import UnstuckFormats
import UnstuckModel

/// Where an HTTP probe goes: `http://` with an IP address. Kept as it was spelled, because kubelet's words repeat it.
public struct ProbeURL: Hashable, Sendable, CustomStringConvertible {
    public let endpoint: Endpoint
    /// `203.0.113.10:8080`, `[2001:db8::1]`: as spelled; the default Host header.
    public let authority: String
    /// Path and query as the request line carries them; never empty.
    public let requestTarget: String
    private let spelledTarget: String

    public var description: String { "http://" + authority + spelledTarget }

    /// The host without brackets and port: what kubelet compares when a server redirects.
    public var hostname: String { Self.split(authority)?.host ?? authority }

    /// Reads `http://IP[:PORT][/path][?query]`, or the same without the scheme.
    public init(_ text: String) throws(ProbeError) {
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw ProbeError(
                .usage, "\(GoQuoting.quote(text)): write spaces and special characters as %20 and the like")
        }
        var rest = Substring(text)
        var path = "/"  // kubelet's own, where only address and port are given
        if let scheme = text.firstRange(ofASCII: "://") {
            let name = text[..<scheme.lowerBound].lowercased()
            guard name != "https" else {
                throw ProbeError(.unsupported, "\(text): only http://, this probe has no TLS")
            }
            guard name == "http" else { throw ProbeError(.unsupported, "\(text): only http:// can be probed") }
            rest = text[scheme.upperBound...]
            path = ""
        }
        if let fragment = rest.firstIndex(of: "#") { rest = rest[..<fragment] }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        if end < rest.endIndex { path = String(rest[end...]) }
        try self.init(authority: String(rest[..<end]), target: path)
    }

    /// - Parameter target: path and query; may be empty.
    init(authority: String, target: String) throws(ProbeError) {
        guard !authority.contains("@") else {
            throw ProbeError(.unsupported, "\(authority): user names in a URL are not supported; use --header")
        }
        guard let (host, port) = Self.split(authority), !host.isEmpty else {
            throw ProbeError(.usage, "\(GoQuoting.quote(authority)) is not an address: write IP:PORT or [IPv6]:PORT")
        }
        guard let address = IPAddress(host) else { throw Self.notAnAddress(host) }
        guard (authority.first == "[") == host.contains(":") else {
            throw ProbeError(.usage, "\(authority): write an IPv6 address in brackets, [\(host)]")
        }
        var number: UInt16 = 80
        if let port {
            guard let value = UInt16(port), value > 0, port.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                throw ProbeError(.usage, "\(authority): the port must be a number from 1 to 65535")
            }
            number = value
        }
        endpoint = Endpoint(address, number)
        self.authority = authority
        spelledTarget = target
        requestTarget = target.first == "/" ? target : "/" + target
    }

    private static func notAnAddress(_ host: String) -> ProbeError {
        if host.contains("%") {
            return ProbeError(.unsupported, "\(host): addresses with a zone (fe80::1%eth0) are not supported")
        }
        if host.contains(":") { return ProbeError(.usage, "\(host) is not an IPv6 address") }
        return ProbeError(
            .unsupported,
            "\(host) is not an IP address; the probe takes IP addresses only, because a fully static program cannot use the "
                + "system's resolver. Resolve it first: getent ahosts \(host)")
    }

    /// Host without brackets, and the port's text. `nil` where the brackets or colons make no sense.
    static func split(_ authority: String) -> (host: String, port: String?)? {
        if authority.first == "[" {
            guard let close = authority.firstIndex(of: "]") else { return nil }
            let host = String(authority[authority.index(after: authority.startIndex)..<close])
            let rest = authority[authority.index(after: close)...]
            if rest.isEmpty { return (host, nil) }
            guard rest.first == ":" else { return nil }
            return (host, String(rest.dropFirst()))
        }
        guard let colon = authority.lastIndex(of: ":") else { return (authority, nil) }
        // Several colons without brackets: an IPv6 address that forgot them; say so, with the whole of it.
        if authority.firstIndex(of: ":") != colon { return (authority, nil) }
        return (String(authority[..<colon]), String(authority[authority.index(after: colon)...]))
    }
}

extension String {
    func firstRange(ofASCII needle: String) -> Range<String.Index>? {
        var position = startIndex
        while position < endIndex {
            if self[position...].hasPrefix(needle) {
                return position..<index(position, offsetBy: needle.count)
            }
            position = index(after: position)
        }
        return nil
    }
}
