import Foundation
import TestSupport
import UnstuckLab

/// A stress test of the lab in a process of its own, step by step.
final class StressTestRunner {
    let report: StressTest.Report
    private let runner: LabRunner

    init(_ code: String, count: Int, layout: String = "cilium") throws {
        runner = try LabRunner(code, ["stress", code, "--count", "\(count)", "--layout", layout])
        report = try runner.answer()
    }

    /// The next steps, so many of them at once.
    func go(steps: Int = 1) throws { try runner.tell(String(repeating: "go\n", count: steps)) }

    /// What a step came to.
    func result<Value: Decodable>(_ type: Value.Type) throws -> Value { try runner.answer(type) }

    private struct Made: Decodable { var made: Int }

    /// Plays a fault's stress test to its end.
    ///
    /// - Parameter between: done after the faults and before their tuples are used again.
    func run<Result: Decodable>(_ type: Result.Type = StressTest.Result.self, between: (() throws -> Void)? = nil)
        throws
        -> Result
    {
        try go(steps: between == nil ? 2 : 1)
        _ = try result(Made.self)
        if let between {
            try between()
            try go()
        }
        return try result(type)
    }
}

/// `unstuck guard up` in a process of its own.
final class GuardProcess {
    let running: Programs.Running

    init(_ map: UInt32, _ arguments: [String]) throws {
        running = try Programs.start(
            Programs.unstuck, ["guard", "up", "--map", "\(map)", "--output", "json"] + arguments)
        let file = "/run/unstuck/guard/\(map).json"
        let process = running
        _ = Wait.until { FileManager.default.fileExists(atPath: file) || !process.isRunning }
        guard running.isRunning else { throw RealLab.Failure("no guard: \(running.errorsSoFar)") }
    }

    /// What `guard status` tells of a map.
    static func state(of map: UInt32) throws -> JSONValue {
        let status = try Programs.run(Programs.unstuck, ["guard", "status", "--output", "json"])
        return try JSONValue(status.text)["data"].array.first { $0["map"].number == Double(map) } ?? JSONValue("{}")
    }

    deinit { if running.isRunning { running.terminate() } }

    /// Tells it to end.
    ///
    /// - Returns: what it has to say of its map.
    func end() throws -> JSONValue {
        running.terminate()
        let output = try running.wait()
        guard output.status == 0 else { throw RealLab.Failure("guard up: \(output.status): \(output.errors)") }
        return try JSONValue(output.text)["data"][0]
    }
}
