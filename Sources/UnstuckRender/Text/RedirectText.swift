import UnstuckModel

/// Redirect paths for a person.
public struct RedirectText: Sendable {
    private let style: Style
    public init(style: Style) { self.style = style }

    public func render(_ path: RedirectPath) -> String {
        let head = "\(path.connection)"
        var lines = style.beginning(
            head, style.bold, style.paragraph(head + (path.pod.map { " of \(safeText($0))" } ?? ""), hanging: 4))
        guard let program = path.program else {
            lines += style.paragraph(
                "sends with \(path.sendmsg ?? "a handler that the kernel does not name"): no sk_msg program; "
                    + "the TCP stack carries it", margin: 4)
            return lines.joined(separator: "\n") + "\n"
        }
        lines += style.paragraph(
            "sends with \(path.sendmsg ?? "an sk_msg program's handler") -> program \(program.id) "
                + "\"\(safeText(program.name))\"", margin: 4)
        for hop in path.hops { lines += self.lines(of: hop, path) }
        if path.hops.isEmpty { lines += style.paragraph("no sockmap of the program was found", margin: 6) }
        return lines.joined(separator: "\n") + "\n"
    }

    private func lines(of hop: RedirectPath.Hop, _ path: RedirectPath) -> [String] {
        let words = hop.verdict == .unknown && !path.peerIsHere ? "its peer is not on this node" : hop.verdict.rawValue
        return style.paragraph(
            "-> sockmap \(hop.map) \"\(safeText(hop.mapName))\" (layout \(hop.layout ?? "unknown"))"
                + "\(hop.key.map { ", key \($0)" } ?? ""): \(words)", margin: 6
        ).map(paint(hop.verdict))
            + hop.sockets.flatMap { socket in
                style.paragraph(
                    "-> \(socket.isPeer ? "its peer" : "another socket"): \(socket.tuple), \(socket.state.rawValue), "
                        + "netns \(socket.netns)" + (socket.pod.map { " \(safeText($0))" } ?? "")
                        + (hop.key == nil ? ", stored under key \(socket.key)" : "")
                        + (socket.unreadBytes > 0 ? ", \(socket.unreadBytes) unread bytes" : ""), margin: 8)
            }
    }

    private func paint(_ verdict: RedirectPath.Hop.Verdict) -> Paint {
        switch verdict {
        case .reachesPeer, .misses: style.green
        case .misdirected: style.red
        case .unknown: style.yellow
        }
    }
}
