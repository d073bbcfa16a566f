import UnstuckKernel
import UnstuckModel

/// Connections that are made, used once and closed, one after the other: what a guard costs where nothing is wrong.
public final class CycleStressTest {
    public struct Result: Codable, Sendable {
        public var cycles: Int
        public var seconds: Double
    }

    private let fixture: Fixture
    public let report: StressTest.Report

    /// The calling process moves onto a fixture of its own.
    public init(count: Int, accelerator: FixtureAccelerator) throws {
        fixture = try Fixture(Fixture.Options(), accelerator: accelerator)
        report = StressTest.Report(code: "cycles", layout: accelerator.name, map: fixture.mapID, count: count)
    }

    /// A reset at the end, so that no port is taken for longer.
    public func run() throws -> Result {
        let request = Array("ten bytes\n".utf8)
        let start = ContinuousClock.now
        for _ in 0..<report.count {
            let pair = try fixture.pair(.v4)
            try pair.client.send(request)
            guard try TCP.receive(64, on: pair.server.raw) == request else {
                throw LabError(.didNotHappen, "the server got other bytes than were sent")
            }
            pair.server.close()
            try pair.client.reset()
        }
        let time = (ContinuousClock.now - start).components
        return Result(cycles: report.count, seconds: Double(time.seconds) + Double(time.attoseconds) / 1e18)
    }
}
