import ArgumentParser
import UnstuckOperations

/// Exit statuses of every command: 0 nothing wrong, 1 findings, 2 could not tell; 64 is ArgumentParser's usage error.
enum Exit {
    static let findings = ExitCode(1)
    static let couldNotTell = ExitCode(2)
}

/// Ends a command with the status that says how its operation ended.
func end(_ conclusion: Conclusion) throws(ExitCode) {
    switch conclusion {
    case .nothingWrong: return
    case .findings: throw Exit.findings
    case .inconclusive: throw Exit.couldNotTell
    }
}
