import UnstuckKernel
import UnstuckModel

/// Connections that are made, used once and closed, one after the other: what a guard costs where nothing is wrong.
public final class CycleDrill {
    public struct Result: Codable, Sendable {
        public var cycles: Int
        public var seconds: Double
    }

    private let stage: Stage
    public let report: Drill.Report

    /// The calling process moves onto a stage of its own.
    public init(count: Int, accelerator: StageAccelerator) throws {
        stage = try Stage(Stage.Options(), accelerator: accelerator)
        report = Drill.Report(code: "cycles", layout: accelerator.name, map: stage.mapID, count: count)
    }

    /// A reset at the end, so that no port is taken for longer.
    public func run() throws -> Result {
        let request = Array("ten bytes\n".utf8)
        let start = ContinuousClock.now
        for _ in 0..<report.count {
            let pair = try stage.pair(.v4)
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
