/// The tests that a kernel runs in `make test`, as `lab/kernels.toml` lists them: regular expressions of test names.
public struct TestSelection: Decodable, Sendable {
    /// What the kernels name it by.
    public var name: String
    /// A test that one of them matches is run.
    public var run: [String]
    /// Unless one of these matches.
    public var skip: [String]

    public init(name: String, run: [String] = [], skip: [String] = []) {
        self.name = name
        self.run = run
        self.skip = skip
    }

    /// Every test.
    public static let all = TestSelection(name: "all")

    /// For a test bundle.
    var arguments: [String] { run.flatMap { ["--filter", $0] } + skip.flatMap { ["--skip", $0] } }

    /// The expressions that match none of these tests: those have another name by now, and would be missed silently, or not
    /// skipped.
    /// - Throws: where one is no regular expression.
    static func unmatched(_ patterns: [String], by tests: some Collection<TestName>) throws -> [String] {
        try patterns.filter { pattern in
            let regex = try Regex(pattern)
            return !tests.contains { $0.description.contains(regex) }
        }
    }
}
