import FoundationEssentials
import UnstuckModel

/// Bypasses for a person.
public struct BypassText: Sendable {
    private let style: Style

    public init(style: Style) { self.style = style }

    public func render(_ states: [BypassState]) -> String {
        states.isEmpty ? "nothing is bypassed\n" : states.map(text).joined()
    }

    /// What `off` did: the lists of programs before and now, one above the other.
    public func renderUndone(_ states: [BypassState]) -> String {
        states.isEmpty ? "nothing was bypassed\n" : states.map(proof).joined()
    }

    private func text(_ state: BypassState) -> String {
        var lines = ["\(style.bold(name(state)))  \(summary(state))"]
        for place in state.places { lines += self.lines(of: place) }
        lines += connections(state)
        if state.until != nil { lines.append(line("undone by", undoing(state))) }
        if state.swallowsAll { lines.append(line("events", "none reaches the accelerator's programs")) }
        return lines.joined(separator: "\n") + "\n"
    }

    private func summary(_ state: BypassState) -> String {
        let conditions = Set(state.places.map(\.condition))
        if conditions == [.bypassed] {
            return style.green("bypassed")
                + ": new connections are plain TCP, "
                + (state.until.map { "until \(time($0))" } ?? "until `unstuck bypass off --map \(state.map)`")
        }
        if conditions == [.handingOn] {
            return style.yellow("over") + ": accelerated again; `unstuck bypass off --map \(state.map)` tidies up"
        }
        if conditions.contains(.unknown) { return style.yellow("cannot be seen from here") }
        if conditions == [.original] { return "as it was" }
        return style.yellow("changed by somebody else: `unstuck bypass off --map \(state.map)` undoes what is left")
    }

    private func lines(of place: BypassState.Place) -> [String] {
        var lines = [
            line(
                "cgroup",
                "\(safeText(place.cgroup))  \(attachment(place))  program \(place.original) "
                    + "\"\(safeText(place.originalName))\"" + standing(place))
        ]
        if !place.newcomers.isEmpty {
            let ids = place.newcomers.map { "\($0)" }.joined(separator: ", ")
            lines.append(
                line("but", style.yellow("its accelerator was started anew: program \(ids) is not bypassed")))
        }
        return lines
    }

    private func standing(_ place: BypassState.Place) -> String {
        switch place.condition {
        case .original: return " is where it was"
        case .unknown: return ": " + safeText(place.obstacle ?? "")
        case .changed: return ": the list is another one now (\(list(place.now)))"
        case .bypassed, .handingOn:
            let standIn = place.standIn.map { "program \($0)" } ?? "ours"
            return ", for which \(standIn) stands in" + (place.handsOn ? "" : " and sees all events")
                + "; \(place.keptOut) sockets kept out"
        }
    }

    private func connections(_ state: BypassState) -> [String] {
        guard let live = state.liveEntries, let dead = state.deadEntries else { return [] }
        var lines: [String] = []
        if live > 0 {
            lines.append(
                line(
                    "still",
                    "\(pluralized(live, "entry", "entries")) of established connections, accelerated until they end"))
        }
        if dead > 0 {
            lines.append(
                line(
                    "dead",
                    "\(pluralized(dead, "entry", "entries")): `unstuck repair --map \(state.map)` before the bypass ends"
                ))
        }
        return lines
    }

    private func undoing(_ state: BypassState) -> String {
        let kernel = state.places.allSatisfy(\.handsOn)
        switch (state.keeper, kernel) {
        case (let keeper?, true): return "process \(keeper); were it killed, the stand-in would hand on from then on"
        case (let keeper?, false): return style.yellow("process \(keeper) alone: this kernel lets no stand-in hand on")
        case (nil, true): return style.yellow("the stand-in, which hands on from then on: its process has ended")
        case (nil, false): return style.red("nobody: its process has ended")
        }
    }

    private func proof(_ state: BypassState) -> String {
        var lines = [
            style.bold(name(state)) + "  " + (state.isUndone ? style.green("as it was") : style.yellow("changed"))
        ]
        for place in state.places {
            lines.append(line("cgroup", "\(safeText(place.cgroup))  \(attachment(place))"))
            lines.append(line("before", list(place.before)))
            lines.append(line("now", list(place.now) + "  " + change(place)))
            lines.append(line("kept out", "\(place.keptOut) sockets"))
        }
        if let dead = state.deadEntries, dead > 0 {
            lines.append(
                line(
                    "dead",
                    style.yellow(
                        "\(pluralized(dead, "entry", "entries")) still in the map: `unstuck repair --map \(state.map)`")
                ))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func change(_ place: BypassState.Place) -> String {
        if place.condition == .original {
            return place.now == place.before
                ? "the same programs, flags and order" : "the same, and others that came meanwhile"
        }
        return style.yellow(
            place.newcomers.isEmpty
                ? "somebody else changed it; nothing of ours is there"
                : "the accelerator was started anew; it is left as it is")
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
    private func line(_ label: String, _ text: String) -> String { "    \(style.faint(pad(label, to: 9))) \(text)" }
    private func name(_ state: BypassState) -> String { "sockmap \(state.map) \"\(safeText(state.mapName))\"" }
}
