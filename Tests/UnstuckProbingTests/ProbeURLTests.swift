import Testing
import UnstuckFormats
import UnstuckModel

@testable import UnstuckProbing

@Suite struct ProbeURLTests {
    @Test(arguments: [
        ("http://203.0.113.10:8080/healthz", "203.0.113.10:8080", "/healthz", "http://203.0.113.10:8080/healthz"),
        ("203.0.113.10:8080", "203.0.113.10:8080", "/", "http://203.0.113.10:8080/"),
        ("http://203.0.113.10", "203.0.113.10:80", "/", "http://203.0.113.10"),
        ("HTTP://203.0.113.10?a=b#c", "203.0.113.10:80", "/?a=b", "http://203.0.113.10?a=b"),
        ("http://[2001:db8::1]:8080/", "[2001:db8::1]:8080", "/", "http://[2001:db8::1]:8080/"),
        ("[::1]:80/x", "[::1]:80", "/x", "http://[::1]:80/x"),
    ])
    func reads(_ text: String, _ endpoint: String, _ target: String, _ spelled: String) throws {
        let url = try ProbeURL(text)
        #expect(url.endpoint.description == endpoint)
        #expect(url.requestTarget == target)
        #expect(url.description == spelled)
    }

    @Test(arguments: [
        ("http://web.shop.svc:8080/", "is not an IP address"), ("localhost", "is not an IP address"),
        ("https://203.0.113.10/", "no TLS"),
        ("ftp://203.0.113.10/", "only http://"), ("http://u:p@203.0.113.10/", "user names"),
        ("http://203.0.113.10:0/", "from 1 to 65535"), ("203.0.113.10:65536", "from 1 to 65535"),
        ("203.0.113.10:+80", "from 1 to 65535"), ("203.0.113.10:", "from 1 to 65535"),
        ("2001:db8::1", "in brackets, [2001:db8::1]"), ("[203.0.113.10]:80", "brackets"),
        ("[fe80::1%eth0]:80", "zone"), ("[::1", "IP:PORT"), ("", "IP:PORT"), ("http://", "IP:PORT"),
        ("203.0.113.10:80/a b", "%20"), ("203.0.113.10:80/\r\nHost: x", "%20"),
        ("203.0.113.256:80", "is not an IP address"),
    ])
    func refuses(_ text: String, _ words: String) {
        let error = #expect(throws: ProbeError.self) { try ProbeURL(text) }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [
        ("/x", "http://203.0.113.10:8080/x"), ("x", "http://203.0.113.10:8080/a/x"),
        ("?q", "http://203.0.113.10:8080/a/b?q"), ("./", "http://203.0.113.10:8080/a/"),
        ("../../../x", "http://203.0.113.10:8080/x"), ("//203.0.113.10/y", "http://203.0.113.10/y"),
        ("http://203.0.113.10:9090", "http://203.0.113.10:9090"), ("/a b#f", "http://203.0.113.10:8080/a%20b"),
    ])
    func followsWithinTheHost(_ location: String, _ next: String) throws {
        let base = try ProbeURL("http://203.0.113.10:8080/a/b?c")
        let redirect = Redirect(location: location, base: base, firstHost: base.hostname)
        guard case .follow(let url) = redirect else {
            Issue.record("\(redirect)")
            return
        }
        #expect(url.description == next)
    }

    @Test(arguments: [
        "http://203.0.113.11/", "http://web/", "//[::1]/", "https://web/",
    ])
    func staysWithTheHost(_ location: String) throws {
        let base = try ProbeURL("http://203.0.113.10:8080/")
        #expect(Redirect(location: location, base: base, firstHost: base.hostname) == .anotherHost(location))
    }

    @Test func hostileLocationsLeadNowhere() throws {
        let base = try ProbeURL("http://203.0.113.10:8080/")
        for location in ["http://203.0.113.10:99999/", "http://[::1/", "/a\u{1}b"] {
            guard case .malformed = Redirect(location: location, base: base, firstHost: base.hostname) else {
                Issue.record("\(location) was accepted")
                continue
            }
        }
        #expect(
            Redirect(location: "https://203.0.113.10/", base: base, firstHost: base.hostname)
                == .unsupported("https://203.0.113.10/"))
    }

    @Test func headersCannotSmuggle() throws {
        #expect(try HTTPHeader(parsing: "X-A:  b ") == HTTPHeader("X-A", "b "))
        #expect(try HTTPHeader(parsing: "Accept:") == HTTPHeader("Accept", ""))
        for text in ["no colon", ": x", "A B: c", "A: b\r\nC: d", "A: \u{0}"] {
            #expect(throws: ProbeError.self) { try HTTPHeader(parsing: text) }
        }
    }

    @Test func emptyAcceptIsRemoved() throws {
        let request = ProbeRequest(
            url: try ProbeURL("[2001:db8::1]:8080"),
            headers: [HTTPHeader("accept", ""), HTTPHeader("Connection", "x")],
            userAgent: "kube-probe/1.30")
        #expect(
            String(decoding: request.bytes, as: UTF8.self)
                == "GET / HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\nUser-Agent: kube-probe/1.30\r\nConnection: close\r\n\r\n"
        )
    }

    @Test func quotesAsGoDoes() {
        #expect(GoQuoting.quote("a\"b\\c\n\r\t\u{7}\u{1B}\u{7F}é\u{202E}") == #""a\"b\\c\n\r\t\a\x1b\x7fé\u202e""#)
        #expect(GoQuoting.quote([0x41, 0xFF, 0x0A]) == #""A\xff\n""#)
        #expect(GoQuoting.quote([UInt8](repeating: 0x61, count: 300)).hasSuffix("\" (and 100 bytes more)"))
    }

    @Test func timesReadWell() {
        #expect(ProbeReport.time(0.00012) == "0.1 ms")
        #expect(ProbeReport.time(0.9998) == "999.8 ms")
        #expect(ProbeReport.time(0.99999) == "1.00 s")
        #expect(ProbeReport.time(12.345) == "12.35 s" || ProbeReport.time(12.345) == "12.34 s")
        #expect(ProbeReport.time(.nan) == "?")
    }
}
