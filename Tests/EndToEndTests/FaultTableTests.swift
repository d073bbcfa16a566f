import Foundation
import TestSupport
import Testing
import UnstuckLab
import UnstuckModel

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

        try #require(seen.acts.count == AddressFamily.allCases.count)
        for act in seen.acts {
            #expect(act.left == expected.left, "\(act.tuple)")
            // The kernel's keys by a plain walk, held against what Unstuck shows of them.
            #expect(act.entriesShown == act.entries, "\(act.tuple)")
            #expect(act.found == expected.finds, "\(act.tuple)")
            #expect(act.deleted == (expected.deletes ? ["deleted"] : []), "\(act.tuple)")
            #expect(act.foundAfter == (expected.deletes ? [] : expected.finds), "\(act.tuple)")
        }
        #expect(seen.before.next == [expected.next, expected.next])
        let next = expected.deletes ? "answers" : expected.next
        #expect(seen.after.next == [next, next])
        // Live connections in the same map, looked at and repaired around all the while.
        #expect([seen.before.bystanders, seen.after.bystanders] == ["answers", "answers"])
    }

    @Test func whatUnstuckSaidAsAWhole() throws {
        let played = try Self.played.get()
        #expect(played.statuses == [1, 0, 1], "found, repaired, and only what cannot be mended is left")
        #expect(played.unknown == [])
        #expect(played.misplaced == [], "findings and deletions that are about none of the faults")
    }

    /// The whole table, played once for all tests of this process.
    struct Played {
        /// What was seen of a cell: of each family, and of what its clients experienced.
        struct Seen {
            var acts: [Act]
            var before: Performance.Next
            var after: Performance.Next
        }
        struct Act {
            /// As the client sees it.
            var tuple: FourTuple
            /// Keys that claim it, by the scene itself.
            var entries: Int
            var left: Set<String> = []
            var entriesShown = 0
            var found: Set<String> = []
            var deleted: [String] = []
            var foundAfter: Set<String> = []
        }
        var cells: [Cell: Seen] = [:]
        var statuses: [Int32]
        var unknown: [String]
        /// What was said of anything else than the acts.
        var misplaced: [String] = []
        private var acts: [Place: Act] = [:]

        /// Every scene has the same tuples, each in a map of its own.
        private struct Place: Hashable {
            var map: UInt32
            /// As the client sees it.
            var tuple: FourTuple
        }

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

            statuses = [diagnosed.status, repaired.status, again.status]
            unknown = try [diagnosed, again].flatMap { try JSONValue($0.text)["data"]["unknown"].array.map(\.text) }
            for report in players.map(\.report) {
                for act in report.acts {
                    acts[Place(map: report.map, tuple: act.tuple)] = Act(tuple: act.tuple, entries: act.entries)
                }
            }
            for entry in entries {
                // Bystanders have entries too.
                guard let place = place(entry["map"], entry["claim"]) else { continue }
                acts[place]?.entriesShown += 1
                let state = entry["state"].text
                if !["live", "queued"].contains(state) { acts[place]?.left.insert(state) }
            }
            for finding in try JSONValue(diagnosed.text)["data"]["findings"].array {
                note(finding) { $0.found.insert(finding["code"].text) }
            }
            for finding in try JSONValue(again.text)["data"]["findings"].array {
                note(finding) { $0.foundAfter.insert(finding["code"].text) }
            }
            for deletion in try JSONValue(repaired.text)["data"]["deletions"].array {
                if let place = place(deletion["map"], deletion["claim"]) {
                    acts[place]?.deleted.append(deletion["outcome"].text)
                } else {
                    misplaced.append("deletion from map \(deletion["map"].number)")
                }
            }
            for (index, cell) in wanted.enumerated() {
                let report = players[index].report
                cells[cell] = Seen(
                    acts: report.acts.compactMap { acts[Place(map: report.map, tuple: $0.tuple)] },
                    before: before[index], after: after[index])
            }
            for player in players { player.end() }
        }

        /// The act that a claim is about, from either side.
        private func place(_ map: JSONValue, _ claim: JSONValue) -> Place? {
            guard let local = Endpoint(claim["local"].text), let remote = Endpoint(claim["remote"].text) else {
                return nil
            }
            return place(UInt32(map.number), FourTuple(local: local, remote: remote))
        }

        private func place(_ map: UInt32, _ tuple: FourTuple) -> Place? {
            [tuple, tuple.reversed].map { Place(map: map, tuple: $0) }.first { acts[$0] != nil }
        }

        /// Notes a finding with every act that it is about: by its entries' keys, or by its map as a whole.
        private mutating func note(_ finding: JSONValue, _ change: (inout Act) -> Void) {
            let subject = finding["subject"]
            var places = subject["entries"].array.compactMap { entry in
                SockmapKey(hex: entry["key"].text).flatMap { KeyLayout.cilium.decode($0.bytes) }
                    .flatMap { place(UInt32(entry["map"].number), $0) }
            }
            if !subject["map"].number.isNaN {
                places += acts.keys.filter { $0.map == UInt32(subject["map"].number) }
            }
            if places.isEmpty { misplaced.append("\(finding["code"].text): \(finding["summary"].text)") }
            for place in Set(places) {
                var act = acts[place] ?? Act(tuple: place.tuple, entries: 0)
                change(&act)
                acts[place] = act
            }
        }
    }
}
