import UnstuckModel

/// One kind of anomaly. A rule is pure; what it cannot tell for lack of evidence it adds to `unknown`.
protocol Rule {
    /// What it can find.
    var codes: [Finding.Code] { get }
    func evaluate(_ view: NodeView, _ report: inout Report)
}

/// What the rules add to.
struct Report {
    var findings: [Finding] = []
    var suspects: [EntryReference] = []
    var unsettled: [UnsettledConnection] = []
    var unknown: [String] = []
}
