import UnstuckModel

/// Failures in the words of kubelet, which are those of Go's network packages: what a person greps for in its log is what
/// `unstuck probe` prints, and what a log is read by.
///
/// Source: Go `net/http/client.go` (`setRequestCancel`, `Client.do`), `net/http/transport.go` (`mapRoundTripError`),
/// `net/net.go` (`OpError`); Kubernetes `pkg/probe/{http,tcp,grpc}`, `pkg/kubelet/prober/prober.go`.
public enum KubeletMessages {
    /// Go adds it to whatever had failed when its own timer ran out before the headers, dialling included.
    public static let awaitingHeaders = "(Client.Timeout exceeded while awaiting headers)"
    public static let deadline = "context deadline exceeded"
    /// Of Go before 1.15, in place of ``deadline``.
    public static let canceled = "net/http: request canceled"
    /// Behind ``canceled``: there was no connection yet. A TLS handshake is a part of making one.
    public static let waitingForConnection = "while waiting for connection"
    public static let timeout = "i/o timeout"
    /// Said of the body, without the URL: by then Go's `Do` has returned.
    public static let bodyTimeout = "\(deadline) (Client.Timeout or context cancellation while reading body)"
    /// Of Go before 1.15 and the newer one: the timer ran out in the body.
    public static let readingBody = "while reading body"
    public static let malformedResponse = "malformed HTTP response "
    public static let cutOff = "unexpected EOF"
    static let statusCode = "HTTP probe failed with statuscode: "
    static let tooManyRedirects = "stopped after 10 redirects"
    static let badRedirect = "failed to parse Location header "
    static let redirectBody = "Probe terminated redirects, Response body: "

    public static func status(_ code: Int) -> String { "\(statusCode)\(code)" }

    public static func get(_ url: String, _ reason: String) -> String { "Get \(GoQuoting.quote(url)): \(reason)" }

    public static func dialTimeout(_ target: Endpoint) -> String { "dial tcp \(target): \(timeout)" }

    /// - Parameter reason: the kernel's, as Go spells it.
    public static func dialRefused(_ target: Endpoint, call: String, reason: String) -> String {
        "dial tcp \(target): \(call): \(reason)"
    }

    public static func httpDialTimeout(_ url: String, _ target: Endpoint) -> String {
        get(url, "\(dialTimeout(target)) \(awaitingHeaders)")
    }

    public static func headersTimeout(_ url: String) -> String { get(url, "\(deadline) \(awaitingHeaders)") }

    /// A broken connection once it was established.
    public static func transfer(_ call: String, source: Endpoint?, target: Endpoint, reason: String) -> String {
        let ends = source.map { "\($0)->\(target)" } ?? "\(target)"
        return "\(call) tcp \(ends): \(call): \(reason)"
    }

    /// Go puts this before whatever breaks a response that had begun.
    public static func broken(_ reason: String) -> String {
        "net/http: HTTP/1.x transport connection broken: \(reason)"
    }

    public static func tooManyRedirects(_ location: String) -> String { get(location, tooManyRedirects) }

    public static func badLocation(_ url: String, _ location: String, _ reason: String) -> String {
        get(url, "\(badRedirect)\(GoQuoting.quote(location)): \(reason)")
    }

    public static func crossHostRedirect(body: [UInt8]) -> String {
        redirectBody + String(decoding: body, as: UTF8.self)
    }

    // MARK: A line of kubelet's

    /// Counted towards the failure threshold.
    public static let failed = "Probe failed"
    /// The result is thrown away: neither success nor failure. With the words as `err`, not as `output`.
    public static let errored = "Probe errored"
    static let warned = "Probe succeeded with a warning"
}
