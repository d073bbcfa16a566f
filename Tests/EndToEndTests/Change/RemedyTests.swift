import Foundation
import TestSupport
import Testing
import UnstuckLab

/// Every remedy of every fault of lab/faults.toml that this kernel has is run as `diagnose` offers it, and does what it says.
@Suite("Remedies", .serialized, .requires(.exhaustive))
struct RemedyTests {
    typealias Fault = RemedyRun.Fault

    /// How many different commands the findings of an outcome offer, together.
    ///
    /// Of a stale entry: repair, with and without --reset-stuck, a guard in mode preserve and in mode evict, a bypass. A leaked
    /// one's bytes nobody can read: there is no disclosure, and no evict. For a live socket in the way nothing but a bypass
    /// helps, and against new ones of its kind a guard. Of a full map without stale entries nothing is offered. Where the kernel
    /// is at fault (FIONREAD) a bypass keeps new connections away from it; an EAGAIN ends nothing by itself.
    static let commands = [
        "leaked": 4, "zombie": 5, "late-zombie": 5, "cross-wired": 2, "cross-wired-at-risk": 2, "shared-tuple": 1,
        "full": 0, "at-risk": 1, "counts-none-at-risk": 1, "refused-at-risk": 1, "fionread-stall": 1,
        "eagain-half-closed": 0,
    ]

    /// What the kernel's answer to FIONREAD comes to: the connection lives on, and no command of Unstuck changes anything for it.
    static let ofTheKernel: Set = ["at-risk", "counts-none-at-risk", "refused-at-risk", "fionread-stall"]

    static let faults: [Fault: Int] = {
        let table = try? FaultTableTests.table.get()
        var faults: [Fault: Int] = [:]
        for fault in table?.fault ?? [] {
            let outcome = table?.expected(fault, isControl: false, on: FaultTableTests.kernel) ?? ""
            guard let found = table?.outcome[outcome], !found.finds.isEmpty else { continue }
            faults[Fault(code: fault.code, livesOn: ofTheKernel.contains(outcome))] = commands[outcome] ?? -1
        }
        // Whose layout has to be inferred: every repair takes --accept-inferred.
        faults[Fault(code: "Z1", layout: "undeclared")] = 5
        return faults
    }()

    static let run = RemedyRun(faults)

    @Test func everyFaultThatIsFoundIsHere() {
        #expect(Self.faults.count > 5)
        #expect(Self.faults.values.allSatisfy { $0 >= 0 }, "an outcome of lab/faults.toml is not in this table")
    }

    /// The flags that no fault of the table takes: each is named where the plan asks for it, and is all that it asks for.
    @Test(arguments: [
        (dead: 2, live: 4, how: ["--without-iterator"], flag: "--without-iterator"),
        (dead: 5, live: 1, how: [], flag: "--force"),
    ])
    func everyFlagThatThePlanAsksFor(_ one: (dead: Int, live: Int, how: [String], flag: String)) throws {
        // Values of eight bytes are cookies: an entry whose socket is not seen can be told from a live one's.
        let node = try DeadMap(dead: one.dead, live: one.live, valueSize: 8)
        let map = "\(node.map.id)"
        // Network namespaces of other tests that are just ending make it inconclusive what walked keys lead to.
        func diagnose() throws -> Programs.Output {
            try Programs.run(
                Programs.unstuck, ["diagnose", "--interval", "2s", "--map", map, "--output", "json"] + one.how)
        }
        var found = try diagnose()
        _ = try Wait.until {
            if found.status == 2 { found = try diagnose() }
            return found.status != 2
        }
        let remedy = try JSONValue(found.text)["data"]["findings"][0]["remedies"][0]
        let argv = remedy["commands"][0]["argv"].array.map(\.text)
        #expect(argv == ["unstuck", "repair", "--map", map, one.flag, "--apply"], "\(found.text)\(found.errors)")
        #expect(remedy["outcome"].text == "clears")
        let journal = FileManager.default.temporaryDirectory.appending(path: "unstuck-\(UUID().uuidString).jsonl").path
        defer { try? FileManager.default.removeItem(atPath: journal) }
        func repair(_ words: [String]) throws -> Programs.Output {
            try Programs.run(Programs.unstuck, words + ["--interval", "2s", "--journal", journal])
        }
        // Here the iterator sees what was walked above.
        if one.how.isEmpty {
            let without = try repair(argv.dropFirst().filter { $0 != one.flag })
            #expect(without.status == 2 && without.text.contains(one.flag), "\(without)")
            #expect(try node.deadEntries == one.dead)
        }
        var repaired = try repair(Array(argv.dropFirst()))
        _ = try Wait.until {
            if repaired.status == 2 { repaired = try repair(Array(argv.dropFirst())) }
            return repaired.status != 2
        }
        #expect(repaired.status == 0, "\(repaired.text)\(repaired.errors)")
        #expect(try node.deadEntries == 0)
    }

    @Test(arguments: faults.keys.sorted { $0.testDescription < $1.testDescription })
    func eachDoesWhatItSays(_ fault: Fault) throws {
        let results = try #require(Self.run.results[fault]).get()
        #expect(results.count == Self.faults[fault], "\(results)")
        #expect(Set(results.map(\.argv)).count == results.count)
        for result in results {
            for (code, offer) in result.offered {
                let left = result.left[code]
                switch offer.outcome {
                case "clears": #expect(left == nil, "\(result): \(code) is left; \(result.errors)")
                case "reduces": #expect(left == result.held && !result.held.isEmpty, "\(result): \(code)")
                case "prevents": break
                default: Issue.record("\(result): \(code) promises nothing, and has a command")
                }
            }
            #expect(result.next?.background == "answers", "\(result): live connections")
            switch result.kind {
            case "repair":
                #expect(result.status == 0, "\(result): \(result.errors)")
                #expect(result.next?.next.allSatisfy { $0 == "answers" } == true, "\(result): the next connection")
                if fault.layout == "undeclared" { #expect(result.argv.contains("--accept-inferred")) }
            case "guard":
                if let guarded = result.facts["guard"] {
                    #expect(guarded.contains("is guarded"), "\(result): \(guarded)")
                }
                #expect(!result.kindsLeft.contains("guard"), "\(result): offered again while it runs")
                if result.argv.contains("evict") {
                    #expect(result.next?.next.allSatisfy { $0 == "answers" } == true, "\(result): the next connection")
                }
            case "bypass":
                #expect(result.status == 0, "\(result): \(result.errors)")
                #expect(!result.kindsLeft.contains("bypass"), "\(result): offered again while it is on")
                #expect(
                    result.facts["bypass"]?.contains("is bypassed, for another") == true, "\(result): \(result.facts)")
                if fault.livesOn {
                    try newConnectionsArePlain(fault, result.next)
                    // The connection of a live socket in the way lives on: established ones are not changed.
                } else if fault.code != "shared-tuple" {
                    #expect(result.next?.next.allSatisfy { $0 == "answers" } == true, "\(result): the next connection")
                }
            default: Issue.record("\(result): a remedy of kind \(result.kind) that is not looked at here")
            }
        }
    }

    /// What lives on is as it was; what is new is in no map, and does as the control case does.
    private func newConnectionsArePlain(_ fault: Fault, _ next: ScenarioRun.Next?) throws {
        let table = try FaultTableTests.table.get()
        let row = try #require(table.fault.first { $0.code == fault.code })
        let outcome = table.outcome[table.expected(row, isControl: false, on: FaultTableTests.kernel)]
        let plain = try #require(table.outcome[row.control.outcome])
        #expect(next?.next.allSatisfy { $0 == outcome?.next } == true, "\(fault): \(next?.next ?? [])")
        let new = try #require(next?.anew)
        #expect(!new.isEmpty && new.allSatisfy { $0.word == plain.next && $0.entries == 0 }, "\(fault): \(new)")
    }
}
