import Foundation
import TestSupport
import UnstuckLab

/// A scene of the fault table, played by a process of its own that does what it is asked on its standard input.
final class ScenePlayer {
    let report: Performance.Report
    private let process = Process()
    private let asks = Pipe()
    private let answers = Pipe()
    private let errors = Pipe()

    init(_ code: String, isTwin: Bool, layout: String = "cilium") throws {
        process.executableURL = URL(filePath: Programs.lab)
        process.arguments = ["play", code, "--layout", layout, "--output", "json"] + (isTwin ? ["--twin"] : [])
        process.standardInput = asks
        process.standardOutput = answers
        process.standardError = errors
        try process.run()
        // So that the end of it is the end of the stream for us.
        for pipe in [answers, errors] { try pipe.fileHandleForWriting.close() }
        report = try Self.decode(Performance.Report.self, from: answers, errors, code)
    }

    deinit {
        end()
        process.waitUntilExit()
    }

    /// What the next users of the scene's tuples experience.
    func ask() throws { try asks.fileHandleForWriting.write(contentsOf: Data("next\n".utf8)) }

    func answer() throws -> Performance.Next {
        try Self.decode(Performance.Next.self, from: answers, errors, report.code)
    }

    func end() { try? asks.fileHandleForWriting.close() }

    static func decode<Value: Decodable>(_ type: Value.Type, from pipe: Pipe, _ errors: Pipe, _ code: String)
        throws -> Value
    {
        var line = Data()
        while line.last != UInt8(ascii: "\n") {
            let byte = try pipe.fileHandleForReading.read(upToCount: 1) ?? Data()
            guard !byte.isEmpty else {
                let words = try errors.fileHandleForReading.readToEnd() ?? Data()
                throw RealLab.Failure("\(code) could not be played: \(String(decoding: words, as: UTF8.self))")
            }
            line += byte
        }
        return try JSONDecoder().decode(type, from: line)
    }
}
