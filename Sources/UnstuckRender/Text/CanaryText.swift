import UnstuckModel

/// A canary's report for a person.
public struct CanaryText: Sendable {
    private let style: Style

    public init(style: Style) { self.style = style }

    public func render(_ report: CanaryReport) -> String {
        var lines = [style.bold("Linux \(safeText(report.kernelRelease))")]
        for program in report.foreign {
            lines.append(
                style.yellow("! sock_ops program \(program.id) \"\(safeText(program.name))\"")
                    + " runs for every control group and sees the canary's sockets"
                    + (program.maps.isEmpty
                        ? ""
                        : "; it uses map\(program.maps.count == 1 ? "" : "s") \(program.maps.map(String.init).joined(separator: ", "))")
            )
        }
        if report.isRefused {
            lines.append(
                "? nothing was tried: --remove-own-keys tries, and takes the canary's keys out of others' maps afterwards"
            )
        }
        for trial in report.trials {
            let word =
                switch trial.word {
                case .present: style.red("✗ \(pad(trial.fault, to: 16)) present")
                case .absent: style.green("✓ \(pad(trial.fault, to: 16)) absent")
                case .inconclusive: style.yellow("? \(pad(trial.fault, to: 16)) inconclusive")
                }
            lines.append(word + style.faint("  in \(Int(trial.milliseconds)) ms"))
            for evidence in trial.evidence { lines.append("    \(safeText(evidence))") }
        }
        if report.removedKeys > 0 { lines.append("took \(report.removedKeys) keys of its own out of others' maps") }
        if report.keysLeft > 0 {
            lines.append(style.red("✗ \(report.keysLeft) keys of its own are left in others' maps"))
        }
        if !report.isRefused { lines.append(style.faint("\(Int(report.milliseconds)) ms, nothing left")) }
        return lines.joined(separator: "\n") + "\n"
    }
}
