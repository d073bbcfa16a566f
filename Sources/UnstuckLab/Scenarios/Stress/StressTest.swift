import Glibc
import UnstuckKernel
import UnstuckModel

/// One fault many times over in one sockmap, and then each of its tuples used again: what a guard is worth.
public final class StressTest {
    /// Whose map is to be guarded.
    public struct Report: Codable, Sendable {
        public var code: String
        public var layout: String
        public var map: UInt32
        public var count: Int
    }

    /// What came of it.
    public struct Result: Codable, Sendable {
        /// Faults that were made.
        public var made: Int
        /// What the next users of their tuples experienced: how many `answers`, `hangs` and so on.
        public var next: [String: Int]
        /// The background connections' exchange.
        public var background: String
    }

    private let fixture: Fixture
    private let scenario: Scenario
    private var acts: [Scenario.Act] = []
    public let report: Report

    /// The calling process moves onto a fixture of its own.
    public init(_ scenario: Scenario, count: Int, accelerator: FixtureAccelerator) throws {
        var options = scenario.options(false)
        // What a fault leaves, and both ends of the connection after it.
        options.room = 64 + count * 6
        options.backlog = Int32(clamping: 64 + count)
        fixture = try Fixture(options, accelerator: accelerator)
        self.scenario = scenario
        report = Report(code: scenario.code, layout: accelerator.name, map: fixture.mapID, count: count)
    }

    /// Families take turns. Afterwards each tuple is used again by ``next()``.
    public func run() throws -> Int {
        let families = fixture.accelerator.families
        acts += try (0..<report.count).map { try scenario.run(fixture, families[$0 % families.count], false) }
        return acts.count
    }

    public func next() throws -> Result {
        var next: [String: Int] = [:]
        for act in acts { next[try act.next(), default: 0] += 1 }
        return Result(made: acts.count, next: next, background: try fixture.askBackground().rawValue)
    }
}
