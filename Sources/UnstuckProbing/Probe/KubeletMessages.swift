import Glibc
import UnstuckModel

/// Failures in the words of kubelet, which are those of Go's network packages: what a person greps for in its log must
/// be what the probe prints.
///
/// Source: Go `net/http/client.go` (`setRequestCancel`, `Client.do`), `net/http/transport.go` (`mapRoundTripError`),
/// `net/net.go` (`OpError`); Kubernetes `pkg/probe/http/http.go`, `pkg/probe/tcp/tcp.go`.
enum KubeletMessages {
    /// Go adds it to whatever had failed when its own timer ran out before the headers, dialling included.
    private static let awaitingHeaders = "(Client.Timeout exceeded while awaiting headers)"

    static func status(_ code: Int) -> String { "HTTP probe failed with statuscode: \(code)" }

    static func get(_ url: String, _ reason: String) -> String { "Get \(GoQuoting.quote(url)): \(reason)" }

    static func dialTimeout(_ target: Endpoint) -> String { "dial tcp \(target): i/o timeout" }

    static func dialRefused(_ target: Endpoint, call: String, errno: Int32) -> String {
        "dial tcp \(target): \(call): \(reason(errno))"
    }

    static func httpDialTimeout(_ url: String, _ target: Endpoint) -> String {
        get(url, "\(dialTimeout(target)) \(awaitingHeaders)")
    }

    static func headersTimeout(_ url: String) -> String { get(url, "context deadline exceeded \(awaitingHeaders)") }

    /// Said of the body, without the URL: by then Go's `Do` has returned.
    static let bodyTimeout = "context deadline exceeded (Client.Timeout or context cancellation while reading body)"

    /// A broken connection once it was established.
    static func transfer(_ call: String, source: Endpoint?, target: Endpoint, errno: Int32) -> String {
        let ends = source.map { "\($0)->\(target)" } ?? "\(target)"
        return "\(call) tcp \(ends): \(call): \(reason(errno))"
    }

    /// Go puts this before whatever breaks a response that had begun.
    static func broken(_ reason: String) -> String { "net/http: HTTP/1.x transport connection broken: \(reason)" }

    static func tooManyRedirects(_ location: String) -> String { get(location, "stopped after 10 redirects") }

    static func badLocation(_ url: String, _ location: String, _ reason: String) -> String {
        get(url, "failed to parse Location header \(GoQuoting.quote(location)): \(reason)")
    }

    static func crossHostRedirect(body: [UInt8]) -> String {
        "Probe terminated redirects, Response body: \(String(decoding: body, as: UTF8.self))"
    }

    /// The kernel's reason as Go spells it: glibc's, in lower case.
    static func reason(_ errno: Int32) -> String {
        let text = unsafe String(cString: strerror(errno))
        return text.prefix(1).lowercased() + text.dropFirst()
    }
}

extension ProbeOutcome.Cause {
    init(errno: Int32) {
        switch errno {
        case ECONNREFUSED: self = .refused
        case ECONNRESET, EPIPE, ECONNABORTED: self = .reset
        case EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN: self = .unreachable
        case ETIMEDOUT: self = .timeout
        default: self = .system
        }
    }
}
