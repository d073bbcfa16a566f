import UnstuckModel

/// Guards for a person.
public struct GuardText: Sendable {
    private let style: Style
    private static let shown = 20

    public init(style: Style) { self.style = style }

    /// A guard that has just begun.
    public func begun(_ state: GuardState) -> String {
        "guarding \(name(state)) in mode \(state.mode.rawValue), by \(paths(state))\n"
            + state.reasons.map { style.faint("    \(safeText($0))") + "\n" }.joined()
    }

    public func render(_ states: [GuardState]) -> String {
        states.isEmpty ? "no map is guarded\n" : states.map { text($0, holder($0)) }.joined()
    }

    /// Guards that have been ended, with what they did.
    public func renderEnded(_ states: [GuardState]) -> String {
        states.isEmpty ? "no map was guarded\n" : states.map { text($0, "ended") }.joined()
    }

    private func text(_ state: GuardState, _ holder: String) -> String {
        var lines = [style.bold(name(state)) + "  mode \(state.mode.rawValue), by \(paths(state)), \(holder)"]
        func add(_ label: String, _ text: String) { lines.append("    \(style.faint(pad(label, to: 9))) \(text)") }
        let removed = state.counts.removed.sorted { $0.key < $1.key }.map { "\($0.value) by \($0.key)" }
        add("removed", "\(state.counts.total)" + (removed.isEmpty ? "" : ": " + removed.joined(separator: ", ")))
        if state.counts.evicted > 0 {
            add("lost", style.yellow("\(state.counts.evictedBytes) unread bytes of \(state.counts.evicted) of these"))
        }
        if state.counts.failed > 0 { add("failed", style.yellow("\(state.counts.failed) deletions were refused")) }
        if state.counts.raced > 0 { add("raced", style.yellow("\(state.counts.raced) deletions met another hand")) }
        if !state.cgroups.isEmpty { add("cgroups", state.cgroups.map(safeText).joined(separator: ", ")) }
        for reason in state.reasons { add("but", safeText(reason)) }
        if !state.isInUse {
            add(
                "left over",
                style.yellow(
                    "no sk_msg program uses the map: its accelerator has gone, and the guard keeps the map alive"))
        }
        for held in state.held.prefix(Self.shown) {
            add(
                "held",
                style.yellow("\(held.tuple)")
                    + (held.unreadBytes > 0 ? " \(held.unreadBytes) unread bytes" : " nothing unread any more")
                    + (held.seconds > 0 ? ", for \(Int(held.seconds)) s" : ""))
        }
        if state.held.count > Self.shown { add("held", "… and \(state.held.count - Self.shown) more") }
        for command in state.toRun ?? [] { add("run", style.bold(safeText(command.text))) }
        return lines.joined(separator: "\n") + "\n"
    }

    private func name(_ state: GuardState) -> String { "sockmap \(state.map) \"\(safeText(state.mapName))\"" }

    private func paths(_ state: GuardState) -> String {
        state.paths.isEmpty ? style.red("nothing") : state.paths.map(\.rawValue).joined(separator: ", then ")
    }

    private func holder(_ state: GuardState) -> String {
        if state.isPinned { return "pinned" }
        if state.condition == .stopped { return style.red("by process \(state.process ?? 0), which is stopped") }
        return state.process.map { "process \($0)" } ?? style.red("whose process has ended without cleaning up")
    }
}
