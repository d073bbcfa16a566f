import UnstuckModel

/// Maps and totals for a person.
public struct SockmapText: Sendable {
    private let style: Style
    /// Pods and programs that are listed; what there is more of is counted.
    private static let shown = 8

    public init(style: Style) { self.style = style }

    /// A row each, then what there is to know of each.
    public func render(_ all: [SockmapSummary]) -> String {
        let maps = all.sorted { $0.id < $1.id }
        guard !maps.isEmpty else { return "" }
        let table = Table(columns: [
            .init(title: "id", isNumber: true, cells: maps.map { "\($0.id)" }),
            .init(title: "type", cells: maps.map(\.kind.rawValue)),
            .init(title: "name", cells: maps.map { safeText($0.name) }),
            .init(title: "entries", isNumber: true, cells: maps.map { "\($0.entries)" }),
            .init(title: "max", isNumber: true, cells: maps.map { "\($0.maxEntries)" }),
            .init(title: "stale", isNumber: true, cells: maps.map { "\(Self.stale($0.states))" }),
            .init(title: "layout", cells: maps.map { $0.isInferred ? "inferred" : $0.layout ?? "unknown" }),
            .init(title: "programs", isNumber: true, cells: maps.map { $0.programs.map { "\($0.count)" } ?? "?" }),
        ]).lines(style) { warning(of: maps[$0].states) }
        return (table + maps.flatMap(details)).joined(separator: "\n") + "\n"
    }

    private func details(_ map: SockmapSummary) -> [String] {
        var rows = LabelledLines(style)
        let layout = map.layout.map { map.isInferred ? "layout inferred" : "layout \($0)" } ?? "layout unknown"
        rows.add("keys", "\(map.keySize) bytes, \(layout) (\(safeText(map.evidence)))")
        if !map.states.isEmpty { rows.add("entries", Self.text(map.states)) }
        for pin in map.pins.sorted() { rows.add("pinned", safeText(pin)) }
        let programs = (map.programs ?? []).sorted { $0.id < $1.id }
        for program in programs.prefix(Self.shown) {
            let places = (program.attachments ?? []).map(Self.text)
            rows.add(
                "program",
                "\(program.type ?? "?") \(program.id) \"\(safeText(program.name))\""
                    + (places.isEmpty ? ", no attachment found" : " on " + places.joined(separator: ", ")))
        }
        if programs.count > Self.shown { rows.add("program", "… and \(programs.count - Self.shown) more") }
        if let programs = map.programs, programs.isEmpty { rows.add("program", "none uses it") }
        if map.programs == nil { rows.add("program", "unknown: missing CAP_SYS_ADMIN") }
        let head = "\(map.kind.rawValue) \(map.id) \"\(safeText(map.name))\""
        return ["", style.bold(style.characters.shown(head))] + rows.lines
            + (map.pods.isEmpty ? [] : table(Array(map.pods.prefix(Self.shown)), indent: 4))
            + (map.pods.count > Self.shown
                ? style.paragraph("… and \(map.pods.count - Self.shown) more pods and addresses", margin: 4) : [])
    }

    /// A row a pod and address, the one with the most entries first; nothing where there is none.
    public func render(_ totals: [PodTotal]) -> String {
        totals.isEmpty ? "" : table(totals, indent: 0).joined(separator: "\n") + "\n"
    }

    private func table(_ totals: [PodTotal], indent: Int) -> [String] {
        Table(columns: [
            .init(title: "entries", isNumber: true, cells: totals.map { "\($0.entries)" }),
            .init(title: "stale", isNumber: true, cells: totals.map { "\(Self.stale($0.states))" }),
            .init(title: "address", cells: totals.map { $0.address?.description ?? "unknown" }),
            .init(title: "pod", cells: totals.map { safeText($0.pod ?? "") }),
            .init(title: "states", cells: totals.map { Self.text($0.states) }),
        ]).lines(style, indent: indent) { warning(of: totals[$0].states) }
    }

    private func warning(of states: [String: Int]) -> Paint? {
        if Self.stale(states) > 0 { return style.yellow }
        return nil
    }

    private static func stale(_ states: [String: Int]) -> Int {
        states[EntryState.leaked.rawValue, default: 0] + states[EntryState.zombie.rawValue, default: 0]
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
