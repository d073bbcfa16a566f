import FoundationEssentials
import UnstuckModel

/// Bypasses for a person.
public struct BypassText: Sendable {
    private let style: Style

    public init(style: Style) { self.style = style }

    public func render(_ states: [BypassState]) -> String {
        states.isEmpty ? "nothing is bypassed\n" : states.sorted { $0.map < $1.map }.map(text).joined()
    }

    /// What `off` did: the lists of programs before and now, one above the other.
    public func renderUndone(_ states: [BypassState]) -> String {
        states.isEmpty ? "nothing was bypassed\n" : states.sorted { $0.map < $1.map }.map(proof).joined()
    }

    private func text(_ state: BypassState) -> String {
        var rows = LabelledLines(style)
        for place in state.places.sorted(by: { $0.cgroup < $1.cgroup }) { add(place, to: &rows) }
        addEntries(state, to: &rows)
        if state.until != nil {
            let (text, paint) = reverting(state)
            rows.add("reverted", text, paint: paint)
        }
        if state.takesAllEvents { rows.add("events", "none reaches the accelerator's programs") }
        let (summary, paint) = summary(state)
        return (heading(state, summary, paint) + rows.lines).joined(separator: "\n") + "\n"
    }

    private func heading(_ state: BypassState, _ summary: String, _ paint: @escaping Paint) -> [String] {
        let name = "sockmap \(state.map) \"\(safeText(state.mapName))\""
        return style.beginning(name, style.bold, style.paragraph("\(name): \(summary)", hanging: 4).map(paint))
    }

    private func summary(_ state: BypassState) -> (String, Paint) {
        let conditions = Set(state.places.map(\.condition))
        let off = "`unstuck bypass off --map \(state.map)`"
        if conditions == [.bypassed] {
            return (
                "bypassed; new connections use plain TCP until \(state.until.map(time) ?? off)", style.green
            )
        }
        if conditions == [.handingOn] { return ("timed out; accelerated again; \(off) cleans up", style.yellow) }
        if conditions.contains(.unknown) { return ("inconclusive: its cgroups could not be read", style.yellow) }
        if conditions == [.original] { return ("restored", plain) }
        return ("changed by another writer; \(off) reverts what is left", style.yellow)
    }

    private func add(_ place: BypassState.Place, to rows: inout LabelledLines) {
        rows.add(
            "cgroup",
            "\(safeText(place.cgroup)), \(attachment(place)): program \(place.original) "
                + "\"\(safeText(place.originalName))\"" + standing(place))
        guard !place.restarted.isEmpty else { return }
        rows.add(
            "but", "its accelerator was restarted: program \(list(place.restarted.sorted())) is not bypassed",
            paint: style.yellow)
    }

    private func standing(_ place: BypassState.Place) -> String {
        switch place.condition {
        case .original: return " is attached as before"
        case .unknown: return ": " + safeText(place.obstacle ?? "")
        case .changed: return ": other programs are attached now (\(list(place.now)))"
        case .bypassed, .handingOn:
            let shim = place.shim.map { "program \($0)" } ?? "ours"
            return " is replaced by \(shim)" + (place.passesThrough ? "" : ", which takes all events")
                + "; \(pluralized(place.notInserted, "socket")) not inserted"
        }
    }

    private func addEntries(_ state: BypassState, to rows: inout LabelledLines) {
        guard let live = state.liveEntries, let stale = state.deadEntries else { return }
        if live > 0 {
            rows.add(
                "live",
                "\(pluralized(live, "entry", "entries")) of established connections, accelerated until they close")
        }
        if stale > 0 {
            rows.add(
                "stale",
                "\(pluralized(stale, "entry", "entries")): run `unstuck repair --map \(state.map)` before the bypass ends"
            )
        }
    }

    private func reverting(_ state: BypassState) -> (String, Paint) {
        let kernel = state.places.allSatisfy(\.passesThrough)
        switch (state.keeper, kernel) {
        case (let keeper?, true):
            return ("by pid \(keeper) on timeout; if it is killed, the shim passes events through from then on", plain)
        case (let keeper?, false):
            return (
                "by pid \(keeper) on timeout, and only by it: on this kernel no shim passes events through",
                style.yellow
            )
        case (nil, true):
            return ("its process has ended; the shim passes events through on timeout", style.yellow)
        case (nil, false): return ("never: its process has ended", style.red)
        }
    }

    private func proof(_ state: BypassState) -> String {
        var rows = LabelledLines(style)
        for place in state.places.sorted(by: { $0.cgroup < $1.cgroup }) {
            rows.add("cgroup", "\(safeText(place.cgroup)), \(attachment(place))")
            rows.add("before", list(place.before))
            rows.add("now", "\(list(place.now)): \(change(place))", paint: paint(place.condition == .original))
            rows.add("skipped", "\(pluralized(place.notInserted, "socket")) not inserted meanwhile")
        }
        if let stale = state.deadEntries, stale > 0 {
            rows.add(
                "stale",
                "\(pluralized(stale, "entry", "entries")) still in the map: run `unstuck repair --map \(state.map)`",
                paint: style.yellow)
        }
        let heading = heading(
            state, state.isUndone ? "restored" : "changed by another writer", paint(state.isUndone, style.green))
        return (heading + rows.lines).joined(separator: "\n") + "\n"
    }

    private func paint(_ isFine: Bool, _ fine: @escaping Paint = plain) -> Paint {
        if isFine { return fine }
        return style.yellow
    }

    private func change(_ place: BypassState.Place) -> String {
        if place.condition == .original {
            return place.now == place.before
                ? "the same programs, flags and order" : "the same, and programs that were attached meanwhile"
        }
        return place.restarted.isEmpty
            ? "changed by another writer; nothing of Unstuck is left there"
            : "the accelerator was restarted; it is not changed"
    }

    private func attachment(_ place: BypassState.Place) -> String {
        let mode = place.mode ?? "exclusive"
        return mode + (place.link.map { ", link \($0)" } ?? "")
    }

    private func list(_ ids: [UInt32]) -> String {
        ids.isEmpty ? "none" : ids.map { "\($0)" }.joined(separator: ", ")
    }

    private func time(_ seconds: Double) -> String {
        Date(timeIntervalSince1970: seconds.rounded()).formatted(.iso8601)
    }
}
