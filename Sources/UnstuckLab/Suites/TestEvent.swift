/// One line of swift-testing's event stream (version 0, Documentation/ABI/JSON.md of swift-testing), as far as the table of
/// tests needs it.
struct TestRecord {
    var event: TestEvent
    /// Seconds since 1970; `nil` where a line carries no time.
    var time: Double?
}

/// What such a line reports.
enum TestEvent: Equatable {
    /// A test function that was chosen to run.
    case listed(TestName)
    case started(TestName)
    /// One case of a parametrised test.
    case caseStarted(TestName)
    case issue(TestName?, String)
    case skipped(TestName, reason: String)
    case ended(TestName, hasFailed: Bool)
    case runEnded
    /// Nothing that the table shows: a suite, an attachment.
    case other
}

extension TestRecord {
    /// - Throws: where the line is no record of a stream.
    init(line: some StringProtocol) throws {
        let record = try JSONText.decode(Line.self, from: String(line))
        let payload = record.payload
        time = payload.instant?.since1970
        let name = (payload.testID ?? payload.id).flatMap(TestName.init(id:))
        let texts = (payload.messages ?? []).filter { $0.symbol != "details" }.map(\.text)
        switch (record.kind, payload.kind, name) {
        case ("test", "function", let name?): event = .listed(name)
        case ("event", "testStarted", let name?): event = .started(name)
        case ("event", "testCaseStarted", let name?): event = .caseStarted(name)
        case ("event", "testSkipped", let name?): event = .skipped(name, reason: Self.quoted(texts.first ?? ""))
        case ("event", "testEnded", let name?):
            event = .ended(name, hasFailed: payload.messages?.contains { $0.symbol == "fail" } ?? true)
        case ("event", "issueRecorded", let name) where payload.issue?.isKnown != true:
            event = .issue(name, texts.joined(separator: " "))
        case ("event", "runEnded", _): event = .runEnded
        default: event = .other
        }
    }

    /// `Test a() skipped: "needs cookie"` → `needs cookie`
    private static func quoted(_ text: String) -> String {
        let parts = text.split(separator: "\"", maxSplits: 2, omittingEmptySubsequences: false)
        guard let start = text.range(of: " skipped: \"") else { return parts.first.map(String.init) ?? "" }
        return String(text[start.upperBound...].prefix { $0 != "\"" })
    }

    private struct Line: Decodable {
        struct Payload: Decodable {
            struct Message: Decodable {
                var symbol: String
                var text: String
            }
            struct Issue: Decodable { var isKnown: Bool }
            struct Instant: Decodable { var since1970: Double }

            var kind: String
            var id: String?
            var testID: String?
            var messages: [Message]?
            var issue: Issue?
            var instant: Instant?
        }

        var kind: String
        var payload: Payload
    }
}
