import UnstuckModel

/// Redirect paths for a person.
public struct RedirectText: Sendable {
    private let style: Style
    public init(style: Style) { self.style = style }

    public func render(_ path: RedirectPath) -> String {
        var lines = [style.bold("\(path.connection)") + (path.pod.map { " of \(safeText($0))" } ?? "")]
        guard let program = path.program else {
            return lines[0] + "\n    sends with \(path.sendmsg ?? "a handler that the kernel does not name"): "
                + "no msg program, the stack carries it\n"
        }
        lines.append(
            "    sends with \(path.sendmsg ?? "a msg program's handler") -> program \(program.id) "
                + "\"\(safeText(program.name))\"")
        for hop in path.hops {
            let key = hop.key.map { ", key \($0)" } ?? ""
            let words =
                hop.verdict == .unknown && !path.peerIsHere ? "its peer is not on this node" : hop.verdict.rawValue
            lines.append(
                "      -> sockmap \(hop.map) \"\(safeText(hop.mapName))\" (layout \(hop.layout ?? "not known"))\(key): "
                    + paint(hop.verdict, words))
            for resident in hop.residents {
                lines.append(
                    "        -> \(resident.isPeer ? "its peer" : "another socket"): \(resident.tuple), "
                        + "\(resident.state.rawValue), netns \(resident.netns)"
                        + (resident.pod.map { " \(safeText($0))" } ?? "")
                        + (hop.key == nil ? ", filed under \(resident.key)" : "")
                        + (resident.unreadBytes > 0 ? ", \(resident.unreadBytes) unread bytes" : ""))
            }
        }
        if path.hops.isEmpty { lines.append("      the program uses no sockmap that we see") }
        return lines.joined(separator: "\n") + "\n"
    }

    private func paint(_ verdict: RedirectPath.Hop.Verdict, _ words: String) -> String {
        switch verdict {
        case .reachesPeer, .misses: style.green(words)
        case .misdirected: style.red(words)
        case .unknown: style.yellow(words)
        }
    }
}
