import UnstuckFormats

/// What kubelet does with a redirect: it follows one to the same host, and lets one to another host pass unfollowed.
enum Redirect: Hashable, Sendable {
    case follow(ProbeURL)
    /// Passes, with a warning.
    case anotherHost(String)
    /// The same host, but something that this probe cannot speak to.
    case unsupported(String)
    case malformed(reason: String)

    /// - Parameters:
    ///   - location: the header's value.
    ///   - base: the request that was answered so.
    ///   - firstHost: the host that the probe was aimed at. kubelet compares with the first request, not the last.
    init(location: String, base: ProbeURL, firstHost: String) {
        // Go refuses control characters and escapes the rest when it writes the request; so do we with spaces.
        guard location.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            self = .malformed(reason: "net/url: invalid control character in URL")
            return
        }
        let text = Self.escaped(location)
        var rest = Substring(text)
        if let fragment = rest.firstIndex(of: "#") { rest = rest[..<fragment] }

        var scheme = "http"
        if let colon = rest.firstIndex(of: ":"), Self.isScheme(rest[..<colon]) {
            scheme = rest[..<colon].lowercased()
            rest = rest[rest.index(after: colon)...]
            guard rest.hasPrefix("//") else {
                self = .unsupported(location)
                return
            }
        }
        var authority = base.authority
        if rest.hasPrefix("//") {
            rest = rest.dropFirst(2)
            let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
            authority = String(rest[..<end])
            rest = rest[end...]
        } else {
            rest = Substring(Self.merge(base.requestTarget, rest))
        }
        guard let host = ProbeURL.split(authority)?.host else {
            self = .malformed(reason: "invalid host \(GoQuoting.quote(authority))")
            return
        }
        guard host == firstHost else {
            self = .anotherHost(location)
            return
        }
        guard scheme == "http" else {
            self = .unsupported(location)
            return
        }
        do {
            self = .follow(try ProbeURL(authority: authority, target: String(rest)))
        } catch {
            self = .malformed(reason: error.message)
        }
    }

    private static func isScheme(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, (first | 0x20) >= 0x61, (first | 0x20) <= 0x7A else { return false }
        return text.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == 0x2B || byte == 0x2D
                || byte == 0x2E
        }
    }

    /// A reference without an authority, resolved against the base's path (RFC 3986, 5.2).
    private static func merge(_ base: String, _ reference: Substring) -> String {
        let basePath = base.prefix { $0 != "?" }
        if reference.isEmpty { return base }
        if reference.first == "?" { return String(basePath + reference) }
        let query = reference.firstIndex(of: "?") ?? reference.endIndex
        var path = String(reference[..<query])
        if path.first != "/" {
            let directory = basePath.lastIndex(of: "/").map { basePath[...$0] } ?? "/"
            path = String(directory) + path
        }
        return withoutDots(path) + reference[query...]
    }

    private static func withoutDots(_ path: String) -> String {
        var kept: [Substring] = []
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        for (index, segment) in segments.enumerated() {
            let isLast = index == segments.count - 1
            switch segment {
            case ".":
                if isLast { kept.append("") }
            case "..":
                if !kept.isEmpty { kept.removeLast() }
                if isLast { kept.append("") }
            default:
                kept.append(segment)
            }
        }
        return "/" + kept.joined(separator: "/")
    }

    private static func escaped(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        for byte in text.utf8 {
            if (0x21...0x7E).contains(byte), byte != UInt8(ascii: "\"") {
                result.append(byte)
            } else {
                result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
