/// Turns the bytes of an HTTP/1.x response into a value, however they are cut into pieces.
///
/// It reads what Go's client reads (bare LF, folded headers, interim responses) and refuses what that refuses, because
/// the probe must agree with kubelet about every server. It does no I/O, allocates no more than its limits allow, and
/// never traps, whatever arrives.
public struct HTTPResponseParser: Sendable {
    public struct Limits: Sendable {
        /// Status line and headers together; Go's default.
        public var headBytes = 10 << 20
        /// kubelet reads no more of a body, and is content with that.
        public var bodyBytes = 10 << 10
        public init() {}
    }

    /// `nil` until the headers are complete.
    public private(set) var head: HTTPResponseHead?
    public private(set) var body: [UInt8] = []
    /// The body was cut at the limit: there may be more of it.
    public private(set) var isBodyTruncated = false
    public var isComplete: Bool { state == .complete }
    /// Whether anything arrived at all.
    public private(set) var hasBegun = false

    private enum State: Equatable {
        case statusLine, headers
        case fixedBody(remaining: Int)
        case untilClose
        case chunkSize, chunkData(remaining: Int), chunkEnd, trailers
        case complete
        case failed(HTTPResponseError)
    }

    private let limits: Limits
    private var state = State.statusLine
    private var line: [UInt8] = []
    private var headSize = 0
    private var interimResponses = 0
    private var partial = HTTPResponseHead(version: "", status: 0, headers: [])

    /// Go's limit for one line of a chunked body.
    private static let chunkLineLimit = 4096
    private static let interimLimit = 5

    public init(limits: Limits = Limits()) { self.limits = limits }

    /// Takes the next bytes. Those behind the end of the response are ignored.
    public mutating func consume(_ bytes: some Sequence<UInt8>) throws(HTTPResponseError) {
        if case .failed(let error) = state { throw error }
        for byte in bytes {
            hasBegun = true
            if isComplete { return }
            do {
                try consume(byte)
            } catch {
                state = .failed(error)
                throw error
            }
        }
    }

    /// The peer closed: the end of some bodies, too early for everything else.
    public mutating func finish() throws(HTTPResponseError) {
        switch state {
        case .complete: return
        case .untilClose: state = .complete
        case .failed(let error): throw error
        case .statusLine, .headers:
            let error = hasBegun ? endInHead : .closedBeforeResponse
            state = .failed(error)
            throw error
        case .fixedBody, .chunkSize, .chunkData, .chunkEnd, .trailers:
            state = .failed(.endedInBody)
            throw .endedInBody
        }
    }

    /// Go reads a status line that the end cuts off as one: what speaks another protocol is named by its bytes.
    private var endInHead: HTTPResponseError {
        guard state == .statusLine, !line.isEmpty else { return .endedInHead }
        var other = self
        do { try other.readStatusLine(line) } catch { return error }
        return .endedInHead
    }

    private mutating func consume(_ byte: UInt8) throws(HTTPResponseError) {
        switch state {
        case .statusLine, .headers, .trailers:
            headSize += 1
            guard headSize <= limits.headBytes else { throw .headTooLong(limit: limits.headBytes) }
            guard let line = takeLine(byte) else { return }
            switch state {
            case .statusLine: try readStatusLine(line)
            case .headers: try readHeaderLine(line)
            default: if line.isEmpty { state = .complete }
            }
        case .fixedBody(let remaining):
            state = remaining > 1 ? .fixedBody(remaining: remaining - 1) : .complete
            append(byte)
        case .untilClose:
            append(byte)
        case .chunkSize, .chunkEnd:
            guard line.count < Self.chunkLineLimit else { throw .malformedChunk("header line too long") }
            guard let line = takeLine(byte) else { return }
            if state == .chunkSize {
                try readChunkSize(line)
            } else {
                guard line.isEmpty else { throw .malformedChunk("malformed chunked encoding") }
                state = .chunkSize
            }
        case .chunkData(let remaining):
            state = remaining > 1 ? .chunkData(remaining: remaining - 1) : .chunkEnd
            append(byte)
        case .complete, .failed:
            return
        }
    }

    /// The line that this byte ends, without its line break.
    private mutating func takeLine(_ byte: UInt8) -> [UInt8]? {
        guard byte == UInt8(ascii: "\n") else {
            line.append(byte)
            return nil
        }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        defer { line.removeAll(keepingCapacity: true) }
        return line
    }

    /// The bytes of a body that are wanted; at the limit the rest does not matter any more.
    private mutating func append(_ byte: UInt8) {
        body.append(byte)
        guard body.count >= limits.bodyBytes, state != .complete else { return }
        isBodyTruncated = true
        state = .complete
    }

    private mutating func readStatusLine(_ line: [UInt8]) throws(HTTPResponseError) {
        let space = UInt8(ascii: " ")
        guard let end = line.firstIndex(of: space) else { throw .malformedStatusLine(line) }
        let version = line[..<end]
        let rest = line[end...].drop { $0 == space }
        let code = rest.prefix { $0 != space }
        guard code.count == 3, code.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw .malformedStatusCode(Array(code))
        }
        let form = Array(version)
        guard form.count == 8, form.starts(with: "HTTP/".utf8), form[6] == UInt8(ascii: "."),
            (0x30...0x39).contains(form[5]), (0x30...0x39).contains(form[7])
        else { throw .malformedVersion(form) }
        partial = HTTPResponseHead(
            version: String(decoding: form, as: UTF8.self),
            status: code.reduce(0) { $0 * 10 + Int($1 - 0x30) },
            headers: [])
        state = .headers
    }

    private mutating func readHeaderLine(_ line: [UInt8]) throws(HTTPResponseError) {
        guard let first = line.first else {
            try finishHead()
            return
        }
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        if isBlank(first) {
            // A folded line continues the value before it.
            guard let last = partial.headers.indices.last else { throw .malformedHeader(line) }
            let text = try Self.value(line[...], in: line)
            partial.headers[last].value += " " + text
            return
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0,
            line[..<colon].allSatisfy(HTTPHeader.isTokenByte)
        else { throw .malformedHeader(line) }
        let name = String(decoding: line[..<colon], as: UTF8.self)
        partial.headers.append(HTTPHeader(name, try Self.value(line[(colon + 1)...], in: line)))
    }

    private static func value(
        _ bytes: ArraySlice<UInt8>, in line: [UInt8]
    ) throws(HTTPResponseError) -> String {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        var trimmed = bytes.drop(while: isBlank)
        while let last = trimmed.last, isBlank(last) { trimmed.removeLast() }
        guard trimmed.allSatisfy({ $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) }) else { throw .malformedHeader(line) }
        return String(decoding: trimmed, as: UTF8.self)
    }

    private mutating func finishHead() throws(HTTPResponseError) {
        if partial.isInterim {
            interimResponses += 1
            guard interimResponses <= Self.interimLimit else { throw .tooManyInterimResponses }
            state = .statusLine
            return
        }
        let framing = try BodyFraming(partial)
        head = partial
        switch framing {
        case .none, .fixed(0): state = .complete
        case .fixed(let length): state = .fixedBody(remaining: length)
        case .chunked: state = .chunkSize
        case .untilClose: state = .untilClose
        }
    }

    private mutating func readChunkSize(_ line: [UInt8]) throws(HTTPResponseError) {
        var digits = line.prefix { $0 != UInt8(ascii: ";") }
        while let last = digits.last, last == 0x20 || last == 0x09 { digits.removeLast() }
        guard !digits.isEmpty else { throw .malformedChunk("empty hex number for chunk length") }
        var size = 0
        for (index, digit) in digits.enumerated() {
            guard let value = Character(Unicode.Scalar(digit)).hexDigitValue else {
                throw .malformedChunk("invalid byte in chunk length")
            }
            // Fifteen digits are 60 bits: the sum below cannot overflow.
            guard index < 15 else { throw .malformedChunk("http chunk length too large") }
            size = size << 4 | value
        }
        state = size == 0 ? .trailers : .chunkData(remaining: size)
    }
}
