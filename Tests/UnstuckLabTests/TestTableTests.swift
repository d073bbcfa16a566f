import Testing

@testable import UnstuckLab

/// What a table of tests may be called green for, and what not.
@Suite struct TestTableTests {
    static let module = "M.S"

    /// A run in which each test went as told: `passed`, `failed`, `begun`, `listed`, or the reason of a skip.
    private func run(_ outcomes: [String: String], ended: Bool = true) -> KernelRun {
        var lines: [String] = []
        func event(_ kind: String, _ test: String, _ symbol: String, _ text: String) {
            lines.append(
                #"{"kind":"event","payload":{"kind":"\#(kind)","messages":[{"symbol":"\#(symbol)","text":"\#(text)"}],"#
                    + #""testID":"M.S/\#(test)/S.swift:1:1","issue":{"isKnown":false}},"version":0}"#)
        }
        for (test, outcome) in outcomes {
            lines.append(
                #"{"kind":"test","payload":{"id":"M.S/\#(test)/S.swift:1:1","kind":"function"},"version":0}"#)
            switch outcome {
            case "listed": break
            case "begun": event("testStarted", test, "default", "started")
            case "passed", "failed":
                event("testStarted", test, "default", "started")
                if outcome == "failed" { event("issueRecorded", test, "fail", "2 is not 3") }
                event("testEnded", test, outcome == "failed" ? "fail" : "pass", "ended")
            default: event("testSkipped", test, "skip", #"Test \#(test) skipped: \"\#(outcome)\""#)
            }
        }
        if ended { lines.append(#"{"kind":"event","payload":{"kind":"runEnded","messages":[]},"version":0}"#) }
        return KernelRun(lines: lines.map { $0[...] })
    }

    private func column(
        _ name: String, _ provides: Set<KernelFeature>, _ outcomes: [String: String], trouble: String? = nil,
        ended: Bool = true
    ) -> TestTable.Column {
        TestTable.Column(name, provides: provides, run: run(outcomes, ended: ended), trouble: trouble)
    }

    @Test func whatEveryKernelCanCarryIsGreen() {
        let table = TestTable([
            column("machine", [.cookie], ["a()": "passed", "b()": "needs leak"]),
            column("old", [.leak], ["a()": "passed", "b()": "passed", "c()": "passed"]),
        ])
        #expect(table.problems(isWhole: true) == [])
        #expect(table.tests.map(\.function) == ["a()", "b()", "c()"])
        #expect(table.tests.map { table.cell($0, table.columns[0]) } == ["passed", "needs leak", ""])
        #expect(table.markdown.contains("| `M.S/b()` | needs leak | passed |"))
        #expect(table.summary[0] == "machine  1 passed, 1 needs leak")
        #expect(table.summary.last == "M.S/b()  machine: needs leak · old: passed")
    }

    @Test func aSkipOfWhatTheKernelProvidesIsNone() {
        let table = TestTable([
            column("sid", [.cookie], ["a()": "needs cookie", "b()": "passed"]),
            column("other", [.cookie], ["a()": "passed", "b()": "passed"]),
        ])
        #expect(
            table.problems(isWhole: true) == ["sid: M.S/a() was skipped (needs cookie), and this kernel provides that"])
        #expect(table.cell(table.tests[0], table.columns[0]) == "SKIPPED")
    }

    @Test(arguments: ["flaky", "needs", "needs ", "needs cookies", "needs cookie, luck", ""])
    func aSkipThatNamesNoFeatureIsNone(_ reason: String) {
        let table = TestTable([
            column("sid", [], ["a()": reason, "b()": "passed"]), column("other", [.cookie], ["a()": "passed"]),
        ])
        #expect(table.problems(isWhole: true).count == 1)
    }

    @Test func aTestThatRanNowhereIsTold() {
        let table = TestTable([column("sid", [], ["a()": "needs leak", "b()": "passed"])])
        #expect(table.problems(isWhole: true) == ["M.S/a() ran on no kernel"])
        // Only where every kernel had its turn.
        #expect(table.problems(isWhole: false) == [])
    }

    @Test func aFailureIsToldWithItsIssue() {
        let table = TestTable([column("sid", [], ["a()": "failed"])])
        #expect(table.problems(isWhole: true) == ["sid: M.S/a() failed\n    2 is not 3"])
    }

    /// The tests crashed half-way, or their guest was lost.
    @Test func whatBeganAndDidNotEndIsNoPass() {
        let crashed = TestTable([
            column("sid", [], ["a()": "passed", "b()": "begun", "c()": "listed"], ended: false)
        ])
        #expect(crashed.problems(isWhole: true).count == 5)  // the run, b, c, and neither ran anywhere
        let lost = TestTable([
            column("sid", [], ["a()": "passed", "b()": "begun"], trouble: "lost: no answer", ended: false)
        ])
        #expect(lost.problems(isWhole: false) == ["sid: lost: no answer", "sid: M.S/b() began and did not end"])
        #expect(lost.summary[0].hasSuffix("and the run is no result"))
    }

    @Test func noTestAtAllIsNoPass() {
        #expect(TestTable([column("sid", [], [:])]).problems(isWhole: true) == ["sid: not one test ran"])
        let skipped = TestTable([column("sid", [], ["a()": "needs leak"])])
        #expect(skipped.problems(isWhole: false) == ["sid: not one test ran"])
    }

    @Test func whatIsNoResultOfAGuestIsNamed() {
        let passed = run(["a()": "passed"])
        #expect(GuestSuite.trouble(status: 0, errors: "", passed) == nil)
        #expect(GuestSuite.trouble(status: 1, errors: "", run(["a()": "failed"])) == nil)
        let lost = "console\nunstuck-lab: lost: no answer within 300 seconds\n"
        #expect(
            GuestSuite.trouble(status: 2, errors: lost, passed) == "unstuck-lab: lost: no answer within 300 seconds")
        let splat = "unstuck-lab: the kernel complained (the command's status was 0):\n  WARNING: CPU: 1\n"
        #expect(GuestSuite.trouble(status: 2, errors: splat, passed)?.contains("WARNING: CPU: 1") == true)
        #expect(
            GuestSuite.trouble(status: 2, errors: "✘ Test a() failed\n", passed)?.contains("nobody said why") == true)
        // A status that the events do not explain.
        #expect(GuestSuite.trouble(status: 1, errors: "", passed) != nil)
        #expect(GuestSuite.trouble(status: 0, errors: "", run(["a()": "passed"], ended: false)) != nil)
        #expect(GuestSuite.trouble(status: 139, errors: "", passed) == "the tests crashed with signal 11")
        #expect(GuestSuite.trouble(status: 69, errors: "", run([:])) == "the tests ended with status 69")
    }
}
