import UnstuckModel

/// kubelet's sentences about a failed probe, as they stand in its log before klog v2 and in events.
struct ProbeMessage {
    var kind: ProbeFailure.Kind?
    var result: ProbeFailure.Result
    var output: ArraySlice<UInt8>
    var pod: String?
    var podUID: String?
    var container: String?

    /// `Readiness probe failed: …`, `… probe errored: …`, `… probe errored and resulted in unknown state: …`, `… probe warning: …`:
    /// of an event. At the start of the text.
    init?(ofEvent text: ArraySlice<UInt8>) {
        var rest = LogBytes(text)
        guard let kind = Self.kind(&rest), rest.skip(" probe ") else { return nil }
        self.kind = kind
        if rest.skip("failed:") {
            result = .failure
        } else if rest.skip("warning:") {
            result = .warning
        } else if rest.skip("errored") {
            result = .errored
            if rest.skip(" and resulted in ") { _ = rest.word() }
            guard rest.skip(":") || rest.skip(" state:") else { return nil }
        } else {
            return nil
        }
        rest.skipBlanks()
        output = rest.rest
    }

    /// `Readiness probe for "web-0_shop(UID):web" failed (failure): …` and `… errored: …`: of klog before structured logging.
    init?(ofLog text: ArraySlice<UInt8>) {
        var rest = LogBytes(text)
        guard let kind = Self.kind(&rest), rest.skip(" probe for ") else { return nil }
        self.kind = kind
        guard rest.rest.first == UInt8(ascii: "\"") else { return nil }
        let (name, end) = GoQuoting.unquote(rest.rest)
        rest.rest = rest.rest[end...]
        if rest.skip(" failed (") {
            result = .failure
            guard let close = rest.rest.find("): ") ?? rest.rest.find("):") else { return nil }
            rest.rest = rest.rest[(close + 2)...]
        } else if rest.skip(" errored:") {
            result = .errored
        } else if rest.skip(" succeeded with a warning:") {
            result = .warning
        } else {
            return nil
        }
        rest.skipBlanks()
        output = rest.rest
        take(name: name[...])
    }

    /// `web-0_shop(UID):web`; a container may have a colon in its name in no version.
    private mutating func take(name: ArraySlice<UInt8>) {
        guard let open = name.find("("), let close = name[open...].find(")") else { return }
        let parts = name[..<open].split(separator: UInt8(ascii: "_"), omittingEmptySubsequences: false)
        if parts.count == 2 { pod = "\(parts[1].text)/\(parts[0].text)" }
        podUID = name[(open + 1)..<close].text
        let behind = name[(close + 1)...]
        if behind.first == UInt8(ascii: ":") { container = behind.dropFirst().text }
    }

    private static func kind(_ text: inout LogBytes) -> ProbeFailure.Kind? {
        for kind in ProbeFailure.Kind.allCases {
            let word = kind.rawValue.prefix(1).uppercased() + kind.rawValue.dropFirst()
            if text.skip(word) || text.skip(kind.rawValue) { return kind }
        }
        return nil
    }
}
