import UnstuckModel

/// A reason why an established connection is stuck, other than a sockmap: what it takes to have it for real, in several
/// variants, and the control cases, which look like it and are healthy.
public struct Cause: Sendable {
    /// The code of the finding that it must lead to.
    public let code: String
    public let place: CausePlace
    /// The variants, then the control cases; at least one of each.
    public let cases: [CauseCase]

    init(_ code: String, _ place: CausePlace, _ cases: [CauseCase]) {
        self.code = code
        self.place = place
        self.cases = cases
    }

    /// Every cause that can be made.
    public static let all = [
        stopped, notReading, zeroWindow, notAccepting, listenerOverflow, deferAccept, pathLoss, peerVanished,
        wrongNeighbour, silent,
    ]

    /// `nil` where no cause has that code.
    public static func named(_ code: String) -> Cause? { all.first { $0.code == code } }

    /// - Parameter name: `nil`: the first variant, or the first control case.
    /// - Throws: `invalid`, with the names that there are.
    public func chooseCase(named name: String?, isControl: Bool) throws(LabError) -> CauseCase {
        let chosen = cases.first { one in name.map { $0 == one.name } ?? (one.isControl == isControl) }
        guard let chosen, chosen.isControl || !isControl else {
            let names = cases.filter { $0.isControl || !isControl }.map(\.name).joined(separator: ", ")
            throw LabError(
                .invalid,
                "\(code) has no \(isControl ? "control case" : "case") \"\(name ?? "")\"; there are \(names)")
        }
        return chosen
    }
}
