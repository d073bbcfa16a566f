import Foundation
import TestSupport

/// One of the lab's programs that acts when it is told to, and answers in lines of JSON.
final class LabPlayer {
    private let what: String
    private let process = Process()
    private let asks = Pipe()
    private let answers = Pipe()
    private let errors = Pipe()

    /// - Parameter what: its code, for errors.
    init(_ what: String, _ arguments: [String]) throws {
        self.what = what
        process.executableURL = URL(filePath: Programs.lab)
        process.arguments = arguments + ["--output", "json"]
        process.standardInput = asks
        process.standardOutput = answers
        process.standardError = errors
        try process.run()
        // So that the end of it is the end of the stream for us.
        for pipe in [answers, errors] { try pipe.fileHandleForWriting.close() }
    }

    deinit {
        end()
        process.waitUntilExit()
    }

    func tell(_ text: String) throws { try asks.fileHandleForWriting.write(contentsOf: Data(text.utf8)) }

    /// It ends when it has done what it was told.
    func end() { try? asks.fileHandleForWriting.close() }

    /// Its next line.
    func answer<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        var line = Data()
        while line.last != UInt8(ascii: "\n") {
            let byte = try answers.fileHandleForReading.read(upToCount: 1) ?? Data()
            guard !byte.isEmpty else {
                let words = try errors.fileHandleForReading.readToEnd() ?? Data()
                throw RealLab.Failure("\(what) could not be played: \(String(decoding: words, as: UTF8.self))")
            }
            line += byte
        }
        return try JSONDecoder().decode(type, from: line)
    }
}
