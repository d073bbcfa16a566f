import UnstuckModel

/// `unstuck kernel facts` as a person reads it.
public struct KernelFactsText {
    private let style: Style
    public init(style: Style) { self.style = style }

    public func render(_ facts: KernelFacts) -> String {
        var lines = [
            "\(style.bold(safeText(facts.host))) · Linux \(safeText(facts.release)) \(safeText(facts.machine))",
            row("version", facts.version), row("built", facts.build ?? "unknown: no /proc/version"),
        ]
        if let signature = facts.signature { lines.append(row("signature", signature)) }
        lines.append(row("vendor", facts.vendor ?? "unknown: no os-release"))
        lines.append(row("configuration", configuration(facts)))
        lines.append("")
        for (name, support) in [
            ("BTF", facts.typeInformation), ("kallsyms", facts.symbolTable), ("tracefs", facts.tracefs),
        ] { lines.append("\(mark(support.answer)) \(pad(name, to: 22))  \(safeText(support.how))") }
        lines.append("")
        for feature in facts.features {
            lines.append(
                "\(mark(feature.support.answer)) \(pad(feature.name, to: 22))  \(safeText(feature.support.how))")
            if feature.support.answer != .supported {
                lines.append("    \(pad("", to: 20))  \(style.faint("for \(feature.neededFor)"))")
            }
        }
        lines.append("")
        for capability in facts.capabilities {
            lines.append(
                "\(mark(capability.isPresent ? .supported : .unsupported)) \(pad(capability.name, to: 22))  "
                    + style.faint(capability.neededFor))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func configuration(_ facts: KernelFacts) -> String {
        guard let source = facts.configurationSource else { return facts.evidence.unknown["options"] ?? "unknown" }
        let options = facts.evidence.options.filter { $0.value != "n" }.map { "\($0.key)=\($0.value)" }.sorted()
        let missing = facts.evidence.options.filter { $0.value == "n" }.map(\.key).sorted()
        return "\(source): \(options.joined(separator: " "))"
            + (missing.isEmpty ? "" : "; not set: \(missing.joined(separator: " "))")
    }

    private func row(_ name: String, _ text: String) -> String {
        "  \(style.faint(pad(name, to: 13)))  \(safeText(text))"
    }

    private func mark(_ answer: Support.Answer) -> String {
        switch answer {
        case .supported: style.green("✓")
        case .unsupported: style.yellow("–")
        case .inconclusive: style.yellow("?")
        }
    }
}
