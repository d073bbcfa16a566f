import UnstuckModel

/// A canary's report for a person.
public struct CanaryText: Sendable {
    private let style: Style

    public init(style: Style) { self.style = style }

    public func render(_ report: CanaryReport) -> String {
        var lines = [style.bold("Linux \(safeText(report.kernelRelease))")]
        for program in report.foreign {
            let maps =
                program.maps.isEmpty
                ? ""
                : "; it uses map\(program.maps.count == 1 ? "" : "s") \(program.maps.map(String.init).joined(separator: ", "))"
            lines += style.marked(
                "!",
                "sock_ops program \(program.id) \"\(safeText(program.name))\" runs for every cgroup and sees the canary's "
                    + "sockets" + maps
            ).map(style.yellow)
        }
        if report.isRefused {
            lines += style.marked(
                "?",
                "nothing was tried: --remove-own-keys tries, and deletes the canary's keys from other projects' maps "
                    + "afterwards")
        }
        let width = report.trials.map(\.fault.count).max() ?? 0
        for trial in report.trials {
            let (mark, paint): (String, Paint) =
                switch trial.word {
                case .present: ("✗", style.red)
                case .absent: ("✓", style.green)
                case .inconclusive: ("?", style.yellow)
                }
            let head =
                "\(style.characters.shown(mark)) \(pad(trial.fault, to: width))  \(pad(trial.word.rawValue, to: 12))"
            lines.append(paint(head) + style.faint("  \(durationText(trial.milliseconds / 1000))"))
            for evidence in trial.evidence { lines += style.paragraph(safeText(evidence), margin: 4) }
        }
        if report.removedKeys > 0 {
            lines += style.paragraph("deleted \(report.removedKeys) keys of its own from other projects' maps")
        }
        if report.keysLeft > 0 {
            lines += style.marked("✗", "\(report.keysLeft) keys of its own remain in other projects' maps").map(
                style.red)
        }
        if !report.isRefused {
            lines.append(style.faint("\(durationText(report.milliseconds / 1000)), nothing left behind"))
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
