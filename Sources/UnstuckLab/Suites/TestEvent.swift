/// One line of swift-testing's event stream (version 0, Documentation/ABI/JSON.md of swift-testing), as far as the table of
/// tests needs it.
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
    /// What tells the table nothing: a suite, an attachment.
    case other

    /// - Throws: where the line is no record of a stream.
    init(line: some StringProtocol) throws {
        let record = try JSONText.decode(Record.self, from: String(line))
        let payload = record.payload
        let name = (payload.testID ?? payload.id).flatMap(TestName.init(id:))
        let texts = (payload.messages ?? []).filter { $0.symbol != "details" }.map(\.text)
        switch (record.kind, payload.kind, name) {
        case ("test", "function", let name?): self = .listed(name)
        case ("event", "testStarted", let name?): self = .started(name)
        case ("event", "testCaseStarted", let name?): self = .caseStarted(name)
        case ("event", "testSkipped", let name?): self = .skipped(name, reason: Self.quoted(texts.first ?? ""))
        case ("event", "testEnded", let name?):
            self = .ended(name, hasFailed: payload.messages?.contains { $0.symbol == "fail" } ?? true)
        case ("event", "issueRecorded", let name) where payload.issue?.isKnown != true:
            self = .issue(name, texts.joined(separator: " "))
        case ("event", "runEnded", _): self = .runEnded
        default: self = .other
        }
    }

    /// `Test a() skipped: "needs cookie"` → `needs cookie`
    private static func quoted(_ text: String) -> String {
        let parts = text.split(separator: "\"", maxSplits: 2, omittingEmptySubsequences: false)
        guard let start = text.range(of: " skipped: \"") else { return parts.first.map(String.init) ?? "" }
        return String(text[start.upperBound...].prefix { $0 != "\"" })
    }

    private struct Record: Decodable {
        struct Payload: Decodable {
            struct Message: Decodable {
                var symbol: String
                var text: String
            }
            struct Issue: Decodable { var isKnown: Bool }

            var kind: String
            var id: String?
            var testID: String?
            var messages: [Message]?
            var issue: Issue?
        }

        var kind: String
        var payload: Payload
    }
}
