import FoundationEssentials
import Testing

@testable import UnstuckLab

/// docs/test-matrix.md: a column a kernel, each replaced by itself.
@Suite struct TestMatrixTests {
    typealias Column = TestMatrix.Column

    private func column(
        _ name: String, commit: String = "abc1234", isComplete: Bool = true, _ suites: [String: Column.Count]
    ) -> Column {
        Column(
            name: name, release: "6.12.118", date: "2026-11-28", commit: commit, minutes: 17, isComplete: isComplete,
            suites: suites)
    }

    @Test func aRowASuiteAndAColumnAKernel() {
        let matrix = TestMatrix(
            kernels: ["machine", "6.12", "sid"],
            columns: [
                column("6.12", ["M.S": .init(passed: 3, skipped: ["needs leak": 2, "needs native": 1])]),
                column("machine", ["M.S": .init(passed: 6), "M.T": .init(passed: 1)]),
            ])
        let lines = matrix.markdown(commit: "abc1234").split(separator: "\n").map(String.init)
        #expect(lines.contains("| suite | machine | 6.12 | sid |"))
        #expect(lines.contains("| Linux | 6.12.118 | 6.12.118 | not run |"))
        #expect(lines.contains("| date | 2026-11-28 | 2026-11-28 | not run |"))
        #expect(lines.contains("| commit | abc1234 | abc1234 | not run |"))
        #expect(lines.contains("| minutes | 17 | 17 | not run |"))
        #expect(lines.contains("| result | 7 passed | 3 passed | not run |"))
        #expect(lines.contains("| `M.S` | 6 passed | 3 passed, 2 skipped: needs leak, 1 skipped: needs native |  |"))
        #expect(lines.contains("| `M.T` | 1 passed |  |  |"))
    }

    @Test func failuresAndOtherCommitsAreMarked() {
        let matrix = TestMatrix(
            kernels: ["6.12", "sid"],
            columns: [
                column("6.12", commit: "0000000", ["M.S": .init(passed: 3, failed: 1)]),
                column("sid", isComplete: false, ["M.S": .init(failed: 2, skipped: ["needs leak": 1])]),
            ])
        let text = matrix.markdown(commit: "abc1234")
        #expect(text.contains("| commit | 0000000 (another commit) | abc1234 |"))
        #expect(text.contains("| result | **1 failed**, 3 passed | **not complete**: 0 passed, 2 failed |"))
        #expect(text.contains("| `M.S` | 3 passed, **1 failed** | **2 failed**, 1 skipped: needs leak |"))
    }

    /// A run of one kernel replaces its column and no other.
    @Test func aColumnIsReplacedAlone() throws {
        let folder = try Files.makeTemporaryFolder("/tmp/unstuck-matrix-")
        defer { try? Files.removeTree(folder) }
        let table = "\(folder)/test-matrix.md"
        let kernels = ["machine", "6.12"]
        var first = try TestMatrix(kernels: kernels, readFrom: table)
        try first.replace(column("machine", commit: "0000000", ["M.S": .init(passed: 1)]), in: table, commit: "0000000")
        try first.replace(column("6.12", commit: "0000000", ["M.S": .init(passed: 2)]), in: table, commit: "0000000")
        var second = try TestMatrix(kernels: kernels, readFrom: table)
        try second.replace(column("6.12", ["M.S": .init(passed: 3)]), in: table, commit: "abc1234")
        let text = try String(contentsOfFile: table, encoding: .utf8)
        #expect(text.contains("| commit | 0000000 (another commit) | abc1234 |"))
        #expect(text.contains("| `M.S` | 1 passed | 3 passed |"))
        #expect(try TestMatrix(kernels: kernels, readFrom: table).markdown(commit: "abc1234") == text)
        // A kernel that is no longer listed has no column.
        #expect(
            try !TestMatrix(kernels: ["machine"], readFrom: table).markdown(commit: "abc1234").contains("abc1234 |"))
    }

    @Test func aColumnThatCannotBeReadIsNamed() throws {
        let folder = try Files.makeTemporaryFolder("/tmp/unstuck-matrix-")
        defer { try? Files.removeTree(folder) }
        try Files.makeFolder("\(folder)/test-matrix")
        try Files.write("{", to: "\(folder)/test-matrix/6.12.json")
        let error = #expect(throws: LabError.self) {
            try TestMatrix(kernels: ["6.12"], readFrom: "\(folder)/test-matrix.md")
        }
        #expect("\(error as Any)".contains("test-matrix/6.12.json"))
    }

    /// A run's outcomes by suite: what did not pass and is no excused skip has failed.
    @Test func aRunBecomesAColumn() {
        func line(_ kind: String, _ function: String, _ symbol: String, _ text: String, at time: Double) -> Substring {
            """
            {"kind":"event","payload":{"kind":"\(kind)","instant":{"absolute":1,"since1970":\(time)},"messages":\
            [{"symbol":"\(symbol)","text":"\(text)"}],"testID":"\(function)/S.swift:1:1"},"version":0}
            """
        }
        let start = 1_795_867_200.0  // 2026-11-28 12:00 UTC
        let run = KernelRun(lines: [
            line("testStarted", "M.S/a()", "default", "", at: start),
            line("testEnded", "M.S/a()", "pass", "", at: start + 2.5),
            line("testSkipped", "M.S/b()", "skip", #"Test b() skipped: \"needs leak\""#, at: start + 3),
            line("testSkipped", "M.S/c()", "skip", #"Test c() skipped: \"needs cookie\""#, at: start + 3),
            line("testStarted", "M.T/d()", "default", "", at: start + 3),
            line("testEnded", "M.T/d()", "fail", "", at: start + 4),
            line("testStarted", "M.T/e()", "default", "", at: start + 4),
        ])
        #expect(
            run.seconds == [TestName(suite: "M.S", function: "a()"): 2.5, TestName(suite: "M.T", function: "d()"): 1])
        #expect(run.times == start...start + 4)
        let column = Column(
            TestTable.Column("sid", provides: [.cookie], run: run),
            version: "Linux version 7.2.13+deb14-cloud-amd64 (x@y) #1 SMP Debian 7.2.13-1 (2026-11-01)",
            commit: "abc1234", seconds: 61)
        #expect(column.suites["M.S"] == .init(passed: 1, failed: 1, skipped: ["needs leak": 1]))
        #expect(column.suites["M.T"] == .init(failed: 2))
        #expect((column.name, column.date, column.minutes) == ("sid", "2026-11-28", 2))
        #expect(column.release == "7.2.13")
        #expect(!column.isComplete)
    }

    @Test(arguments: [
        ("Linux version 5.10.0-30-cloud-amd64 (d@l.org) (gcc-10) #1 SMP Debian 5.10.218-1 (2024-06-01)", "5.10.218"),
        ("Linux version 6.18.44-local.7 (b@h) (gcc) #1 SMP Thu Jan 1 00:00:00 UTC 2026", "6.18.44"),
        ("Linux version 6.12.0+ (b@h) #1", "6.12.0"), ("Linux version", "unknown"), ("", "unknown"),
        ("Linux version odd (b@h) #1", "unknown"),
    ])
    func onlyTheNumbersOfAReleaseAreShown(_ version: String, _ release: String) {
        #expect(Column.release(of: version) == release)
    }

    @Test func theListOfKernelsChoosesTests() throws {
        let catalogue = try KernelCatalogue(path: "lab/kernels.toml")
        let chosen = try catalogue.kernel.filter { $0.tests != nil }.map { try catalogue.selection(of: $0) }
        #expect(chosen.allSatisfy { !$0.run.isEmpty })
        // One that only `make test-all` boots has none of its own, and never runs others by mistake.
        for kernel in catalogue.kernel where kernel.tests == nil {
            #expect(throws: LabError.self) { try catalogue.selection(of: kernel) }
        }
        #expect(chosen.count == 5)
        #expect(catalogue.inStartOrder(catalogue.kernel).map(\.name).sorted() == catalogue.kernel.map(\.name).sorted())
        let tests = [TestName(suite: "M.S", function: "a()"), TestName(suite: "M.U", function: "x()")]
        #expect(try TestSelection.unmatched(["^M\\.S/", "^M\\.T/", "x"], by: tests) == ["^M\\.T/"])
        #expect(throws: (any Error).self) { try TestSelection.unmatched(["("], by: tests) }
    }

    /// A test that was renamed and is no longer chosen: the table fails.
    @Test func anExpressionThatChoosesNothingIsAProblem() {
        let run = KernelRun(lines: [
            #"{"kind":"event","payload":{"kind":"testEnded","messages":[{"symbol":"pass","text":""}],"#
                + #""testID":"M.S/a()/S.swift:1:1"},"version":0}"#,
            #"{"kind":"event","payload":{"kind":"runEnded","messages":[]},"version":0}"#,
        ])
        let column = TestTable.Column(
            "6.12", provides: [], run: run,
            selection: TestSelection(name: "faults", run: ["^M\\.S/", "^M\\.Story/"], skip: ["b"]))
        let table = TestTable([column])
        #expect(table.problems(isWhole: false) == ["6.12: no test is named like ^M\\.Story/"])
        // What is skipped is seen on the machine.
        #expect(table.problems(isWhole: true).last == "6.12: no test is named like b")
    }
}
