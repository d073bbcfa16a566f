import UnstuckModel

/// Guards for a person: a row each, then what else is to be said of one.
public struct GuardText: Sendable {
    private let style: Style
    private static let shown = 20

    public init(style: Style) { self.style = style }

    /// A guard that has just begun.
    public func begun(_ state: GuardState) -> String {
        let text = "guarding \(name(state)) in mode \(state.mode.rawValue), by \(paths(state))"
        let lines =
            (state.paths.isEmpty ? style.marked("!", "not " + text).map(style.yellow) : style.paragraph(text))
            + state.reasons.flatMap { style.paragraph(safeText($0), margin: 4).map(style.faint) }
        return lines.map { $0 + "\n" }.joined()
    }

    public func render(_ states: [GuardState]) -> String {
        states.isEmpty ? "no map is guarded\n" : text(states, by: holder)
    }

    /// Guards that have been ended, with what they did.
    public func renderEnded(_ states: [GuardState]) -> String {
        states.isEmpty ? "no map was guarded\n" : text(states) { _ in "ended" }
    }

    private func text(_ all: [GuardState], by holder: (GuardState) -> String) -> String {
        let states = all.sorted { $0.map < $1.map }
        func column(_ title: String, isNumber: Bool = false, _ cell: (GuardState) -> String) -> Table.Column {
            Table.Column(title: title, isNumber: isNumber, cells: states.map(cell))
        }
        let table = Table(columns: [
            column("sockmap") { "\($0.map) \"\(safeText($0.mapName))\"" }, column("mode", \.mode.rawValue),
            column("removed", isNumber: true) { "\($0.counts.total)" },
            column("held", isNumber: true) { "\($0.held.count)" },
            column("failed", isNumber: true) { "\($0.counts.failed)" }, column("guarded by", holder),
            column("paths", paths),
        ]).lines(style) { row -> Paint? in
            if self.holder(states[row]) == Self.ownerGone { return style.red }
            return nil
        }
        return (table + states.flatMap(details)).joined(separator: "\n") + "\n"
    }

    private func details(_ state: GuardState) -> [String] {
        var rows = LabelledLines(style)
        // Of a process that is gone, where there was no room for the column.
        if holder(state) == Self.ownerGone { rows.add("owner", Self.ownerGone, paint: style.red) }
        let removed = state.counts.removed.sorted { $0.key < $1.key }.map { "\($0.value) by \($0.key)" }
        if !removed.isEmpty { rows.add("removed", removed.joined(separator: ", ")) }
        if state.counts.evicted > 0 {
            rows.add(
                "lost", "\(state.counts.evictedBytes) unread bytes of \(state.counts.evicted) of these",
                paint: style.yellow)
        }
        if state.counts.failed > 0 {
            rows.add("failed", "the kernel refused \(pluralized(state.counts.failed, "deletion"))", paint: style.yellow)
        }
        if state.counts.raced > 0 {
            rows.add(
                "raced", "\(pluralized(state.counts.raced, "deletion")) lost a race with another writer",
                paint: style.yellow)
        }
        if !state.cgroups.isEmpty { rows.add("cgroups", state.cgroups.sorted().map(safeText).joined(separator: ", ")) }
        for reason in state.reasons { rows.add("but", safeText(reason)) }
        if !state.isInUse {
            rows.add(
                "left over",
                "no sk_msg program uses the map: its accelerator is gone, and the guard keeps the map alive",
                paint: style.yellow)
        }
        for command in state.toRun ?? [] { rows.add("run", safeText(command.text), paint: style.bold) }
        let lines = rows.lines + held(state)
        return lines.isEmpty ? [] : ["", style.bold(name(state))] + lines
    }

    /// Dead sockets whose entries are kept because bytes are unread.
    private func held(_ state: GuardState) -> [String] {
        guard !state.held.isEmpty else { return [] }
        let held = Array(state.held.sorted { $0.tuple < $1.tuple }.prefix(Self.shown))
        let left = state.held.count - held.count
        return style.paragraph("entries of dead sockets that it keeps, for their unread bytes:", margin: 4)
            + Table(columns: [
                .init(title: "dead socket", cells: held.map { "\($0.tuple)" }),
                .init(title: "unread", isNumber: true, cells: held.map { "\($0.unreadBytes)" }),
                .init(title: "for", isNumber: true, cells: held.map { $0.seconds > 0 ? durationText($0.seconds) : "" }),
                .init(title: "netns", isNumber: true, cells: held.map { "\($0.netns)" }),
            ]).lines(style, indent: 6) { _ in style.yellow }
            + (left > 0 ? style.paragraph("… and \(left) more", margin: 6) : [])
    }

    private func name(_ state: GuardState) -> String { "sockmap \(state.map) \"\(safeText(state.mapName))\"" }

    private func paths(_ state: GuardState) -> String {
        state.paths.isEmpty ? "none" : state.paths.map(\.rawValue).joined(separator: ", then ")
    }

    private static let ownerGone = "a process that ended without cleaning up"

    private func holder(_ state: GuardState) -> String {
        if state.isPinned { return "pins" }
        if state.condition == .stopped { return "pid \(state.process ?? 0), stopped" }
        return state.process.map { "pid \($0)" } ?? Self.ownerGone
    }
}
