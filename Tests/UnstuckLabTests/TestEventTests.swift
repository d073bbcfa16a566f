import Testing

@testable import UnstuckLab

/// Lines as swift-testing 6.3.1 writes them.
@Suite struct TestEventTests {
    static let test = TestName(suite: "UnstuckKernelTests.ObserverTests", function: "sharesAMap()")

    private func event(_ kind: String, _ symbol: String, _ text: String, _ more: String = "") throws -> TestEvent {
        try TestRecord(
            line: """
                {"kind":"event","payload":{"instant":{"absolute":1.5,"since1970":2.5},"kind":"\(kind)",\(more)"messages":\
                [{"symbol":"\(symbol)","text":"\(text)"}],"testID":"UnstuckKernelTests.ObserverTests\\/sharesAMap()\\/\
                ObserverTests.swift:72:6"},"version":0}
                """
        ).event
    }

    @Test func aTestIsListedAndASuiteIsNot() throws {
        let place = #""sourceLocation":{"_filePath":"\/x\/A.swift","column":6,"fileID":"M\/A.swift","line":9}"#
        let function =
            #"{"kind":"test","payload":{"id":"M.S\/f(_:)\/A.swift:9:6","isParameterized":true,"kind":"function","#
            + #""name":"f(_:)",\#(place)},"version":0}"#
        #expect(try TestRecord(line: function).event == .listed(TestName(suite: "M.S", function: "f(_:)")))
        let suite = #"{"kind":"test","payload":{"id":"M.S","kind":"suite","name":"S",\#(place)},"version":0}"#
        #expect(try TestRecord(line: suite).event == .other)
    }

    @Test func whatHappensToATestIsRead() throws {
        #expect(try event("testStarted", "default", "Test sharesAMap() started.") == .started(Self.test))
        #expect(
            try event("testEnded", "pass", "Test sharesAMap() passed after 0.030 seconds.")
                == .ended(Self.test, hasFailed: false))
        #expect(
            try event("testEnded", "fail", "Test sharesAMap() failed after 0.030 seconds with 1 issue.")
                == .ended(Self.test, hasFailed: true))
        #expect(
            try event("testSkipped", "skip", #"Test sharesAMap() skipped: \"needs cookie, leak\""#)
                == .skipped(Self.test, reason: "needs cookie, leak"))
        #expect(
            try event("issueRecorded", "fail", "Expectation failed", #""issue":{"isKnown":false},"#)
                == .issue(Self.test, "Expectation failed"))
        #expect(try event("issueRecorded", "fail", "known", #""issue":{"isKnown":true},"#) == .other)
    }

    @Test func theEndOfARunIsRead() throws {
        let line =
            #"{"kind":"event","payload":{"instant":{"absolute":1,"since1970":1},"kind":"runEnded","#
            + #""messages":[{"symbol":"pass","text":"Test run with 19 tests in 3 suites passed."}]},"version":0}"#
        #expect(try TestRecord(line: line).event == .runEnded)
    }

    @Test func namesAreOfASuiteOrOfAModule() {
        #expect(TestName(id: "M.Outer/Inner/f()/A.swift:1:2") == TestName(suite: "M.Outer/Inner", function: "f()"))
        #expect(TestName(id: "M.f()/A.swift:1:2") == TestName(suite: "M", function: "f()"))
        #expect(TestName(id: "M.S") == nil)
    }

    @Test func halfALineTellsNothing() {
        var run = KernelRun()
        #expect(run.add(#"{"kind":"event","payl"#) == nil)
        #expect(run.outcomes.isEmpty && !run.hasEnded)
    }
}
