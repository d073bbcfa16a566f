/// The request as kubelet's client writes it: `Connection: close`, no compression asked for, `Accept: */*`.
struct ProbeRequest: Sendable {
    var url: ProbeURL
    /// Overrides the URL's own.
    var host: String?
    var headers: [HTTPHeader]
    var userAgent: String
    /// Where a redirect came from; Go's client tells the server.
    var referer: String?

    /// Lines that are written elsewhere, or that would make a GET without a body lie about itself.
    private static let reserved: Set<String> = [
        "host", "user-agent", "connection", "content-length", "transfer-encoding", "trailer",
    ]

    var bytes: [UInt8] {
        var rest = headers.filter { !Self.reserved.contains($0.name.lowercased()) }
        if !rest.contains(where: { $0.isNamed("Accept") }) { rest.append(HTTPHeader("Accept", "*/*")) }
        rest.removeAll { $0.isNamed("Accept") && $0.value.isEmpty }
        if let referer, !rest.contains(where: { $0.isNamed("Referer") }) { rest.append(HTTPHeader("Referer", referer)) }

        let agent = headers.first { $0.isNamed("User-Agent") }?.value ?? userAgent
        var lines = ["GET \(url.requestTarget) HTTP/1.1", "Host: \(host ?? url.authority)"]
        if !agent.isEmpty { lines.append("User-Agent: \(agent)") }
        // Go sorts by name; lines of one name keep their order.
        let sorted = rest.enumerated().sorted {
            ($0.element.canonicalName, $0.offset) < ($1.element.canonicalName, $1.offset)
        }
        lines += sorted.map { "\($0.element.canonicalName): \($0.element.value)" }
        lines.append("Connection: close")
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }
}

extension HTTPHeader {
    /// `x-probe-token` as Go sends it: `X-Probe-Token`.
    var canonicalName: String {
        name.split(separator: "-", omittingEmptySubsequences: false)
            .map { $0.prefix(1).uppercased() + $0.dropFirst().lowercased() }
            .joined(separator: "-")
    }
}
