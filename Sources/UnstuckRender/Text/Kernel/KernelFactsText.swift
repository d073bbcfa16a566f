import UnstuckModel

/// `unstuck kernel facts` as a person reads it.
public struct KernelFactsText {
    private let style: Style
    public init(style: Style) { self.style = style }

    /// Columns of the longest name of a feature or capability.
    private static let names = 22

    public func render(_ facts: KernelFacts) -> String {
        let host = safeText(facts.host)
        var lines = style.beginning(
            host, style.bold, style.paragraph("\(host) · Linux \(safeText(facts.release)) \(safeText(facts.machine))"))
        var rows = LabelledLines(style, margin: 2)
        rows.add("version", safeText(facts.version))
        rows.add("built", safeText(facts.build ?? "unknown: no /proc/version"))
        if let signature = facts.signature { rows.add("signature", safeText(signature)) }
        rows.add("vendor", safeText(facts.vendor ?? "unknown: no os-release"))
        rows.add("configuration", safeText(configuration(facts)))
        lines += rows.lines + [""]
        for (name, support) in [
            ("BTF", facts.typeInformation), ("kallsyms", facts.symbolTable), ("tracefs", facts.tracefs),
        ] { lines += line(support.answer, name, support.how) }
        lines.append("")
        for feature in facts.features {
            lines += line(feature.support.answer, feature.name, feature.support.how)
            if feature.support.answer != .supported {
                lines += style.labelled("", "for \(feature.neededFor)", to: Self.names, margin: 2, paint: style.faint)
            }
        }
        lines.append("")
        for capability in facts.capabilities {
            lines += line(
                capability.isPresent ? .supported : .unsupported, capability.name, capability.neededFor,
                paint: style.faint)
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

    /// `✓ CAP_BPF                 everything of BPF`
    private func line(
        _ answer: Support.Answer, _ name: String, _ text: String, paint: Paint = { $0 }
    ) -> [String] {
        let begun = 2 + Self.names + 2
        var lines = Paragraph(width: style.width, indent: begun).lines(
            style.characters.shown(safeText(text)), begun: begun)
        for index in lines.indices { lines[index] = paint(lines[index]) }
        lines[0] = "\(mark(answer)) \(pad(name, to: Self.names))  \(lines[0])"
        return lines
    }

    private func mark(_ answer: Support.Answer) -> String {
        switch answer {
        case .supported: style.green(style.characters.shown("✓"))
        case .unsupported: style.yellow(style.characters.shown("–"))
        case .inconclusive: style.yellow("?")
        }
    }
}
