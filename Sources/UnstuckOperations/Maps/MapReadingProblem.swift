import UnstuckModel

/// What could not be read of maps.
public enum MapReadingProblem: CustomStringConvertible {
    /// `action` is what was tried: "read sockmap 35".
    case failed(action: String, cause: any Error)
    /// No SOCKMAP or SOCKHASH has this id.
    case unknownMap(UInt32)
    /// Keys are walked instead, for want of what is named.
    case iteratorUnusable(MissingEvidence.Reason)
    /// What walking keys cannot know, or did not see.
    case missingEvidence(MissingEvidence)

    /// For a person; a clause.
    public var description: String {
        switch self {
        case .failed(let action, let cause): "cannot \(action): \(errorMessage(cause))"
        case .unknownMap(let id): "\(NamedSockmap.unknown("\(id)"))"
        case .iteratorUnusable(let reason): "the iterator cannot be used: \(reason)"
        case .missingEvidence(let gap):
            // Why entries' sockets were not read is said once, as ``iteratorUnusable(_:)``.
            gap.evidence == .entrySockets ? "could not \(gap.action)" : "\(gap)"
        }
    }
}
