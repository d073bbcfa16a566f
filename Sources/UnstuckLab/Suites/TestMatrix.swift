import FoundationEssentials
import UnstuckKernel

/// docs/test-matrix.md: which suites were run on which kernel, when and at which commit. Each kernel's column is a file of
/// its own beside the table, so that a run of one kernel replaces that column and no other.
public struct TestMatrix: Sendable {
    /// One kernel's run of all tests.
    public struct Column: Codable, Equatable, Sendable {
        public struct Count: Codable, Equatable, Sendable {
            public var passed = 0
            /// Failed, not finished, not started, or skipped without need.
            public var failed = 0
            /// By the sentence that says what the kernel lacks.
            public var skipped: [String: Int] = [:]
        }

        public var name: String
        /// `6.18.44`, without what a distribution adds.
        public var release: String
        /// `2026-11-28`, UTC.
        public var date: String
        public var commit: String
        public var minutes: Int
        /// The run itself is valid: no guest was lost, no kernel complained, no test crashed.
        public var isComplete: Bool
        public var suites: [String: Count]
    }

    /// The kernels that there should be, in their order.
    private let kernels: [String]
    private var columns: [String: Column] = [:]

    public init(kernels: [String], columns: [Column] = []) {
        self.kernels = kernels
        for column in columns { self.columns[column.name] = column }
    }

    /// - Parameter table: the table's path; the columns are read from the folder of that name, without its ending.
    /// - Throws: where a column cannot be decoded.
    public init(kernels: [String], readFrom table: String) throws {
        self.init(kernels: kernels)
        for name in kernels {
            guard let text = readText(Self.path(of: name, table)) else { continue }
            do {
                columns[name] = try JSONText.decode(Column.self, from: text)
            } catch {
                throw LabError(.invalid, "\(Self.path(of: name, table)) is not a column of \(table)", cause: error)
            }
        }
    }

    /// Replaces one kernel's column, in its file and in the table.
    /// - Parameter commit: the one that the table is about: columns of other commits are marked.
    public mutating func replace(_ column: Column, in table: String, commit: String) throws {
        columns[column.name] = column
        let file = Self.path(of: column.name, table)
        try Files.makeFolder(String(file[..<(file.lastIndex(of: "/") ?? file.startIndex)]))
        try Files.publish(try JSONText.encode(column, pretty: true) + "\n", at: file)
        try Files.publish(markdown(commit: commit), at: table)
    }

    private static func path(of kernel: String, _ table: String) -> String {
        "\(table.hasSuffix(".md") ? String(table.dropLast(3)) : table)/\(kernel).json"
    }

    /// The table. A column that is missing, not complete or of another commit says so.
    public func markdown(commit: String) -> String {
        let suites = Set(columns.values.flatMap(\.suites.keys)).sorted()
        var lines = [
            "# Every test on every kernel", "",
            "Written by `make test-all`, at commit \(commit). `make test-all KERNEL=NAME` replaces one column. Rows are "
                + "suites, and",
            "numbers are test functions. A test is skipped only where lab/kernels.toml says that the kernel lacks what it "
                + "needs.", "",
            row(["suite"] + kernels), row(["---"] + kernels.map { _ in "---" }),
            head("Linux") { $0.release }, head("date") { $0.date },
            head("commit") { $0.commit == commit ? $0.commit : "\($0.commit) (another commit)" },
            head("minutes") { "\($0.minutes)" },
            head("result") { Self.result($0) },
        ]
        for suite in suites {
            lines.append(row(["`\(suite)`"] + kernels.map { columns[$0]?.suites[suite].map(Self.cell) ?? "" }))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func head(_ title: String, _ text: (Column) -> String) -> String {
        row([title] + kernels.map { columns[$0].map(text) ?? "not run" })
    }

    private func row(_ cells: [String]) -> String { "| \(cells.joined(separator: " | ")) |" }

    private static func result(_ column: Column) -> String {
        let failed = column.suites.values.reduce(0) { $0 + $1.failed }
        let passed = column.suites.values.reduce(0) { $0 + $1.passed }
        guard column.isComplete else { return "**not complete**: \(passed) passed, \(failed) failed" }
        return failed == 0 ? "\(passed) passed" : "**\(failed) failed**, \(passed) passed"
    }

    private static func cell(_ count: Column.Count) -> String {
        var parts = count.passed == 0 && !count.skipped.isEmpty ? [] : ["\(count.passed) passed"]
        if count.failed > 0 { parts.append("**\(count.failed) failed**") }
        for (reason, number) in count.skipped.sorted(by: { $0.key < $1.key }) {
            parts.append("\(number) skipped: \(reason)")
        }
        return parts.joined(separator: ", ")
    }
}

extension TestMatrix.Column {
    /// The column of a run that is over.
    /// - Parameters:
    ///   - version: `/proc/version` of the kernel.
    ///   - seconds: how long it took.
    public init(_ column: TestTable.Column, version: String, commit: String, seconds: Double) {
        name = column.name
        release = Self.release(of: version)
        date = String(Date(timeIntervalSince1970: column.run.times?.lowerBound ?? 0).ISO8601Format().prefix(10))
        self.commit = commit
        minutes = Int((seconds / 60).rounded(.up))
        isComplete = column.trouble == nil && column.run.hasEnded && column.run.ran > 0
        suites = [:]
        for (test, outcome) in column.run.outcomes {
            var count = suites[test.suite] ?? Count()
            switch outcome {
            case .passed: count.passed += 1
            case .skipped(let reason) where column.isExcused(reason): count.skipped[reason, default: 0] += 1
            case .skipped, .failed, .begun, .listed: count.failed += 1
            }
            suites[test.suite] = count
        }
    }

    /// The numbers of a kernel's version: Debian's own (`… Debian 5.10.218-1 (2024-06-01)`, for its `uname -r` has a zero in
    /// their place), else those of the release.
    static func release(of version: String) -> String {
        let words = version.split(separator: " ")
        let place = words.lastIndex(of: "Debian").map { $0 + 1 } ?? 2
        guard words.indices.contains(place) else { return "unknown" }
        let numbers = words[place].prefix { $0.isASCII && $0.isNumber || $0 == "." }
        return numbers.isEmpty ? "unknown" : String(numbers)
    }
}
