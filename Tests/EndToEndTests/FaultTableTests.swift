import Foundation
import TestSupport
import Testing
import UnstuckLab

/// Every fault of lab/faults.toml and its healthy twin, for IPv4 and IPv6, on the kernel that runs this: what it leaves,
/// what it does to the next connection, what Unstuck finds, deletes and mends.
///
/// They are all played at once, each in a sockmap of its own, as on a node that has them all; Unstuck looks at the whole
/// of it as a user would.
@Suite("Fault table", .serialized)
struct FaultTableTests {
    static let table = Result { try FaultTable(path: "lab/faults.toml") }
    static let cells: [Cell] = ((try? table.get())?.fault ?? []).flatMap { fault in
        [Cell(code: fault.code, isTwin: false), Cell(code: fault.code, isTwin: true)]
    }
    /// The kernel that runs this, as lab/faults.toml names it.
    static let kernel = ProcessInfo.processInfo.environment["UNSTUCK_KERNEL"] ?? "machine"
    static let played = Result { try Played(cells) }

    struct Cell: Hashable, Sendable, CustomTestStringConvertible {
        var code: String
        var isTwin: Bool
        var testDescription: String { code + (isTwin ? " (twin)" : "") }
    }

    @Test func everyFaultIsListedAndCanBePlayed() throws {
        #expect(try Set(Self.table.get().fault.map(\.code)) == Set(Scene.all.map(\.code)))
        let kernels = try KernelCatalogue(path: "lab/kernels.toml").kernel.map(\.name) + ["machine", "default"]
        for fault in try Self.table.get().fault {
            #expect(Set(fault.outcome.keys).isSubset(of: kernels), "\(fault.code)")
        }
    }

    @Test func theMatrixIsMadeFromTheTable() throws {
        let kernels = try KernelCatalogue(path: "lab/kernels.toml").kernel.map(\.name) + ["machine"]
        #expect(
            try String(contentsOfFile: "docs/support-matrix.md", encoding: .utf8)
                == Self.table.get().markdown(kernels: kernels), "run: make matrix")
    }

    @Test(arguments: cells)
    func comesToWhatTheTableSays(_ cell: Cell) throws {
        let table = try Self.table.get()
        let fault = try #require(table.fault.first { $0.code == cell.code })
        let name = table.expected(fault, isTwin: cell.isTwin, on: Self.kernel)
        let expected = try #require(table.outcome[name])
        let played = try Self.played.get()
        let seen = try #require(played.cells[cell])

        #expect(seen.left == expected.left)
        // The kernel's keys by a plain walk, held against what Unstuck shows of them.
        #expect(seen.entriesShown == seen.report.acts.reduce(0) { $0 + $1.entries })
        #expect(seen.before.next == [expected.next, expected.next])
        #expect(seen.found == expected.finds)
        #expect(seen.deleted == (expected.deletes ? ["deleted", "deleted"] : []))
        // Both families: one entry each.
        let next = expected.deletes ? "answers" : expected.next
        #expect(seen.after.next == [next, next])
        #expect(seen.foundAfter == (expected.deletes ? [] : expected.finds))
        // Live connections in the same map, looked at and repaired around all the while.
        #expect([seen.before.bystanders, seen.after.bystanders] == ["answers", "answers"])
    }

    @Test func whatUnstuckSaidAsAWhole() throws {
        let played = try Self.played.get()
        #expect(played.statuses == [1, 0, 1], "found, repaired, and only what cannot be mended is left")
        #expect(played.unknown == [])
    }

    /// The whole table, played once for all tests of this process.
    struct Played {
        struct Seen {
            var report: Performance.Report
            var left: Set<String> = []
            var entriesShown = 0
            var before: Performance.Next
            var found: Set<String> = []
            var deleted: [String] = []
            var after: Performance.Next
            var foundAfter: Set<String> = []
        }
        var cells: [Cell: Seen] = [:]
        var statuses: [Int32]
        var unknown: [String]

        init(_ wanted: [Cell]) throws {
            let players = try wanted.map { try ScenePlayer($0.code, isTwin: $0.isTwin) }
            let maps = players.flatMap { ["--map", "\($0.report.map)"] }
            func run(_ arguments: [String]) throws -> Programs.Output {
                try Programs.run(Programs.unstuck, arguments + maps + ["--output", "json"])
            }
            func next() throws -> [Performance.Next] {
                for player in players { try player.ask() }
                return try players.map { try $0.answer() }
            }
            let entries = try run(["sockmaps", "entries"]).text.split(separator: "\n").map { try JSONValue(String($0)) }
            let before = try next()
            let diagnosed = try run(["diagnose"])
            let repaired = try run(["repair", "--apply"])
            let after = try next()
            let again = try run(["diagnose"])

            let found = Self.codes(try JSONValue(diagnosed.text)["data"])
            let foundAfter = Self.codes(try JSONValue(again.text)["data"])
            let deletions = try JSONValue(repaired.text)["data"]["deletions"].array
            statuses = [diagnosed.status, repaired.status, again.status]
            unknown = try [diagnosed, again].flatMap { try JSONValue($0.text)["data"]["unknown"].array.map(\.text) }
            for (index, cell) in wanted.enumerated() {
                let report = players[index].report
                var seen = Seen(report: report, before: before[index], after: after[index])
                // The client's tuple, and the server's.
                let tuples = Set(report.acts.flatMap { ["\($0.tuple)", "\($0.tuple.reversed)"] })
                for entry in entries where Int(entry["map"].number) == Int(report.map) {
                    let claim = "\(entry["claim"]["local"].text) ─► \(entry["claim"]["remote"].text)"
                    guard tuples.contains(claim) else { continue }
                    seen.entriesShown += 1
                    if !["live", "queued"].contains(entry["state"].text) { seen.left.insert(entry["state"].text) }
                }
                seen.found = found[report.map] ?? []
                seen.foundAfter = foundAfter[report.map] ?? []
                seen.deleted = deletions.filter { Int($0["map"].number) == Int(report.map) }.map { $0["outcome"].text }
                cells[cell] = seen
            }
            for player in players { player.end() }
        }

        /// Finding codes by the map that they are about.
        private static func codes(_ diagnosis: JSONValue) -> [UInt32: Set<String>] {
            var result: [UInt32: Set<String>] = [:]
            for finding in diagnosis["findings"].array {
                let subject = finding["subject"]
                let maps = subject["entries"].array.map { $0["map"].number } + [subject["map"].number]
                for map in Set(maps.filter { !$0.isNaN }) {
                    result[UInt32(map), default: []].insert(finding["code"].text)
                }
            }
            return result
        }
    }
}
