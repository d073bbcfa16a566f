import Foundation
import TestSupport
import Testing

@Suite("Repair under load", .serialized, .requires(.zombie, .thorough))
struct LoadTests {
    /// Many live accelerated connections exchange checked bytes while stale entries among them are removed.
    @Test func noLiveEntryAndNoByteIsLost() throws {
        let count = Scale.of(200, small: 20)
        let lab = try RealLab("load")
        let map = "\(try lab.map())"
        let fault = try lab.breakIt(["zombie", "--pod", "shop/web-0", "--count", "\(count)"])
        #expect(fault["entriesLeft"].number == Double(count))
        let load = try lab.start(
            "node",
            [Programs.lab, "load", "--host", "203.0.113.11", "--connections", "\(count)", "--seconds", "600"]
                + Scale.patience)
        // Both ends of each live one, and the dead ones.
        #expect(try lab.entries(atLeast: 3 * count) == 3 * count)
        let journal = "/run/unstuck-lab/\(lab.name)/journal.jsonl"
        let repaired = try lab.unstuck(["repair", "--map", map, "--apply", "--journal", journal, "--output", "json"])
        #expect(repaired.status == 0, "\(repaired.errors)")
        let outcomes = try JSONValue(repaired.text)["data"]["deletions"].array.map { $0["outcome"].text }
        #expect(outcomes.count == count)
        #expect(outcomes.allSatisfy { $0 == "deleted" })
        let (status, after) = try lab.diagnose()
        #expect(status == 0)
        #expect(after["totals"]["entries"].number == Double(2 * count))
        load.terminate()
        let report = try JSONValue(try load.wait().text)
        for trouble in ["errors", "mismatches", "stalled"] { #expect(report[trouble].number == 0, "\(trouble)") }
        #expect(report["connections"].number == Double(count))
        #expect(report["bytes"].number > Scale.of(1_000_000, small: 50_000))
        try lab.down()
    }

    /// Unread bytes protect an entry that nobody claims, until they are given up.
    @Test func unreadBytesProtectUntilDiscarded() throws {
        let lab = try RealLab("unread")
        _ = try lab.breakIt(["zombie", "--pod", "shop/web-0"])
        let hung = try lab.hangingProbe("203.0.113.10", port: 50504)
        #expect(hung.status == 1)
        let arguments = ["repair", "--map", "\(try lab.map())", "--force", "--output", "json"]
        let left = try lab.unstuck(arguments)
        #expect(left.status == 1)  // something was left
        let plan = try JSONValue(left.text)["data"]["plan"]
        #expect(plan["deletions"].array.isEmpty)
        #expect(plan["undecided"].array.count == 1)
        let journal = "/run/unstuck-lab/\(lab.name)/journal.jsonl"
        // As it is offered; nothing else is, for it would keep the entry.
        let remedies = try lab.diagnose().diagnosis["findings"][0]["remedies"].array.filter {
            $0["kind"].text == "repair"
        }
        let command = remedies.first?["commands"][0]["argv"].array.map(\.text) ?? []
        #expect(
            command == [
                "unstuck", "repair", "--map", "\(try lab.map())", "--discard-unread", "--force", "--apply",
            ])
        #expect(remedies.count == 1 && remedies[0]["tradeOff"].text.contains("lost"))
        let applied = try lab.unstuck(Array(command.dropFirst()) + ["--output", "json", "--journal", journal])
        #expect(applied.status == 0, "\(applied.text)")
        #expect(try lab.probe("203.0.113.10", port: 50504).status == 0)
        try lab.down()
    }

    @Test func moreThanHalfOfAMapNeedsForce() throws {
        let lab = try RealLab("half")
        _ = try lab.breakIt(["zombie", "--pod", "shop/web-0", "--count", "3"])
        let refused = try lab.unstuck(["repair", "--map", "\(try lab.map())", "--apply"])
        #expect(refused.status == 2)
        #expect(refused.text.contains("--force"))
        #expect(try lab.diagnose().diagnosis["totals"]["entries"].number == 3)
        try lab.down()
    }
}
