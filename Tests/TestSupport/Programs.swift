import Foundation
import Glibc

/// The two programs as users run them: the static ones that `make test` builds, or the debug build's.
public enum Programs {
    public static let folder: String =
        ProcessInfo.processInfo.environment["UNSTUCK_BIN_DIR"]
        ?? Bundle.main.bundleURL.deletingLastPathComponent().appending(path: "debug").path

    public static var unstuck: String { "\(folder)/unstuck" }
    public static var lab: String { "\(folder)/unstuck-lab" }

    public struct Output: Sendable {
        public var status: Int32
        public var text: String
        public var errors: String
    }

    /// Runs a program to its end.
    @discardableResult
    public static func run(_ program: String, _ arguments: [String], environment: [String: String] = [:]) throws
        -> Output
    {
        try start(program, arguments, environment: environment).wait()
    }

    /// Starts a program and lets it run.
    public static func start(_ program: String, _ arguments: [String], environment: [String: String] = [:]) throws
        -> Running
    {
        try Running(program, arguments, environment: environment)
    }

    /// A program that runs; killed if it is forgotten.
    public final class Running {
        private let process = Process()
        private let output: URL
        private let errors: URL

        init(_ program: String, _ arguments: [String], environment: [String: String]) throws {
            let base = FileManager.default.temporaryDirectory.appending(path: "unstuck-\(UUID().uuidString)")
            output = base.appendingPathExtension("out")
            errors = base.appendingPathExtension("err")
            // Files, not pipes: nobody has to read while it runs.
            for file in [output, errors] { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
            process.executableURL = URL(filePath: program.hasPrefix("/") ? program : "/usr/bin/env")
            process.arguments = program.hasPrefix("/") ? arguments : [program] + arguments
            process.environment = ProcessInfo.processInfo.environment
                .merging(["LC_ALL": "C.UTF-8", "COLUMNS": "400"]) { $1 }.merging(environment) { $1 }
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = try FileHandle(forWritingTo: output)
            process.standardError = try FileHandle(forWritingTo: errors)
            try process.run()
        }

        deinit {
            // Not SIGTERM: a child of a Dispatch thread has it blocked.
            if process.isRunning { kill(process.processIdentifier, SIGKILL) }
            for file in [output, errors] { try? FileManager.default.removeItem(at: file) }
        }

        public var pid: Int32 { process.processIdentifier }
        public var isRunning: Bool { process.isRunning }

        public var outputSoFar: String { (try? String(contentsOf: output, encoding: .utf8)) ?? "" }
        public var errorsSoFar: String { (try? String(contentsOf: errors, encoding: .utf8)) ?? "" }

        public func terminate() { process.terminate() }

        public func wait() throws -> Output {
            process.waitUntilExit()
            return Output(
                status: process.terminationStatus, text: try String(contentsOf: output, encoding: .utf8),
                errors: try String(contentsOf: errors, encoding: .utf8))
        }
    }
}
