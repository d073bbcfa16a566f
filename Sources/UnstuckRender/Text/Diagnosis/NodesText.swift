import UnstuckModel

/// Diagnoses of several nodes, or boots: a table of them, then each by itself.
public struct NodesText {
    private let style: Style
    private let isVerbose: Bool

    public init(style: Style, isVerbose: Bool = false) {
        self.style = style
        self.isVerbose = isVerbose
    }

    public func render(_ nodes: [NodeDiagnosis]) -> String {
        let one = DiagnosisText(style: style, isVerbose: isVerbose)
        let parts = nodes.map { one.render($0.diagnosis, looks: $0.snapshots) }
        let table = Table(columns: columns(nodes)).lines(width: style.width, indent: 0)
        let lines = [style.faint(table[0])] + table.dropFirst().map(style.characters.shown)
        return ([lines.joined(separator: "\n") + "\n"] + parts).joined(separator: "\n")
    }

    private func columns(_ nodes: [NodeDiagnosis]) -> [Table.Column] {
        func count(_ severity: Finding.Severity) -> [String] {
            nodes.map { node in "\(node.diagnosis.findings.count { $0.severity == severity })" }
        }
        return [
            .init(title: "node", cells: nodes.map { safeText($0.host) }),
            .init(title: "boot", cells: nodes.map { safeText(String($0.boot.prefix(8))) }),
            .init(title: "samples", isNumber: true, cells: nodes.map { "\($0.diagnosis.checked.samples)" }),
            .init(title: "critical", isNumber: true, cells: count(.critical)),
            .init(title: "warnings", isNumber: true, cells: count(.warning)),
            .init(title: "notes", isNumber: true, cells: count(.note)),
            .init(title: "result", cells: nodes.map(result)),
        ]
    }

    private func result(_ node: NodeDiagnosis) -> String {
        let maps =
            node.diagnosis.checked.maps.map { " (of sockmap \($0.map(String.init).joined(separator: ", ")))" } ?? ""
        if node.diagnosis.hasFindings { return "faults found\(maps)" }
        return (node.diagnosis.isInconclusive ? "inconclusive" : "no fault found") + maps
    }
}
