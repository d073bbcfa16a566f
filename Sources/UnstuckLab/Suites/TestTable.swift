/// Which test ran on which kernel, and what is wrong about it.
public struct TestTable: Sendable {
    /// One kernel's run.
    public struct Column: Sendable {
        public var name: String
        public var provides: Set<KernelFeature>
        public var run: KernelRun
        /// Why the run itself is no result (a guest was lost, its kernel complained, the tests crashed).
        public var trouble: String?
        /// The tests that were to run.
        public var selection: TestSelection

        public init(
            _ name: String, provides: Set<KernelFeature>, run: KernelRun, trouble: String? = nil,
            selection: TestSelection = .all
        ) {
            self.name = name
            self.selection = selection
            self.provides = provides
            self.run = run
            self.trouble = trouble
        }

        /// A skip is fine only for a feature that is named, and that the kernel does not provide.
        func isExcused(_ reason: String) -> Bool {
            SkipReason.features(in: reason).map { !provides.isSuperset(of: $0) } ?? false
        }
    }

    public let columns: [Column]
    /// Every test of every column.
    public let tests: [TestName]

    public init(_ columns: [Column]) {
        self.columns = columns
        tests = Set(columns.flatMap { $0.run.outcomes.keys }).sorted()
    }

    /// A test's cell: `passed`, `FAILED`, `needs cookie`, `NOT FINISHED`, `NOT STARTED`, `SKIPPED`; empty where the test
    /// was not chosen.
    public func cell(_ test: TestName, _ column: Column) -> String {
        switch column.run.outcomes[test] {
        case nil: ""
        case .listed: "NOT STARTED"
        case .begun: "NOT FINISHED"
        case .failed: "FAILED"
        case .passed: column.run.cases[test].map { "passed (\($0))" } ?? "passed"
        case .skipped(let reason): column.isExcused(reason) ? reason : "SKIPPED"
        }
    }

    /// - Parameter isWhole: every kernel had its turn, so each test must have run on one of them.
    /// - Returns: everything that is wrong; a run without any of it is green.
    public func problems(isWhole: Bool) -> [String] {
        columns.flatMap(problems)
            + (isWhole
                ? tests.compactMap(ranNowhere) + columns.flatMap { unmatched($0.name, $0.selection.skip, by: tests) }
                : [])
    }

    /// Expressions of a kernel's list of tests that match none.
    private func unmatched(_ kernel: String, _ patterns: [String], by tests: some Collection<TestName>) -> [String] {
        do {
            return try TestSelection.unmatched(patterns, by: tests).map { "\(kernel): no test is named like \($0)" }
        } catch {
            return ["\(kernel): its tests are listed by what is no regular expression: \(error)"]
        }
    }

    private func problems(of column: Column) -> [String] {
        var found: [String] = []
        if let trouble = column.trouble { found.append("\(column.name): \(trouble)") }
        if column.run.ran == 0 { found.append("\(column.name): not one test ran") }
        if !column.run.hasEnded, column.trouble == nil {
            found.append("\(column.name): the tests did not run to their end")
        }
        found += unmatched(column.name, column.selection.run, by: column.run.outcomes.keys)
        for issue in column.run.issues where issue.test == nil { found.append("\(column.name): \(issue.text)") }
        for test in tests {
            let place = "\(column.name): \(test)"
            switch column.run.outcomes[test] {
            case .failed:
                let issues = column.run.issues.filter { $0.test == test }.map { "\n    \($0.text)" }
                found.append("\(place) failed\(issues.prefix(3).joined())")
            case .begun: found.append("\(place) began and did not end")
            case .listed where column.trouble == nil: found.append("\(place) was chosen and never began")
            case .skipped(let reason) where SkipReason.features(in: reason) == nil:
                found.append("\(place) was skipped and names no feature that it needs: \(reason)")
            case .skipped(let reason) where !column.isExcused(reason):
                found.append("\(place) was skipped (\(reason)), and this kernel provides that")
            default: break
            }
        }
        return found
    }

    private func ranNowhere(_ test: TestName) -> String? {
        let ran = columns.contains { [.passed, .failed].contains($0.run.outcomes[test]) }
        return ran ? nil : "\(test) ran on no kernel"
    }
}
