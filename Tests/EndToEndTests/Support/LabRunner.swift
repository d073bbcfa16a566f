import Foundation
import Glibc
import TestSupport

/// One of the lab's programs that acts when it is reported to, and answers in lines of JSON.
final class LabRunner {
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

    func tell(_ text: String) throws {
        let file = asks.fileHandleForWriting
        // A pipe that nobody reads any more would end us, by SIGPIPE.
        guard Self.poll(file, POLLOUT, .zero) & POLLERR == 0 else { throw RealLab.Failure("\(what) has ended") }
        try file.write(contentsOf: Data(text.utf8))
    }

    /// What poll(2) says of a file, of what was asked for and of errors; 0 if the time is over.
    private static func poll(_ file: FileHandle, _ events: Int32, _ limit: Duration) -> Int32 {
        var request = pollfd(fd: file.fileDescriptor, events: Int16(events), revents: 0)
        _ = unsafe Glibc.poll(&request, 1, Int32(limit.components.seconds * 1000))
        return Int32(request.revents)
    }

    /// It ends when it has done what it was reported.
    func end() { try? asks.fileHandleForWriting.close() }

    /// Its next line.
    /// - Parameter limit: how long each part of it is waited for.
    func answer<Value: Decodable>(_ type: Value.Type = Value.self, within limit: Duration? = nil) throws -> Value {
        var line = Data()
        while line.last != UInt8(ascii: "\n") {
            if let limit, Self.poll(answers.fileHandleForReading, POLLIN, limit) == 0 {
                process.terminate()
                throw RealLab.Failure("\(what) did not answer within \(limit)")
            }
            let byte = try answers.fileHandleForReading.read(upToCount: 1) ?? Data()
            guard !byte.isEmpty else {
                let words = try errors.fileHandleForReading.readToEnd() ?? Data()
                throw RealLab.Failure("\(what) could not be run: \(String(decoding: words, as: UTF8.self))")
            }
            line += byte
        }
        return try JSONDecoder().decode(type, from: line)
    }
}
