import Foundation
import TestSupport
import Testing
import UnstuckLab
import UnstuckModel

/// An accelerator whose key layout nobody declared: its stale entry makes the next connection hang as any other's does, and is
/// deleted by what its live sockets taught, if that is accepted.
@Suite("An undeclared accelerator", .serialized, .requires(.zombie, .thorough))
struct InferredLayoutTests {
    let runner: ScenarioRunner
    let map: [String]
    let dead: FourTuple
    let living: Set<LayoutTests.Filed>

    init() throws {
        runner = try ScenarioRunner("Z1", isControl: false, layout: FixtureAccelerator.undeclared.name)
        map = ["--map", "\(runner.report.map)"]
        dead = try #require(runner.report.acts.first).tuple
        living = Set(runner.report.background.flatMap { LayoutTests.Filed.ends(of: $0, under: .undeclared) })
        #expect(living.count >= 16)
    }

    @Test func itsDeadEntryMakesTheNextConnectionHang() throws {
        try runner.ask()
        let answer = try runner.answer()
        #expect(answer.next == ["hangs"])
        #expect(answer.background == "answers")
    }

    @Test func isInferredAndDeletedOnlyWhereThatIsAccepted() throws {
        let listed = try #require(try run(["sockmaps"])["data"].array.first)
        #expect(listed["layout"].text == "inferred")
        #expect(listed["evidence"].text.hasPrefix("inferred: "), "\(listed["evidence"].text)")
        let zombies = try entries().filter { $0.state == .zombie }
        #expect(zombies.map(\.claim) == [dead.reversed])
        #expect(Set(try entries().filter { $0.state != .zombie }) == living)

        let careful = try run(["repair", "--apply"])["data"]
        #expect(careful["deletions"].array.isEmpty)
        let reasons = careful["plan"]["undecided"].array.map { $0["reason"].text }
        #expect(reasons.count == 1 && reasons[0].contains("--accept-inferred"), "\(reasons)")
        #expect(try entries().count == living.count + 1)

        let deletions = try run(["repair", "--apply", "--accept-inferred"])["data"]["deletions"].array
        #expect(deletions.map { $0["outcome"].text } == ["deleted"])
        #expect(try deletions.map { try LayoutTests.Filed.tuple($0["claim"]) } == [dead.reversed])
        #expect(Set(try entries()) == living)
        try runner.ask()
        let answer = try runner.answer()
        #expect(answer.next == ["answers"])
        #expect(answer.background == "answers")
    }

    private func entries() throws -> [LayoutTests.Filed] {
        try output(["sockmaps", "entries"]).split(separator: "\n").map { try LayoutTests.Filed(JSONValue(String($0))) }
    }

    private func run(_ arguments: [String]) throws -> JSONValue { try JSONValue(output(arguments)) }

    private func output(_ arguments: [String]) throws -> String {
        let output = try Programs.run(Programs.unstuck, arguments + map + ["--output", "json"])
        return try #require(output.text.isEmpty ? nil : output.text, "\(arguments): \(output.errors)")
    }
}
