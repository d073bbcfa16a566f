/// What one kernel's run of the tests told, as far as it went.
public struct KernelRun: Sendable {
    /// How one test went.
    public enum Outcome: Equatable, Sendable {
        /// Chosen, and nothing heard of it since.
        case listed
        /// Began, and did not end.
        case begun
        case passed
        case failed
        case skipped(reason: String)
    }

    public private(set) var outcomes: [TestName: Outcome] = [:]
    /// How many cases each parametrised test has had.
    public private(set) var cases: [TestName: Int] = [:]
    /// What went wrong, in swift-testing's words, in their order.
    public private(set) var issues: [(test: TestName?, text: String)] = []
    public private(set) var hasEnded = false
    /// How long each test took that ended, in seconds.
    public private(set) var seconds: [TestName: Double] = [:]
    /// When the first and the last line were written, in seconds since 1970.
    public private(set) var times: ClosedRange<Double>?
    private var starts: [TestName: Double] = [:]

    public init() {}

    /// A stream's lines; what is no record of one is dropped: a lost guest's last line is half a record.
    public init(lines: [Substring]) {
        for line in lines { add(line) }
    }

    /// - Returns: the test that ended with this line.
    @discardableResult
    public mutating func add(_ line: Substring) -> TestName? {
        guard let record = try? TestRecord(line: line) else { return nil }
        if let time = record.time {
            times = min(times?.lowerBound ?? time, time)...max(times?.upperBound ?? time, time)
        }
        switch record.event {
        case .listed(let name): outcomes[name] = outcomes[name] ?? .listed
        case .started(let name):
            outcomes[name] = .begun
            starts[name] = record.time
        case .caseStarted(let name): cases[name, default: 0] += 1
        case .issue(let name, let text): issues.append((name, text))
        case .skipped(let name, let reason): outcomes[name] = .skipped(reason: reason)
        case .ended(let name, let hasFailed):
            outcomes[name] = hasFailed ? .failed : .passed
            if let start = starts[name], let end = record.time { seconds[name] = end - start }
            return name
        case .runEnded: hasEnded = true
        case .other: break
        }
        return nil
    }

    public func count(_ wanted: (Outcome) -> Bool) -> Int { outcomes.values.count(where: wanted) }
    public var ran: Int { count { $0 == .passed || $0 == .failed } }
}
