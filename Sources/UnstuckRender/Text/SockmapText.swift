import UnstuckModel

/// Maps and totals for a person.
public struct SockmapText: Sendable {
    private let style: Style
    /// Pods and programs that are listed; what there is more of is counted.
    private static let shown = 8

    public init(style: Style) { self.style = style }

    public func render(_ map: SockmapSummary) -> String {
        var lines = [
            style.bold("\(map.kind.rawValue) \(map.id) \"\(safeText(map.name))\"")
                + "  \(map.entries) of \(map.maxEntries) entries"
                + (map.states.isEmpty ? "" : ": " + Self.text(map.states))
        ]
        func add(_ label: String, _ text: String) { lines.append("    \(style.faint(pad(label, to: 9))) \(text)") }
        let layout = map.layout.map { map.isInferred ? "layout inferred" : "layout \($0)" } ?? "layout not known"
        add("keys", "\(map.keySize) bytes, \(layout) (\(safeText(map.evidence)))")
        for pin in map.pins { add("pinned", safeText(pin)) }
        for program in (map.programs ?? []).prefix(Self.shown) {
            let places = (program.attachments ?? []).map(Self.text)
            add(
                "program",
                "\(program.type ?? "?") \(program.id) \"\(safeText(program.name))\""
                    + (places.isEmpty ? ", attached nowhere that we see" : " on " + places.joined(separator: ", ")))
        }
        if let programs = map.programs, programs.isEmpty { add("program", "none uses it") }
        if map.programs == nil { add("program", "not known: needs CAP_SYS_ADMIN") }
        for total in map.pods.prefix(Self.shown) { add("entries", text(total)) }
        if map.pods.count > Self.shown { add("", "… and of \(map.pods.count - Self.shown) more pods and addresses") }
        return lines.joined(separator: "\n") + "\n"
    }

    /// One line a pod.
    public func render(_ totals: [PodTotal]) -> String { totals.map { text($0) + "\n" }.joined() }

    private func text(_ total: PodTotal) -> String {
        let dead = [EntryState.leaked, .zombie].contains { total.states[$0.rawValue] != nil }
        let words =
            "\(pad("\(total.entries)", to: 6)) \(total.address?.description ?? "(no address known)")"
            + (total.pod.map { " \(safeText($0))" } ?? "") + ": \(Self.text(total.states))"
        return dead ? style.yellow(words) : words
    }

    private static func text(_ states: [String: Int]) -> String {
        states.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    }

    private static func text(_ attachment: ProgramAttachment) -> String {
        let place =
            attachment.cgroup.map { "cgroup \(safeText($0))" } ?? attachment.sockmap.map { "sockmap \($0)" } ?? "?"
        let more = [
            attachment.mode, attachment.link.map { "link \($0)" },
            attachment.isObserved == true ? "as its sockets show" : nil,
        ]
        let known = more.compactMap { $0 }
        return place + (known.isEmpty ? "" : " (\(known.joined(separator: ", ")))")
    }
}
