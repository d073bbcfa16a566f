import Foundation
import TestSupport
import Testing

/// docs/schema/, and a validator that is not ours (Debian's python3-jsonschema).
enum Schemas {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let validator = root.appending(path: "scripts/validate_json.py").path

    /// The schemas of documents, by name, with what prints them: the words of commands, the program's name left out.
    static func commands() throws -> [String: [String]] {
        struct Schema: Decodable { var title: String }
        let folder = root.appending(path: "docs/schema")
        var result: [String: [String]] = [:]
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            let schema = try JSONDecoder().decode(Schema.self, from: Data(contentsOf: folder.appending(path: file)))
            guard schema.title.hasPrefix("unstuck ") else { continue }
            result[String(file.dropLast(".json".count))] = schema.title.components(separatedBy: ", ").map {
                $0.split(separator: " ").dropFirst().prefix { !$0.hasPrefix("-") }.joined(separator: " ")
            }
        }
        return result
    }

    /// What is wrong with the schemas themselves; empty: nothing.
    static func flaws() throws -> String { try said(["--schemas"]) }

    /// What of a text does not fit a schema; empty: all fits.
    static func misfits(of text: String, with schema: String, byLine: Bool = false) throws -> String {
        let file = FileManager.default.temporaryDirectory.appending(path: "unstuck-test-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(text.utf8).write(to: file)
        return try said((byLine ? ["--lines"] : []) + [schema, file.path])
    }

    private static func said(_ arguments: [String]) throws -> String {
        let output = try Programs.run("/usr/bin/python3", [validator] + arguments)
        return output.status == 0 ? "" : output.text + output.errors
    }

    /// Runs a command and holds what it prints against a schema.
    @discardableResult
    static func check(
        _ schema: String, _ arguments: [String], status: ClosedRange<Int32> = 0...2, byLine: Bool = false,
        run: ([String]) throws -> Programs.Output = { try Programs.run(Programs.unstuck, $0) },
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Programs.Output {
        let output = try run(arguments)
        #expect(status.contains(output.status), "\(arguments): \(output.errors)", sourceLocation: sourceLocation)
        #expect(!output.text.isEmpty, "\(arguments): \(output.errors)", sourceLocation: sourceLocation)
        let misfits = try misfits(of: output.text, with: schema, byLine: byLine)
        #expect(misfits == "", "\(arguments)", sourceLocation: sourceLocation)
        return output
    }
}
