import UnstuckFormats
import UnstuckKernel
import UnstuckModel

/// The HTTP probe as kubelet does it: a GET on a new connection, redirects within the host followed, 200 to 399 passes.
///
/// Source: Kubernetes `pkg/probe/http/{http,request}.go`, `pkg/probe/dialer_others.go`,
/// `pkg/kubelet/prober/prober.go`.
public struct HTTPProbe: Sendable {
    public struct Options: Sendable {
        public var vantage = Vantage()
        /// Seconds, for one attempt from dialling to the end of the body, redirects included.
        public var timeout = 1.0
        /// The Host header; `nil`: that of the URL. A `Host` among `headers` does the same.
        public var hostHeader: String?
        public var headers: [HTTPHeader] = []
        /// The kubelet that it passes for: the probe's User-Agent is `kube-probe/1.30`.
        public var kubernetesVersion = "1.30"
        /// kubelet tries again when reading the body broke. Everything else, refusals and resets included, is a result.
        public var attempts = 3
        public init() {}
    }

    /// kubelet stops at the tenth request.
    private static let requestLimit = 10

    public var url: ProbeURL
    public var options: Options

    public init(_ url: ProbeURL, options: Options = Options()) {
        self.url = url
        self.options = options
    }

    /// - Throws: `ProbeError` where it could not be tried at all.
    public func run() throws(ProbeError) -> ProbeOutcome {
        for header in options.headers { try header.check() }
        if let host = options.hostHeader { try HTTPHeader("Host", host).check() }
        try HTTPHeader("User-Agent", options.kubernetesVersion).check()
        return try options.vantage.run { () throws(ProbeError) in
            var attempt = 1
            while true {
                var outcome = try once()
                outcome.attempts = attempt
                let isWorthAnother = outcome.stoppedIn == .readingBody && outcome.cause != .timeout
                if outcome.passed || !isWorthAnother || attempt >= options.attempts { return outcome }
                attempt += 1
            }
        }
    }

    private func once() throws(ProbeError) -> ProbeOutcome {
        var outcome = ProbeOutcome(
            kind: .http, target: "\(url)", destination: url.endpoint, vantage: options.vantage,
            timeout: options.timeout)
        let start = SystemClock.monotonic.nanoseconds
        let deadline = Deadline(seconds: options.timeout)
        let host = options.hostHeader ?? options.headers.first { $0.isNamed("Host") && !$0.value.isEmpty }?.value
        var request = ProbeRequest(
            url: url, host: host, headers: options.headers, userAgent: "kube-probe/\(options.kubernetesVersion)",
            referer: nil)

        for count in 1... {
            let exchange = HTTPExchange(request: request, vantage: options.vantage, deadline: deadline)
            let result = try exchange.run()
            outcome.record(result, url: request.url, start: start)
            // The headers are enough to follow a redirect: whether its body broke does not matter.
            guard let location = result.head?.redirectLocation else { break }

            outcome.redirects.append(location)
            switch Redirect(location: location, base: request.url, firstHost: url.hostname) {
            case .anotherHost:
                return outcome
            case .unsupported:
                throw ProbeError(.unsupported, "\(request.url) redirects to \(GoQuoting.quote(location)): only http://")
            case .malformed(let reason):
                outcome.fail(.redirect, KubeletMessages.badLocation("\(request.url)", location, reason))
                return outcome
            case .follow(let next):
                guard count < Self.requestLimit else {
                    outcome.fail(.redirect, KubeletMessages.tooManyRedirects(location))
                    return outcome
                }
                request.referer = "\(request.url)"
                // A Host of the caller's own survives only a redirect that names no host.
                if location.firstRange(ofASCII: "//")?.lowerBound == location.startIndex
                    || location.firstRange(ofASCII: "://") != nil
                {
                    request.host = nil
                }
                request.url = next
            }
        }
        return outcome
    }
}

extension HTTPResponseHead {
    /// Where a redirect leads that Go's client follows; without a Location it is a response like any other.
    fileprivate var redirectLocation: String? {
        guard [301, 302, 303, 307, 308].contains(status), let location = value(of: "Location"), !location.isEmpty
        else { return nil }
        return location
    }
}

extension ProbeOutcome {
    fileprivate mutating func fail(_ cause: Cause, _ words: String) {
        verdict = .failure
        self.cause = cause
        output = words
    }

    /// Takes over what one exchange found; the last one decides.
    fileprivate mutating func record(_ result: HTTPExchange.Result, url: ProbeURL, start: Int64) {
        destination = url.endpoint
        source = result.source
        requestBytes = result.requestBytes
        responseBytes = result.responseBytes
        status = result.head?.status
        timing = Timing(
            connect: result.connectedAt.map { Double($0 - start) / 1e9 },
            firstByte: result.firstByteAt.map { Double($0 - start) / 1e9 },
            total: Double(result.endedAt - start) / 1e9)
        verdict = .success
        output = ""
        if let failure = result.failure {
            stoppedIn = result.phase
            fail(Self.cause(of: failure), words(for: failure, in: result.phase, url: "\(url)"))
            if result.phase == .readingBody { verdict = .errored }
        } else if let status {
            switch status {
            case 200..<300: break
            case 300..<400:
                verdict = .warning
                output = KubeletMessages.crossHostRedirect(body: result.body)
            default: fail(.status, KubeletMessages.status(status))
            }
        }
    }

    private static func cause(of failure: HTTPExchange.Failure) -> Cause {
        switch failure {
        case .wire(.timedOut): .timeout
        case .wire(.refused(_, let errno)): Cause(errno: errno)
        case .wire(.local): .system
        case .response(.closedBeforeResponse), .response(.endedInHead), .response(.endedInBody): .closed
        case .response: .malformed
        }
    }

    private func words(for failure: HTTPExchange.Failure, in phase: Phase, url: String) -> String {
        switch (failure, phase) {
        case (.wire(.timedOut), .connecting): KubeletMessages.httpDialTimeout(url, destination)
        case (.wire(.timedOut), .readingBody): KubeletMessages.bodyTimeout
        case (.wire(.timedOut), _): KubeletMessages.headersTimeout(url)
        case (.wire(.refused(let call, let errno)), .connecting):
            KubeletMessages.get(url, KubeletMessages.dialRefused(destination, call: call, errno: errno))
        case (.wire(.refused(let call, let errno)), _):
            transferWords(KubeletMessages.transfer(call, source: source, target: destination, errno: errno), phase, url)
        case (.wire(.local(let error)), _): error.message
        case (.response(.closedBeforeResponse), _): KubeletMessages.get(url, "EOF")
        case (.response(let error), .readingBody) where error.isInBody: "\(error)"
        case (.response(let error), _): KubeletMessages.get(url, KubeletMessages.broken("\(error)"))
        }
    }

    private func transferWords(_ words: String, _ phase: Phase, _ url: String) -> String {
        switch phase {
        case .readingBody: words
        case .readingHeaders: KubeletMessages.get(url, KubeletMessages.broken(words))
        default: KubeletMessages.get(url, words)
        }
    }
}
