import Glibc

/// Other people's programs.
enum Tool {
    /// The file of a program: through PATH, and where a plain user's PATH often does not lead. A name with a slash is
    /// taken as it is. `nil` where there is no executable regular file.
    static func path(of name: String) -> String? {
        guard !name.contains("/") else { return isProgram(name) ? name : nil }
        let folders = unsafe getenv("PATH").map { unsafe String(cString: $0) } ?? ""
        let all = folders.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"]
        return all.map { "\($0)/\(name)" }.first(where: isProgram)
    }

    /// - Returns: what it printed.
    /// - Throws: with its last words, if it failed.
    @discardableResult
    static func run(_ command: [String], inside folder: String = "/", within limit: Duration = .seconds(300)) throws
        -> String
    {
        let outcome = try Child.run(["/usr/bin/env", "-C", folder] + command, within: limit)
        guard outcome.status == 0 else {
            let words = outcome.errors.split(separator: "\n").suffix(3).joined(separator: " ")
            throw LabError(.failed, "\(command[0]) ended with status \(outcome.status): \(words)")
        }
        return outcome.output
    }

    private static func isProgram(_ path: String) -> Bool {
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
        return unsafe access(path, X_OK) == 0
    }
}
