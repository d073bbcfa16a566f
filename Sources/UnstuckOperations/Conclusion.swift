/// How an operation ended, in the words of every command's exit status.
public enum Conclusion: Sendable, Hashable {
    /// Nothing is wrong, or nothing is left to do.
    case nothingWrong
    /// Findings, or something was left undone.
    case findings
    /// Evidence or a privilege is missing, or it was refused.
    case inconclusive
}
