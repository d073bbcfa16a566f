/// How the end of a body is found (RFC 9112, 6.3), with Go's refusals.
enum BodyFraming: Hashable, Sendable {
    case none
    case fixed(Int)
    case chunked
    case untilClose

    init(_ head: HTTPResponseHead) throws(HTTPResponseError) {
        // HTTP/1.0 knows no transfer encoding: Go ignores the header there.
        let encodings = head.version == "HTTP/1.0" ? [] : head.values(of: "Transfer-Encoding")
        if let encoding = encodings.first {
            guard encodings.count == 1, encoding.lowercased() == "chunked" else {
                throw .unsupportedTransferEncoding(Array(encodings.joined(separator: ", ").utf8))
            }
            self = head.hasNoBody ? .none : .chunked
            return
        }
        let lengths = head.values(of: "Content-Length")
        guard Set(lengths).count <= 1 else { throw .conflictingContentLengths }
        let length = try lengths.first.map(Self.number)
        if head.hasNoBody {
            self = .none
        } else if let length {
            self = .fixed(length)
        } else {
            self = .untilClose
        }
    }

    private static func number(_ text: String) throws(HTTPResponseError) -> Int {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Int(text) else {
            throw .badContentLength(Array(text.utf8))
        }
        return value
    }
}
