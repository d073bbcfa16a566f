import Foundation
import Glibc
import TestSupport

/// `unstuck-lab run CODE --case NAME` as it is used: it holds what it made until its input ends.
final class CauseProgram {
    struct Failure: Error, CustomStringConvertible { var description: String }

    /// What it printed, decoded here anew: a word that changes breaks a test.
    struct Report: Decodable {
        struct Connection: Decodable {
            var client: String
            var server: String
            var clientPid: Int32
            var serverPid: Int32?
            var clientNetns: UInt64
            var serverNetns: UInt64?
        }
        var code: String
        var `case`: String
        var control: String?
        var place: String
        var map: UInt32?
        var connections: [Connection]

        var pids: [Int32] { connections.flatMap { [$0.clientPid, $0.serverPid].compactMap(\.self) } }
    }

    let report: Report
    /// Its line as it is.
    let text: String
    private let process = Process()
    private let input = Pipe()
    private let output: URL
    private let errors: URL

    init(_ code: String, case name: String) throws {
        let base = FileManager.default.temporaryDirectory.appending(path: "unstuck-test-\(UUID().uuidString)")
        output = base.appendingPathExtension("out")
        errors = base.appendingPathExtension("err")
        for file in [output, errors] { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
        process.executableURL = URL(filePath: Programs.lab)
        process.arguments = ["run", code, "--case", name, "--output", "json"]
        process.standardInput = input
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        var line = ""
        let running = process
        let file = output
        _ = try Wait.until(within: 180) {
            line = try String(contentsOf: file, encoding: .utf8)
            return line.hasSuffix("\n") || !running.isRunning
        }
        text = line
        guard line.hasSuffix("\n") else {
            process.terminate()
            let words = (try? String(contentsOf: errors, encoding: .utf8)) ?? ""
            throw Failure(description: "\(code) \(name) was not made: \(words)")
        }
        report = try JSONDecoder().decode(Report.self, from: Data(line.utf8))
    }

    deinit {
        if process.isRunning { Glibc.kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        for file in [output, errors] { try? FileManager.default.removeItem(at: file) }
    }

    /// Its input ends, and it does.
    func end() throws -> Int32 {
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        return process.terminationStatus
    }

    func kill() {
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// The cgroups that it made, if it made some.
    var cgroups: [String] {
        let name = "unstuck-fixture-\(process.processIdentifier)"
        return ["/sys/fs/cgroup/\(name)", "/sys/fs/cgroup/unified/\(name)"].filter {
            FileManager.default.fileExists(atPath: $0)
        }
    }
}
