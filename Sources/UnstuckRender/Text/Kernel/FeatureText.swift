import UnstuckModel

/// What a kernel's BPF has, and how two kernels differ, as a person reads it.
public struct FeatureText {
    private let style: Style
    public init(style: Style) { self.style = style }

    /// Types by name, helpers by how many of them each program type may call.
    public func render(_ features: FeatureSet) -> String {
        var lines = style.paragraph("Linux \(safeText(features.kernel ?? "?")), asked by \(safeText(features.prober))")
        for kind in FeatureSet.Kind.allCases where kind != .helper && features.count(kind).all > 0 {
            let count = features.count(kind)
            lines.append(style.bold("\(Self.plural(kind)): \(count.supported) of \(count.all)"))
            for answer in Support.Answer.allCases {
                let names = features.answers.filter { $0.key.kind == kind && $0.value == answer.rawValue }.map(
                    \.key.name)
                guard !names.isEmpty else { continue }
                lines += style.labelled(
                    answer.rawValue, safeText(names.sorted().joined(separator: " ")), to: 12, margin: 2)
            }
        }
        let helpers = Dictionary(grouping: features.answers.filter { $0.key.kind == .helper }) { $0.key.program ?? "?" }
            .sorted { $0.key < $1.key }
        guard !helpers.isEmpty else { return lines.joined(separator: "\n") + "\n" }
        let supported = Support.Answer.supported.rawValue
        lines.append(style.bold("helpers, by the program type that may call them"))
        lines += Table(columns: [
            .init(title: "program type", cells: helpers.map { safeText($0.key) }),
            .init(
                title: "supported", isNumber: true,
                cells: helpers.map { "\($0.value.count { $0.value == supported })" }),
            .init(title: "of", isNumber: true, cells: helpers.map { "\($0.value.count)" }),
        ]).lines(style, indent: 2)
        return lines.joined(separator: "\n") + "\n"
    }

    /// - Parameter names: of the two files.
    public func render(_ comparison: FeatureComparison, names: (left: String, right: String)) -> String {
        var lines = differences(comparison, names)
        let mattering = comparison.differences.count { $0.matters != nil }
        lines += style.marked(
            "→",
            "\(pluralized(comparison.differences.count, "difference")) in \(comparison.compared) features that both lists "
                + "answer, \(mattering) of them in how sockmaps work or are seen"
        ).map(style.bold)
        for feature in comparison.inconclusive {
            lines += style.marked("?", "\(safeText(Self.name(feature))) is inconclusive in one of them").map(
                style.yellow)
        }
        for (name, refused) in [(names.left, comparison.refusedLeft), (names.right, comparison.refusedRight)] {
            lines += render(refused, name)
        }
        for (name, only) in [(names.left, comparison.onlyLeft), (names.right, comparison.onlyRight)] where !only.isEmpty
        {
            lines += style.paragraph(
                "only in \(safeText(name)), not compared: the other list was not asked for them", margin: 2)
            lines += render(only)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A row each; those are first that matter to sockmaps.
    private func differences(_ comparison: FeatureComparison, _ names: (left: String, right: String)) -> [String] {
        let rows = comparison.differences
        guard !rows.isEmpty else { return [] }
        /// The end of a file's name, which tells it from the other.
        func title(_ name: String) -> String {
            let name = safeText(name)
            return style.characters.shown(name.count > 24 ? "…" + name.suffix(23) : name)
        }
        return Table(columns: [
            .init(
                title: "  feature",
                cells: rows.map { ($0.matters == nil ? "  " : "! ") + safeText(Self.name($0.feature)) }),
            .init(title: title(names.left), cells: rows.map { safeText($0.left) }),
            .init(title: title(names.right), cells: rows.map { safeText($0.right) }),
            .init(title: "matters", cells: rows.map { $0.matters ?? "" }),
        ]).lines(style) { row -> Paint? in
            if rows[row].matters == nil { return nil }
            return style.red
        }
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
            return style.marked("?", text).map(style.yellow)
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
            return style.paragraph(text, margin: 4).map(style.faint)
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
