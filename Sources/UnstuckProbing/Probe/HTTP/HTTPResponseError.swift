import UnstuckFormats

/// Why bytes are no HTTP/1.x response. The words are those of Go's client, which kubelet repeats.
public enum HTTPResponseError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The connection ended before the first byte.
    case closedBeforeResponse
    /// The connection ended in the middle of status line or headers, or of the body.
    case endedInHead, endedInBody
    case malformedStatusLine([UInt8])
    case malformedVersion([UInt8])
    case malformedStatusCode([UInt8])
    case malformedHeader([UInt8])
    case headTooLong(limit: Int)
    case tooManyInterimResponses
    case badContentLength([UInt8])
    case conflictingContentLengths
    case unsupportedTransferEncoding([UInt8])
    case malformedChunk(String)

    /// Whether it was found only after the headers: kubelet words that differently, and tries again.
    public var isInBody: Bool {
        switch self {
        case .endedInBody, .malformedChunk: true
        default: false
        }
    }

    public var description: String {
        switch self {
        case .closedBeforeResponse: "EOF"
        case .endedInHead, .endedInBody: "unexpected EOF"
        case .malformedStatusLine(let line): "malformed HTTP response \(GoQuoting.quote(line))"
        case .malformedVersion(let text): "malformed HTTP version \(GoQuoting.quote(text))"
        case .malformedStatusCode(let text): "malformed HTTP status code \(GoQuoting.quote(text))"
        case .malformedHeader(let line): Self.malformedHeader(line)
        case .headTooLong(let limit): "net/http: server response headers exceeded \(limit) bytes; aborted"
        case .tooManyInterimResponses: "net/http: too many 1xx informational responses"
        case .badContentLength(let text): "bad Content-Length \(GoQuoting.quote(text))"
        case .conflictingContentLengths: "http: message cannot contain multiple Content-Length headers"
        case .unsupportedTransferEncoding(let text): "unsupported transfer encoding: \(GoQuoting.quote(text))"
        case .malformedChunk(let reason): reason
        }
    }

    /// Go quotes one of them only (net/textproto, `ReadMIMEHeader`). What acts on a terminal is escaped in all.
    private static func malformedHeader(_ line: [UInt8]) -> String {
        let quoted = GoQuoting.quote(line)
        guard line.first == 0x20 || line.first == 0x09 || line.contains(UInt8(ascii: ":")) else {
            return "malformed MIME header: missing colon: \(quoted)"
        }
        let most = 200
        let text = GoQuoting.quote(Array(line.prefix(most))).dropFirst().dropLast()
        let more = line.count > most ? " (and \(line.count - most) bytes more)" : ""
        return
            "malformed MIME header \(line.first == 0x20 || line.first == 0x09 ? "initial line" : "line"): \(text)\(more)"
    }
}
