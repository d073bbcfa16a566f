import UnstuckModel

extension ProbeFailureCause {
    /// What kubelet's words about a failed probe say of its connection.
    ///
    /// - Parameters:
    ///   - output: as kubelet has it, without quotation marks around it.
    ///   - isSeveralLines: only what a command printed has several.
    public init(ofOutput output: [UInt8], isSeveralLines: Bool = false) {
        let words = output[...]
        if isSeveralLines {
            self = Self.exec
        } else if words.begins(with: "Get ") {
            self = Self.request(words)
        } else if words.begins(with: "dial tcp") {
            self = Self.transport(words, .tcp, target: Self.dialled(words))
        } else if let cause = Self.answer(words) ?? Self.grpc(words) ?? Self.body(words) {
            self = cause
        } else if words.has("command ") || words.has("rpc error:") || words.has("exec ") {
            self = Self.exec
        } else if words.begins(with: "strconv.") || words.has("invalid port") {
            self.init(.other, .not, "the probe's port has no number: nothing was sent")
        } else if words.elementsEqual(KubeletMessages.deadline.utf8) {
            self.init(.other, .weak, "a deadline passed; the words do not say of what")
        } else {
            self = Self.exec
        }
    }

    private static let exec = ProbeFailureCause(
        .exec, .not, "a command in the container failed: kubelet has no connection to it")

    /// `Get "URL": REASON`; before Go 1.14 the URL had no quotation marks.
    private static func request(_ words: ArraySlice<UInt8>) -> ProbeFailureCause {
        let behind = words.dropFirst(4)
        let url: [UInt8]
        var reason: ArraySlice<UInt8>
        if behind.first == UInt8(ascii: "\"") {
            let (text, end) = GoQuoting.unquote(behind)
            url = text
            reason = words[end...]
        } else {
            let end = behind.find(": ") ?? behind.endIndex
            url = Array(behind[..<end])
            reason = behind[end...]
        }
        if reason.begins(with: ": ") { reason = reason.dropFirst(2) }
        let isTLS = url[...].begins(with: "https:")
        var cause = transport(reason, isTLS ? .https : .http, target: target(ofURL: url[...]))
        cause.url = String(decoding: url, as: UTF8.self)
        return cause
    }

    /// What became of the connection.
    private static func transport(
        _ reason: ArraySlice<UInt8>, _ kind: Method, target: Endpoint?
    ) -> ProbeFailureCause {
        func cause(_ suspicion: Suspicion, _ text: String) -> ProbeFailureCause {
            ProbeFailureCause(kind, suspicion, text, target: target)
        }
        if reason.has(KubeletMessages.waitingForConnection) {
            return cause(
                .not, "never connected: \(kind == .https ? "TCP or TLS handshake" : "handshake") not complete in time")
        }
        if reason.has("dial tcp") || reason.has("dial udp") { return neverConnected(reason, cause) }
        if reason.has(KubeletMessages.readingBody) { return cause(.weak, Self.bodyReason) }
        if reason.has(KubeletMessages.malformedResponse) { return cause(.not, malformed(reason)) }
        if reason.has("TLS handshake timeout") {
            return cause(.candidate, "connected, no answer to the TLS handshake in time")
        }
        if reason.has("server gave HTTP response to HTTPS client") {
            return cause(.not, "the server answered in plain HTTP, and the probe spoke TLS: scheme HTTP fits")
        }
        if reason.begins(with: "tls: ") || reason.has("remote error: tls") || reason.has("x509: ") {
            return cause(.not, "the TLS handshake failed with an answer: TCP is healthy")
        }
        if reason.begins(with: "read tcp") || reason.begins(with: "write tcp") || reason.has(": read tcp") {
            return broken(reason, cause)
        }
        if reason.has(KubeletMessages.tooManyRedirects) || reason.has(KubeletMessages.badRedirect) {
            return cause(.not, "a redirect that leads nowhere was returned: TCP is healthy")
        }
        if reason.begins(with: "EOF") || reason.has(KubeletMessages.cutOff) {
            return cause(
                .not,
                reason.has(KubeletMessages.cutOff)
                    ? "the server closed in the middle of its answer" : "the server closed without an answer")
        }
        if reason.has(KubeletMessages.deadline) || reason.has(KubeletMessages.canceled)
            || reason.has("timeout awaiting response headers") || reason.has("Client.Timeout")
        {
            // Go 1.23 and later dial without the request's deadline, so that these words can also mean a handshake without an
            // answer (net/http/transport.go, getConn); older ones say "dial tcp" or "waiting for connection" of that.
            let isSent = !reason.has(KubeletMessages.deadline)
            return cause(
                .candidate,
                kind == .https
                    ? "no answer in time, to the TLS handshake or to the request"
                    : isSent
                        ? "request sent, no answer in time" : "no answer in time, to the handshake or to the request")
        }
        return cause(.not, "the request failed at once: the connection did not wait")
    }

    private static func neverConnected(
        _ reason: ArraySlice<UInt8>, _ cause: (Suspicion, String) -> ProbeFailureCause
    ) -> ProbeFailureCause {
        let why =
            if reason.has("lookup ") {
                "the name was not resolved"
            } else if reason.has(KubeletMessages.timeout) || reason.has(KubeletMessages.deadline)
                || reason.has("operation was canceled")
            {
                "handshake not complete in time"
            } else if reason.has("connection refused") {
                "refused: nothing listens on that port, or a policy rejects it"
            } else if reason.has("no route to host") || reason.has("unreachable") {
                "no route to host"
            } else if reason.has("no such host") {
                "the name was not resolved"
            } else if reason.has("cannot assign requested address") {
                "no free local port or address"
            } else if reason.has("connection timed out") {
                "no answer to the handshake"
            } else {
                "the kernel refused"
            }
        return cause(.not, "never connected: \(why)")
    }

    /// `read tcp CLIENT->SERVER: read: REASON`
    private static func broken(
        _ reason: ArraySlice<UInt8>, _ cause: (Suspicion, String) -> ProbeFailureCause
    ) -> ProbeFailureCause {
        var result =
            if reason.has(KubeletMessages.timeout) {
                reason.has("write tcp")
                    ? cause(.candidate, "connected, and the server's end takes no bytes")
                    : cause(.candidate, "request sent, no answer in time")
            } else if reason.has("connection timed out") {
                cause(.weak, "connected, then what was sent was never acknowledged")
            } else {
                cause(.not, "connected, then reset: the connection was torn down, it does not hang")
            }
        guard let start = reason.find(" tcp "), let arrow = reason.find("->"), start + 5 <= arrow else { return result }
        let behind = reason[(arrow + 2)...]
        let end = behind.find(": ") ?? behind.endIndex
        if let client = endpoint(reason[(start + 5)..<arrow].text), let server = endpoint(behind[..<end].text) {
            result.client = client
            result.target = server
        }
        return result
    }

    /// A complete answer.
    private static func answer(_ words: ArraySlice<UInt8>) -> ProbeFailureCause? {
        if words.begins(with: KubeletMessages.statusCode) {
            let code = words.dropFirst(KubeletMessages.statusCode.utf8.count).prefix { (0x30...0x39).contains($0) }
            return ProbeFailureCause(.http, .not, "answered with status \(code.prefix(3).text): TCP is healthy")
        }
        if words.begins(with: "Probe terminated redirects") {
            return ProbeFailureCause(.http, .not, "answered with a redirect to another host: passes")
        }
        return nil
    }

    private static let bodyReason = "an answer began and did not end in time: slow, or the rest of it is stuck"

    /// Said of a body: `"Probe errored" err="…"`.
    private static func body(_ words: ArraySlice<UInt8>) -> ProbeFailureCause? {
        if words.has(KubeletMessages.readingBody) { return ProbeFailureCause(.http, .weak, bodyReason) }
        if words.elementsEqual(KubeletMessages.cutOff.utf8) {
            return ProbeFailureCause(.http, .not, "the server closed in the middle of its answer")
        }
        if words.begins(with: "read tcp") || words.begins(with: "write tcp") {
            return transport(words, .http, target: nil)
        }
        if words.has(KubeletMessages.malformedResponse) { return ProbeFailureCause(.http, .not, malformed(words)) }
        return nil
    }

    private static func malformed(_ reason: ArraySlice<UInt8>) -> String {
        ForeignProtocol(inOutput: reason).map { "the port speaks \($0.words)" } ?? "the answer is not HTTP/1"
    }

    /// kubelet's own gRPC probe.
    private static func grpc(_ words: ArraySlice<UInt8>) -> ProbeFailureCause? {
        if words.begins(with: "timeout: failed to connect service") {
            return ProbeFailureCause(
                .grpc, .weak, "no HTTP/2 connection in time: not connected, or connected and silent",
                target: quoted(words))
        }
        if words.begins(with: "timeout: health rpc did not complete") {
            return ProbeFailureCause(.grpc, .candidate, "health call sent, no answer in time")
        }
        if words.begins(with: "error: failed to connect service") {
            return ProbeFailureCause(.grpc, .not, "never connected", target: quoted(words))
        }
        if words.begins(with: "service unhealthy") || words.begins(with: "error: this server does not implement") {
            return ProbeFailureCause(.grpc, .not, "answered, and is not serving: TCP is healthy")
        }
        if words.begins(with: "error: health rpc probe failed") {
            return ProbeFailureCause(.grpc, .not, "the health call failed with an error: the connection did not wait")
        }
        return nil
    }

    /// The first address in quotation marks.
    private static func quoted(_ words: ArraySlice<UInt8>) -> Endpoint? {
        guard let start = words.find("\"") else { return nil }
        return endpoint(String(decoding: GoQuoting.unquote(words[start...]).text, as: UTF8.self))
    }

    /// `dial tcp 192.0.2.1:80: i/o timeout`, `dial tcp SOURCE->TARGET: …`.
    private static func dialled(_ words: ArraySlice<UInt8>) -> Endpoint? {
        var address = words.dropFirst("dial tcp ".utf8.count)
        address = address[..<(address.find(": ") ?? address.endIndex)]
        if let arrow = address.find("->") { address = address[(arrow + 2)...] }
        return endpoint(address.text)
    }

    /// Port 0 is none that a probe goes to.
    private static func endpoint(_ text: String) -> Endpoint? { Endpoint(text).flatMap { $0.port == 0 ? nil : $0 } }

    /// Address and port of a URL; `nil`: a name, or no URL.
    static func target(ofURL url: ArraySlice<UInt8>) -> Endpoint? {
        guard let scheme = url.find("://") else { return nil }
        var authority = url[(scheme + 3)...].prefix { !"/?#".utf8.contains($0) }
        if let at = authority.lastIndex(of: UInt8(ascii: "@")) { authority = authority[(at + 1)...] }
        let text = authority.text
        if Endpoint(text) != nil { return endpoint(text) }
        let port: UInt16 = url.begins(with: "https:") ? 443 : 80
        if text.hasPrefix("["), text.hasSuffix("]") {
            return IPAddress(String(text.dropFirst().dropLast())).map { Endpoint($0, port) }
        }
        return IPAddress(text).flatMap { text.contains(":") ? nil : Endpoint($0, port) }
    }
}
