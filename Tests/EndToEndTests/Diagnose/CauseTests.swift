import Foundation
import TestSupport
import Testing
import UnstuckLab

/// Causes beyond sockmaps, made for real over both families, and their control cases: through the program as users run it.
@Suite("Causes beyond sockmaps, on this kernel", .serialized)
struct CauseTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var code: String
        var name: String
        var isControl: Bool
        var testDescription: String { "\(code) \(name)\(isControl ? " (control case)" : "")" }
    }

    static let cases = Cause.all.flatMap { cause in
        cause.cases.map { Case(code: cause.code, name: $0.name, isControl: $0.isControl) }
    }

    /// What is found for a case's connections; empty: nothing is.
    static func expected(_ one: Case) -> String? {
        if one.isControl { return nil }
        switch (one.code, one.name) {
        // Nobody on this node can know: nothing was sent since the peer has gone.
        case ("peer.vanished", "idle"): return nil
        // The receiver is on this node, and its process does not read: that is the cause, the shut window a fact of it.
        case ("stack.zero-window", "bulk"), ("stack.zero-window", "small-buffer"): return "app.not-reading"
        default: return one.code
        }
    }

    @Test(arguments: cases)
    func isFoundAndNothingElse(_ one: Case) throws {
        let result = try #require(Self.results[one.testDescription]).get()
        if let expected = Self.expected(one) {
            let severity = expected == "app.silent" ? "note" : "critical"
            #expect(Set(result.seen.filter { $0.code == expected }.map(\.client)) == result.clients, "\(result.seen)")
            #expect(result.seen.allSatisfy { $0.code == expected && $0.severity == severity }, "\(result.seen)")
            if severity == "critical" { #expect(result.status == 1) }
        } else {
            #expect(result.seen.allSatisfy { $0.severity == "note" }, "\(result.seen)")
        }
    }

    /// What a diagnosis said of a case.
    private struct Answer {
        var clients: Set<String>
        var seen: [MadeCause.Seen]
        var status: Int32
    }

    private static let results = answers()

    /// Many cases at once, each in processes and network namespaces of its own, and one diagnosis of them all; in a guest, whose
    /// processor is slow, a few at a time.
    private static func answers() -> [String: Result<Answer, any Error>] {
        var results: [String: Result<Answer, any Error>] = [:]
        let size = Scale.of(cases.count, small: 5)
        for start in stride(from: 0, to: cases.count, by: size) {
            let batch = cases[start..<min(start + size, cases.count)]
            let starting = batch.map { one in (one, Result { try MadeCause(one.code, one.name) }) }
            var made: [(Case, MadeCause)] = []
            for (one, begun) in starting {
                do {
                    let cause = try begun.get()
                    try cause.awaitReport()
                    made.append((one, cause))
                } catch {
                    results[one.testDescription] = .failure(error)
                }
            }
            let document = Result { try settled(made) }
            for (one, cause) in made {
                results[one.testDescription] = document.map {
                    Answer(clients: cause.clients, seen: cause.seen(in: $0.diagnosis), status: $0.status)
                }
                cause.end()
            }
        }
        return results
    }

    /// A request must have waited for two seconds; a window may open once more.
    private static func settled(_ made: [(Case, MadeCause)]) throws -> (diagnosis: JSONValue, status: Int32) {
        var document = try MadeCause.document()
        _ = try Wait.until {
            document = try MadeCause.document()
            return made.allSatisfy { one, cause in
                guard let expected = expected(one) else { return true }
                return Set(cause.seen(in: document.diagnosis).filter { $0.code == expected }.map(\.client))
                    == cause.clients
            }
        }
        return document
    }

    /// Everything that is odd and healthy, at once, looked at again and again: no critical finding and no warning.
    @Test func controlCasesAllAtOnce() throws {
        var controls: [MadeCause] = []
        defer { for control in controls { control.end() } }
        for one in Self.cases where one.isControl {
            let control = try MadeCause(one.code, one.name)
            try control.awaitReport()
            controls.append(control)
        }
        for round in 0..<(environmentNumber("UNSTUCK_CONTROL_RUNS") ?? Scale.of(5, small: 2)) {
            let document = try MadeCause.document()
            for control in controls {
                let seen = control.seen(in: document.diagnosis).filter { $0.severity != "note" }
                #expect(seen.isEmpty, "round \(round), \(control.title): \(seen)")
            }
        }
    }
}

/// A cause that `unstuck-lab run` has made and holds.
final class MadeCause {
    /// The clients of its connections.
    private(set) var clients: Set<String> = []
    /// Those of both ends: the same addresses are another's elsewhere.
    private var namespaces: Set<Double> = []
    let title: String
    private let process: LabRunner

    struct Seen: CustomStringConvertible {
        var code: String
        var severity: String
        var client: String
        var description: String { "\(severity) \(code) \(client)" }
    }

    private struct Report: Decodable {
        struct Connection: Decodable {
            var client: String
            var clientNetns: Double
            var serverNetns: Double?
        }
        var connections: [Connection]
    }

    init(_ code: String, _ name: String) throws {
        title = "\(code) \(name)"
        process = try LabRunner("\(code) \(name)", ["run", code, "--case", name])
    }

    /// It has been made, and was checked by the lab.
    func awaitReport() throws {
        let report = try process.answer(Report.self)
        clients = Set(report.connections.map(\.client))
        namespaces = Set(report.connections.flatMap { [$0.clientNetns] + [$0.serverNetns].compactMap { $0 } })
        guard !clients.isEmpty else { throw RealLab.Failure("\(title) has no connections") }
    }

    func end() { process.end() }

    static func document() throws -> (diagnosis: JSONValue, status: Int32) {
        let output = try Programs.run(
            Programs.unstuck, ["diagnose", "--output", "json", "--interval", Scale.of("3", small: "8")])
        return (try JSONValue(output.text)["data"], output.status)
    }

    /// What a diagnosis says of this cause's connections.
    func seen(in diagnosis: JSONValue) -> [Seen] {
        diagnosis["findings"].array.flatMap { finding in
            finding["connections"].array.filter { row in
                clients.contains(row["client"].text)
                    && row["ends"].array.contains { namespaces.contains($0["netns"].number) }
            }.map {
                Seen(code: finding["code"].text, severity: finding["severity"].text, client: $0["client"].text)
            }
        }
    }
}
