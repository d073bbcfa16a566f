import Foundation
import TestSupport
import Testing
import UnstuckLab
import UnstuckModel

/// The scenarios of the fault table, all of them at once, each in a process and a sockmap of its own, as on a node that has
/// all faults; and what Unstuck's documents say of each: read, repaired, read again.
///
/// A scenario that cannot be run, or that ends too early, fails alone: the others go on without it.
struct FaultTableRun {
    struct Cell: Hashable, Sendable, CustomTestStringConvertible {
        var code: String
        /// The control case.
        var isControl: Bool
        var testDescription: String { code + (isControl ? " (control case)" : "") }
    }

    /// What was seen of a cell: of each family, and of what its clients experienced.
    struct Seen {
        var acts: [Act]
        var before: ScenarioRun.Next
        var after: ScenarioRun.Next
    }

    struct Act {
        /// As the client sees it.
        var tuple: FourTuple
        /// Keys that claim it, by the scenario itself.
        var entries: Int
        var left: Set<String> = []
        var entriesShown = 0
        var found: Set<String> = []
        var deleted: [String] = []
        var foundAfter: Set<String> = []
    }

    /// What was seen of each cell, or why there was nothing to see.
    private(set) var cells: [Cell: Result<Seen, any Error>] = [:]
    /// Of `diagnose`, `repair --apply` and `diagnose`; and what they should be by what each of them lists.
    private(set) var statuses: [Int32] = []
    private(set) var statusesByContents: [Int32] = []
    private(set) var unknown: [String] = []
    /// What was said of anything else than the scenarios.
    private(set) var misplaced: [String] = []
    private var acts: [Place: Act] = [:]

    /// Every scenario has the same tuples, each in a map of its own.
    private struct Place: Hashable {
        var map: UInt32
        /// As the client sees it.
        var tuple: FourTuple
    }

    /// - Throws: where Unstuck itself fails.
    init(_ wanted: [Cell]) throws {
        var cast = Cast(wanted)
        let reports = cast.runners.mapValues(\.report)
        for report in reports.values {
            for act in report.acts {
                acts[Place(map: report.map, tuple: act.tuple)] = Act(tuple: act.tuple, entries: act.entries)
            }
        }

        let entries = try cast.unstuck(["sockmaps", "entries"]).text.split(separator: "\n").map {
            try JSONValue(String($0))
        }
        let before = cast.next()
        let diagnosed = try cast.unstuck(["diagnose"])
        let repaired = try cast.unstuck(["repair", "--apply"])
        let after = cast.next()
        let again = try cast.unstuck(["diagnose"])

        let findings = try JSONValue(diagnosed.text)["data"]["findings"].array
        let report = try JSONValue(repaired.text)["data"]
        let deletions = report["deletions"].array
        let isWhole =
            deletions.allSatisfy { $0["outcome"].text == "deleted" } && report["plan"]["undecided"].array.isEmpty
            && report["unrepairable"].number == 0
        let findingsAfter = try JSONValue(again.text)["data"]["findings"].array
        statuses = [diagnosed.status, repaired.status, again.status]
        statusesByContents = [
            findings.isEmpty ? 0 : 1, isWhole ? 0 : 1,
            findingsAfter.isEmpty ? 0 : 1,
        ]
        unknown = try [diagnosed, again].flatMap { try JSONValue($0.text)["data"]["unknown"].array.map(\.text) }
        for entry in entries {
            // Background connections have entries too.
            guard let place = place(entry["map"], entry["claim"]) else { continue }
            acts[place]?.entriesShown += 1
            let state = entry["state"].text
            if !["live", "queued"].contains(state) { acts[place]?.left.insert(state) }
        }
        for finding in findings { note(finding) { $0.found.insert(finding["code"].text) } }
        for finding in findingsAfter { note(finding) { $0.foundAfter.insert(finding["code"].text) } }
        for deletion in deletions {
            if let place = place(deletion["map"], deletion["claim"]) {
                acts[place]?.deleted.append(deletion["outcome"].text)
            } else {
                misplaced.append("deletion from map \(deletion["map"].number)")
            }
        }
        for cell in wanted {
            cells[cell] = Result {
                if let failure = cast.failures[cell] { throw failure }
                guard let report = reports[cell], let before = before[cell], let after = after[cell] else {
                    throw RealLab.Failure("\(cell.testDescription) was not run")
                }
                let seen = report.acts.compactMap { acts[Place(map: report.map, tuple: $0.tuple)] }
                return Seen(acts: seen, before: before, after: after)
            }
        }
        cast.end()
    }

    /// The processes of the scenarios.
    private struct Cast {
        private(set) var runners: [Cell: ScenarioRunner] = [:]
        private(set) var failures: [Cell: any Error] = [:]

        init(_ cells: [Cell]) {
            // Most of a scenario's time is waiting for timers; in a guest, whose processor is slow, one after the other.
            let atOnce = Scale.of(8, small: 1)
            for start in stride(from: 0, to: cells.count, by: atOnce) {
                let started = cells[start..<min(start + atOnce, cells.count)].map { cell in
                    (cell, Result { try ScenarioRunner.start(cell.code, isControl: cell.isControl) })
                }
                for (cell, runner) in started {
                    do { runners[cell] = try ScenarioRunner(runner.get()) } catch { failures[cell] = error }
                }
            }
        }

        /// What the next users of all tuples experience; without those whose scenario fails by that.
        mutating func next() -> [Cell: ScenarioRun.Next] {
            let asked = runners.mapValues { runner in Result { try runner.ask() } }
            var answers: [Cell: ScenarioRun.Next] = [:]
            for (cell, runner) in runners {
                do {
                    try asked[cell]?.get()
                    answers[cell] = try runner.answer()
                } catch {
                    failures[cell] = error
                    runners[cell] = nil
                }
            }
            return answers
        }

        /// Runs Unstuck on the maps of those that are there.
        func unstuck(_ arguments: [String]) throws -> Programs.Output {
            let maps = runners.values.flatMap { ["--map", "\($0.report.map)"] }
            // Without any it would read, and repair, the whole node.
            guard !maps.isEmpty else { throw failures.values.first ?? RealLab.Failure("nothing was run") }
            let output = try Programs.run(Programs.unstuck, arguments + maps + ["--output", "json"])
            guard !output.text.isEmpty else {
                throw RealLab.Failure("unstuck \(arguments) ended with status \(output.status): \(output.errors)")
            }
            return output
        }

        func end() {
            for runner in runners.values { runner.end() }
        }
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
