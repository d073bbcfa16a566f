/// What answered where HTTP/1 was spoken, by its first bytes.
public enum ForeignProtocol: String, Sendable {
    case http2, tls, ssh

    /// - Parameter bytes: the beginning of what came back, as far as it is known.
    public init?(_ bytes: some Collection<UInt8>) {
        let start = Array(bytes.prefix(5))
        // A record of TLS: alert or handshake, version 3.x (RFC 8446, 5.1).
        if start.count >= 2, start[0] == 0x15 || start[0] == 0x16, start[1] == 3 {
            self = .tls
        } else if start.count >= 4, start[0] == 0, start[3] == 4 || start[3] == 7 {
            // A frame of HTTP/2: SETTINGS or GOAWAY, behind three bytes of length (RFC 9113, 4.1).
            self = .http2
        } else if start.starts(with: "SSH-".utf8) {
            self = .ssh
        } else {
            return nil
        }
    }

    /// Of kubelet's words about it: `… malformed HTTP response "\x15\x03\x01…"`.
    public init?(inOutput output: String) { self.init(inOutput: Array(output.utf8)[...]) }

    init?(inOutput output: ArraySlice<UInt8>) {
        guard let start = output.find(KubeletMessages.malformedResponse) else { return nil }
        let behind = output[(start + KubeletMessages.malformedResponse.utf8.count)...]
        guard behind.first == UInt8(ascii: "\"") else { return nil }
        self.init(GoQuoting.unquote(behind).text)
    }

    /// What it is, for a person.
    public var words: String {
        switch self {
        case .http2: "HTTP/2 (gRPC, as a rule), and the probe HTTP/1: a grpc probe fits"
        case .tls: "TLS, and the probe plain HTTP: scheme HTTPS fits"
        case .ssh: "SSH, not HTTP"
        }
    }
}
