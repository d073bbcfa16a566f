import UnstuckModel

/// Reads a journal's lines in their order and keeps the steps that were intended and have no result: those of runs that
/// were killed.
public struct UnfinishedSteps: Sendable {
    /// A step without a result, and the boot in which it was intended.
    public struct Step: Sendable, Hashable {
        public var line: JournalLine
        /// `nil`: its run did not say.
        public var boot: String?
    }

    /// Which step a line is about. A run means each entry and each connection once.
    private struct Place: Hashable {
        var run: String
        var step: JournalLine.Step
        var map: UInt32?
        var key: SockmapKey?
        /// Of a reset, which has no entry.
        var connection: FourTuple?

        init(_ line: JournalLine, of run: String) {
            self.run = run
            step = line.step
            map = line.map
            key = line.key
            connection = line.step == .reset ? line.claim : nil
        }
    }

    private var open: [Place: (order: Int, line: JournalLine)] = [:]
    private var boots: [String: String] = [:]
    private var count = 0

    public init() {}

    public mutating func add(_ line: JournalLine) {
        switch line.event {
        case .begin: boots[line.run] = line.boot
        case .intend:
            open[Place(line, of: line.run)] = (count, line)
            count += 1
        case .result: open[Place(line, of: line.run)] = nil
        case .resume: if let of = line.of { open[Place(line, of: of)] = nil }
        default: break
        }
    }

    public var isEmpty: Bool { open.isEmpty }

    /// In the order in which they were intended.
    public var steps: [Step] {
        open.values.sorted { $0.order < $1.order }.map { Step(line: $0.line, boot: boots[$0.line.run]) }
    }
}
