import Testing

@testable import UnstuckProbing

/// Responses that are good, each with what it means, and BAD ones, each with Go's words for it.
@Suite struct HTTPResponseParserTests {
    struct Good: Sendable, CustomTestStringConvertible {
        var name: String
        var text: String
        var status: Int
        var body = ""
        /// The end of the connection ends the response.
        var endsByClose = false
        var testDescription: String { name }
    }

    static let good: [Good] = [
        Good(name: "length", text: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", status: 200, body: "ok"),
        Good(name: "no reason", text: "HTTP/1.1 204\r\n\r\n", status: 204),
        Good(name: "bare line feeds", text: "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", status: 200, body: "ok"),
        Good(
            name: "1.0 until close", text: "HTTP/1.0 200 OK\r\n\r\nhello", status: 200, body: "hello", endsByClose: true
        ),
        Good(
            name: "chunked",
            text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x=1\r\nabcd\r\nA \r\n0123456789\r\n0\r\n\r\n",
            status: 200, body: "abcd0123456789"),
        Good(
            name: "chunked beats length and has trailers",
            text:
                "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n",
            status: 200, body: "a"),
        Good(
            name: "1.0 ignores transfer encoding", text: "HTTP/1.0 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx",
            status: 200,
            body: "x", endsByClose: true),
        Good(
            name: "interim responses",
            text:
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: a\r\n\r\nHTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n",
            status: 500),
        Good(name: "101 is an answer", text: "HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n", status: 101),
        Good(name: "304 has no body", text: "HTTP/1.1 304 Same\r\nContent-Length: 99\r\n\r\n", status: 304),
        Good(
            name: "the same length twice", text: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nz",
            status: 200, body: "z"),
        Good(
            name: "folded", text: "HTTP/1.1 200 OK\r\nX-Long: a\r\n \tb\r\nContent-Length: 0\r\n\r\n", status: 200),
        Good(
            name: "more behind the end", text: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 500", status: 200),
    ]

    static let bad: [(text: String, words: String)] = [
        ("", "EOF"),
        ("HTTP/1.1 100 Continue\r\n\r\n", "unexpected EOF"),
        ("\r\n", "malformed HTTP response \"\""),
        ("SSH-2.0-OpenSSH_9.2\r\n", "malformed HTTP response \"SSH-2.0-OpenSSH_9.2\""),
        ("HTTP/1.1 20 OK\r\n", "malformed HTTP status code \"20\""),
        ("HTTP/1.1 2000 OK\r\n", "malformed HTTP status code \"2000\""),
        ("HTTP/1.1 +20 OK\r\n", "malformed HTTP status code \"+20\""),
        ("HTTP/1 200 OK\r\n", "malformed HTTP version \"HTTP/1\""),
        ("HTTP/11.1 200 OK\r\n", "malformed HTTP version \"HTTP/11.1\""),
        ("ICY/1.1 200 OK\r\n", "malformed HTTP version \"ICY/1.1\""),
        ("HTTP/1.1 200 OK\r\n leading\r\n\r\n", "malformed MIME header initial line:  leading"),
        ("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "malformed MIME header: missing colon: \"no colon\""),
        ("HTTP/1.1 200 OK\r\n: empty\r\n\r\n", "malformed MIME header line: : empty"),
        ("HTTP/1.1 200 OK\r\nA B: c\r\n\r\n", "malformed MIME header line: A B: c"),
        ("HTTP/1.1 200 OK\r\nA: \u{1B}[31m\r\n\r\n", "malformed MIME header line: A: \\x1b[31m"),
        ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "bad Content-Length \"-1\""),
        ("HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", "bad Content-Length \"\""),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
            "bad Content-Length \"99999999999999999999\""
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "http: message cannot contain multiple Content-Length headers"
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "unsupported transfer encoding: \"gzip, chunked\""
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", "unexpected EOF"),
        (chunked("\r\n"), "empty hex number for chunk length"),
        (chunked("g\r\n"), "invalid byte in chunk length"),
        (chunked("-1\r\n"), "invalid byte in chunk length"),
        (chunked("FFFFFFFFFFFFFFFFF\r\n"), "http chunk length too large"),
        (chunked("1\r\nab\r\n"), "malformed chunked encoding"),
        (chunked(String(repeating: "0", count: 5000)), "header line too long"),
    ]

    private static func chunked(_ rest: String) -> String {
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + rest
    }

    @Test(arguments: good) func reads(_ example: Good) throws {
        var parser = HTTPResponseParser()
        try parser.consume(Array(example.text.utf8))
        #expect(parser.isComplete == !example.endsByClose)
        try parser.finish()
        #expect(parser.isComplete)
        #expect(parser.head?.status == example.status)
        #expect(String(decoding: parser.body, as: UTF8.self) == example.body)
        #expect(!parser.isBodyTruncated)
    }

    @Test(arguments: good) func readsByteByByte(_ example: Good) throws {
        var parser = HTTPResponseParser()
        for byte in example.text.utf8 { try parser.consume([byte]) }
        try parser.finish()
        #expect(parser.head?.status == example.status)
        #expect(String(decoding: parser.body, as: UTF8.self) == example.body)
    }

    /// Go takes what there is of a status line for all of it: without the three digits it is none.
    private static func isCutStatusLine(_ bytes: ArraySlice<UInt8>) -> Bool {
        let line = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).last ?? []
        let word = Array("HTTP/".utf8)
        guard !line.isEmpty, word.starts(with: line.prefix(5)) else { return false }
        let parts = line.split(separator: 0x20)
        return parts.count < 2 || parts[1].count != 3
    }

    /// Cut anywhere, a response is either still whole or an error: never something else, never a trap.
    @Test(arguments: good) func cutAnywhere(_ example: Good) throws {
        let bytes = Array(example.text.utf8)
        for end in bytes.indices {
            var parser = HTTPResponseParser()
            try parser.consume(bytes[..<end])
            let wasComplete = parser.isComplete
            do {
                try parser.finish()
                #expect(wasComplete || example.endsByClose, "accepted after \(end) bytes")
                #expect(parser.head?.status == example.status)
            } catch {
                #expect(!wasComplete)
                #expect(
                    Self.isCutStatusLine(bytes[..<end])
                        ? error.description.hasPrefix("malformed HTTP ")
                        : ["EOF", "unexpected EOF"].contains(error.description), "\(end): \(error)")
                #expect(error.isInBody == (parser.head != nil))
            }
        }
    }

    @Test(arguments: bad) func refuses(_ example: (text: String, words: String)) {
        var parser = HTTPResponseParser()
        let error = #expect(throws: HTTPResponseError.self) {
            try parser.consume(Array(example.text.utf8))
            try parser.finish()
        }
        #expect(error?.description == example.words)
        // It stays refused, whatever comes next.
        #expect(throws: HTTPResponseError.self) { try parser.consume(Array("HTTP/1.1 200 OK\r\n\r\n".utf8)) }
    }

    @Test func headsAreBounded() {
        var limits = HTTPResponseParser.Limits()
        limits.headBytes = 1000
        for text in [
            "HTTP/1.1 200 OK\r\nA: " + String(repeating: "a", count: 2000), String(repeating: "x", count: 2000),
        ] {
            var parser = HTTPResponseParser(limits: limits)
            #expect(throws: HTTPResponseError.headTooLong(limit: 1000)) { try parser.consume(Array(text.utf8)) }
        }
        // Many small trailers, or interim responses without end, are no way round it.
        var trailers = HTTPResponseParser(limits: limits)
        #expect(throws: HTTPResponseError.headTooLong(limit: 1000)) {
            try trailers.consume(Array((Self.chunked("0\r\n") + String(repeating: "A: b\r\n", count: 300)).utf8))
        }
        var interim = HTTPResponseParser()
        #expect(throws: HTTPResponseError.tooManyInterimResponses) {
            try interim.consume(Array(String(repeating: "HTTP/1.1 100 Go on\r\n\r\n", count: 6).utf8))
        }
    }

    @Test func bodiesAreCut() throws {
        let long = String(repeating: "b", count: 20_000)
        for head in ["Content-Length: 20000\r\n\r\n", "\r\n", "Transfer-Encoding: chunked\r\n\r\n4E20\r\n"] {
            var parser = HTTPResponseParser()
            try parser.consume(Array(("HTTP/1.1 200 OK\r\n" + head + long).utf8))
            #expect(parser.isComplete && parser.isBodyTruncated)
            #expect(parser.body.count == 10 << 10)
        }
    }

    /// Random bytes, and good responses with random bytes in them: anything but a trap.
    @Test func survivesHostileBytes() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<3000 {
            var bytes = Array((Self.good.randomElement(using: &random)?.text ?? "").utf8)
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            }
            if Bool.random(using: &random) {
                bytes = bytes.map { _ in UInt8.random(in: .min ... .max, using: &random) }
            }
            var parser = HTTPResponseParser()
            do {
                try parser.consume(bytes)
                try parser.finish()
                #expect(parser.isComplete)
            } catch {
                #expect(!error.description.utf8.contains { $0 < 0x20 }, "control characters leave in words")
            }
        }
    }
}
