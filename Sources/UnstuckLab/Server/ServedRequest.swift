/// As much of HTTP/1.x as a health check needs: a request line and headers, no body.
struct ServedRequest: Equatable {
    enum Parsed: Equatable {
        case incomplete
        /// The request, and how many bytes it took.
        case complete(ServedRequest, length: Int)
        case malformed
    }

    /// More header than this is refused.
    static let limit = 16 * 1024

    var method: String
    /// Before the question mark.
    var path: String
    /// Behind it, undecoded: `ms=100`.
    var query: [String: String]
    /// The client keeps the connection.
    var keepsAlive: Bool

    static func parse(_ bytes: some Collection<UInt8>) -> Parsed {
        let head = Array(bytes.prefix(limit))
        let end = Array("\r\n\r\n".utf8)
        guard let stop = head.indices.first(where: { head[$0...].starts(with: end) }) else {
            return head.count < limit ? .incomplete : .malformed
        }
        // In Swift a CR LF pair is one character.
        let lines = String(decoding: head[..<stop], as: UTF8.self).split(separator: "\r\n")
        let words = (lines.first ?? "").split(separator: " ")
        guard words.count == 3, words[2].hasPrefix("HTTP/1.") else { return .malformed }
        let target = words[1].split(separator: "?", maxSplits: 1)
        var query: [String: String] = [:]
        for pair in (target.count > 1 ? target[1] : "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            query[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
        }
        let connection = lines.dropFirst().map { $0.lowercased() }.first { $0.hasPrefix("connection:") } ?? ""
        let keepsAlive =
            words[2] == "HTTP/1.1" ? !connection.contains("close") : connection.contains("keep-alive")
        let request = ServedRequest(
            method: String(words[0]), path: target.first.map(String.init) ?? "/", query: query, keepsAlive: keepsAlive)
        return .complete(request, length: stop + end.count)
    }

    static func response(_ status: String, body: String, keepsAlive: Bool) -> [UInt8] {
        Array(
            """
            HTTP/1.1 \(status)\r
            Content-Type: text/plain\r
            Content-Length: \(body.utf8.count)\r
            Connection: \(keepsAlive ? "keep-alive" : "close")\r
            \r
            \(body)
            """.utf8)
    }
}
