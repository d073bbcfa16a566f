import UnstuckModel

/// What a kernel's BPF has, and how two kernels differ, as a person reads it.
public struct FeatureText {
    private let style: Style
    public init(style: Style) { self.style = style }

    /// Types by name, helpers by how many of them each program type may call.
    public func render(_ features: FeatureSet) -> String {
        var lines = [
            "Linux \(safeText(features.kernel ?? "?")), asked by \(safeText(features.prober))"
        ]
        for kind in FeatureSet.Kind.allCases where kind != .helper && features.count(kind).all > 0 {
            let count = features.count(kind)
            lines.append(style.bold("\(Self.plural(kind)): \(count.supported) of \(count.all)"))
            for answer in Support.Answer.allCases {
                let names = features.answers.filter { $0.key.kind == kind && $0.value == answer.rawValue }.map(
                    \.key.name)
                guard !names.isEmpty else { continue }
                lines.append("  \(pad(answer.rawValue, to: 12)) \(safeText(names.sorted().joined(separator: " ")))")
            }
        }
        let helpers = Dictionary(grouping: features.answers.filter { $0.key.kind == .helper }) { $0.key.program ?? "?" }
        lines.append(style.bold("helpers, by the program type that may call them"))
        for (program, answers) in helpers.sorted(by: { $0.key < $1.key }) {
            let supported = answers.count { $0.value == Support.Answer.supported.rawValue }
            lines.append("  \(pad(safeText(program), to: 24)) \(supported) of \(answers.count)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// - Parameter names: of the two files.
    public func render(_ comparison: FeatureComparison, names: (left: String, right: String)) -> String {
        var lines: [String] = []
        let width = comparison.differences.map { Self.name($0.feature).count }.max() ?? 0
        for difference in comparison.differences {
            let mark = difference.matters == nil ? " " : style.red("!")
            lines.append(
                "\(mark) \(pad(safeText(Self.name(difference.feature)), to: width))  \(safeText(difference.left)) → "
                    + safeText(difference.right) + (difference.matters.map { "   matters: \($0)" } ?? ""))
        }
        let mattering = comparison.differences.count { $0.matters != nil }
        let count = comparison.differences.count
        lines.append(
            style.bold(
                "→ \(count) difference\(count == 1 ? "" : "s") in \(comparison.compared) features that both lists answer, "
            )
                + style.bold("\(mattering) of them in how sockmaps work or are seen"))
        for feature in comparison.inconclusive {
            lines.append(style.yellow("? \(safeText(Self.name(feature))) is inconclusive in one of them"))
        }
        for (name, refused) in [(names.left, comparison.refusedLeft), (names.right, comparison.refusedRight)] {
            lines += render(refused, name)
        }
        for (name, only) in [(names.left, comparison.onlyLeft), (names.right, comparison.onlyRight)] where !only.isEmpty
        {
            lines.append("  only in \(safeText(name)), not compared: the other list was not asked for them")
            lines += render(only)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// What cannot be true, a line a reason: one broken probe spoils many program types at once.
    private func render(_ refused: [RefusedAnswers], _ name: String) -> [String] {
        var reasons: [String] = []
        for part in refused where !reasons.contains(part.reason) { reasons.append(part.reason) }
        return reasons.flatMap { reason in
            let parts = refused.filter { $0.reason == reason }
            let programs = parts.compactMap(\.program)
            let what =
                programs.isEmpty
                ? parts.map { Self.plural($0.kind) }.joined(separator: ", ")
                : "helpers of \(programs.count == 1 ? "" : "\(programs.count) program types: ")"
                    + programs.joined(separator: " ")
            let text = safeText("\(name): not believed, \(what): \(reason)")
            var lines = Paragraph(width: style.width, indent: 4).lines(text, begun: 2)
            lines[0] = "? " + lines[0]
            return lines.map(style.yellow)
        }
    }

    /// Every name, by kind and answer.
    private func render(_ only: [FeatureComparison.Answer]) -> [String] {
        var groups: [(title: String, names: [String])] = []
        for item in only {
            let program = item.feature.program.map { " of \($0)" } ?? ""
            let title = "\(Self.plural(item.feature.kind))\(program), \(item.answer)"
            if let index = groups.firstIndex(where: { $0.title == title }) {
                groups[index].names.append(item.feature.name)
            } else {
                groups.append((title, [item.feature.name]))
            }
        }
        return groups.flatMap { group in
            let text = safeText("\(group.title) (\(group.names.count)): \(group.names.joined(separator: " "))")
            var lines = Paragraph(width: style.width, indent: 6).lines(text, begun: 4)
            lines[0] = "    " + lines[0]
            return lines.map(style.faint)
        }
    }

    private static func name(_ feature: FeatureSet.Feature) -> String {
        let kind =
            switch feature.kind {
            case .programType: "program type"
            case .mapType: "map type"
            case .helper: "helper"
            case .attachType: "attach type"
            case .other: "other"
            }
        return "\(kind) \(feature.program.map { "\($0): " } ?? "")\(feature.name)"
    }

    private static func plural(_ kind: FeatureSet.Kind) -> String {
        switch kind {
        case .programType: "program types"
        case .mapType: "map types"
        case .helper: "helpers"
        case .attachType: "attach types"
        case .other: "others"
        }
    }
}
