import Foundation
import TestSupport
import Testing

/// What `repair --output json` really prints, held against docs/schema/repair.json; and what it selects.
@Suite("The repair's document", .serialized, .requires(.zombie, .native))
struct RepairDocumentTests {
    /// The document as its schema tells of it: what is not optional here is always there.
    struct Document: Decodable {
        var schema: String
        var unstuck: String
        var data: Report
        struct Report: Decodable {
            var plan: Plan
            var caps: Caps
            var unknown: [String]
            var unrepairable: Int
            var applied: Bool
            var resumed: [Resumed]
            var deletions: [Step]
            var resets: [Reset]
            var interrupted: String?
            var watch: Watch?
        }
        struct Caps: Decodable { var limit, perMinute: Int }
        struct Watch: Decodable { var seconds, findings: Int }
        struct Plan: Decodable {
            var deletions: [Deletion]
            var resets: [PlannedReset]
            var undecided: [Undecided]
            var refusals, cautions: [String]
            var notSelected, beyondLimit: Int
        }
        struct Tuple: Decodable { var local, remote: String }
        struct Identity: Decodable { var cookie, token: UInt64 }
        struct Entry: Decodable {
            var map: UInt32
            var key: String
            var socket: Identity
        }
        struct Holder: Decodable {
            var pid, descriptor: Int32
            var command: String
            var inode, startTime: UInt64
        }
        struct Deletion: Decodable {
            var entry: Entry
            var mapName, state, reason: String
            var claim: Tuple
            var pod: String?
            var holder: Holder?
            var unreadBytes: UInt32
            var allowUnread: Bool
            var claimant: Identity?
        }
        struct PlannedReset: Decodable {
            var connection: Tuple
            var ends: [End]
            var entries: [Entry]
            struct End: Decodable {
                var socket: Identity
                var tuple: Tuple
                var netns: UInt32
                var inode: UInt64
            }
        }
        struct Undecided: Decodable {
            var entry: Entry
            var mapName, reason: String
            var claim: Tuple?
        }
        struct Resumed: Decodable {
            var run, step, verdict, detail: String
            var map: UInt32?
            var key: String?
            var claim: Tuple?
        }
        struct Step: Decodable {
            var map: UInt32
            var key, outcome, detail: String
            var claim: Tuple
        }
        struct Reset: Decodable {
            var connection: Tuple
            var failure: String?
        }
    }

    /// Decodes it; the schema is for machines that have the sources.
    @discardableResult
    static func check(_ text: String) throws -> Document.Report {
        let document = try JSONDecoder().decode(Document.self, from: Data(text.utf8))
        #expect(document.schema == "unstuck.repair/2")
        if try KernelUnderTest.provides(.sources) { #expect(try Schemas.misfits(of: text, with: "repair") == "") }
        return document.data
    }

    /// A connection hangs, others are dead: the plan, what was done, and what the next run is reported.
    @Test func theWholeStory() throws {
        let lab = try RealLab("doc")
        try lab.start(
            "node", [Programs.lab, "load", "--host", "203.0.113.11", "--connections", "10", "--seconds", "600"])
        _ = try lab.breakIt(["zombie", "--pod", "shop/web-0", "--count", "4"])
        _ = try lab.breakIt(["zombie", "--pod", "shop/web-1", "--count", "2"])
        let victim = try lab.victim()
        let map = ["repair", "--map", "\(try lab.map())", "--reset-stuck", "--output", "json"]
        let plan = try Self.check(try lab.unstuck(map).text)
        #expect(plan.plan.deletions.count == 6)
        #expect(plan.plan.resets.count == 1)
        #expect(plan.plan.resets.first?.ends.count == 2)
        #expect(plan.caps.limit == 10_000)
        #expect(plan.caps.perMinute == 6000)
        #expect(!plan.applied)

        // One pod's; the other's is counted.
        let one = try Self.check(try lab.unstuck(map + ["--pod", "shop/web-1", "--state", "zombie"]).text)
        #expect(one.plan.deletions.map(\.pod) == ["shop/web-1", "shop/web-1"])
        #expect(one.plan.resets.isEmpty)
        #expect(one.plan.notSelected == 4)
        let limited = try Self.check(try lab.unstuck(map + ["--limit", "1"]).text)
        // The one that hurts now.
        #expect(limited.plan.deletions.map(\.claim.remote) == ["192.0.2.10:50504"])
        #expect(limited.plan.beyondLimit == 5)

        let unknown = try lab.unstuck(map + ["--pod", "shop/web-9"])
        #expect(unknown.status == 2)
        #expect(
            try Self.check(unknown.text).plan.refusals == [
                "no pod shop/web-9 on this node; pods with stale entries: shop/web-0 (4), shop/web-1 (2)"
            ])

        let journal = ["--journal", "/run/unstuck-lab/\(lab.name)/journal.jsonl"]
        let applied = try lab.unstuck(map + journal + ["--apply", "--watch", "1", "--pod", "shop/web-0"])
        #expect(applied.status == 0, "\(applied.text)\(applied.errors)")
        let report = try Self.check(applied.text)
        #expect(report.applied)
        #expect(report.deletions.map(\.outcome) == Array(repeating: "deleted", count: 4))
        #expect(report.resets.map(\.failure) == [nil])
        #expect(report.watch?.seconds == 1)
        _ = try victim.wait()
        let rest = try Self.check(try lab.unstuck(map + journal + ["--apply"]).text)
        #expect(rest.deletions.count == 2)
        try lab.down()
    }

    /// Members that a healthy run leaves empty.
    @Test func theRest() throws {
        let scenario = try KilledRepairTests.Scenario(dead: 3)
        let killed = try scenario.start(["--per-minute", "1"])
        #expect(scenario.wait { scenario.lines("result").count == 1 })
        kill(killed.pid, SIGKILL)
        _ = try killed.wait()
        let run = try scenario.start(["--per-minute", "1"])
        #expect(scenario.wait { scenario.lines("result").count == 2 })
        run.terminate()
        let told = try Self.check(try run.wait().text)
        #expect(told.interrupted == "SIGTERM")
        #expect(told.resumed.map(\.verdict) == ["undone", "undone"])
        #expect(told.caps.perMinute == 1)
        // Seen once only.
        let output = try Programs.run(
            Programs.unstuck, ["repair", "--map", "\(scenario.node.map.id)", "--interval", "0", "--output", "json"])
        #expect(output.status == 1)
        #expect(try Self.check(output.text).plan.undecided.count == 1)
    }

    @Test func usage() throws {
        for wrong in [
            ["--key", "0g"], ["--key", ""], ["--address", "203.0.113"], ["--port", "70000"], ["--state", "live"],
            ["--limit", "0"], ["--per-minute", "-1"],
        ] {
            #expect(try Programs.run(Programs.unstuck, ["repair"] + wrong).status == 64, "\(wrong)")
        }
        // Not a journal: nothing is written to it, and nothing is changed.
        let scenario = try KilledRepairTests.Scenario(dead: 1)
        try Data("root:x:0:0\n".utf8).write(to: URL(filePath: scenario.journal))
        let refused = try Programs.run(Programs.unstuck, scenario.arguments([]))
        #expect(refused.status == 2)
        #expect(refused.errors.contains("is no journal"))
        #expect(try scenario.node.deadEntries == 1)
    }
}
