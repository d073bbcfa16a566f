import Foundation
import Glibc
import TestSupport
import Testing
import UnstuckLab

/// Every remedy with a command that `diagnose` offers for the faults of the lab, run as it is offered, each on a scenario of
/// its own, all at once (in a guest some at a time); and what is found of each scenario before and afterwards.
struct RemedyRun {
    /// A fault, and the layout of its accelerator's keys.
    struct Fault: Hashable, Sendable, CustomTestStringConvertible {
        var code: String
        var layout = "cilium"
        /// Its connection lives on, and a bypass changes nothing for it: a new one is made to see what a bypass does.
        var livesOn = false
        var testDescription: String { code + (layout == "cilium" ? "" : " (\(layout))") }
    }

    /// What one remedy came to.
    struct Result: CustomStringConvertible {
        /// As diagnose offers it, for the map of its scenario.
        var argv: [String]
        var kind: String
        /// Codes of the findings that offer it, with what it says becomes of each, and with the entries of each.
        var offered: [String: (outcome: String, entries: Set<String>)] = [:]
        var status: Int32?
        var errors = ""
        /// The findings that are left, and their entries; whether they name what is on, and offer it again.
        var left: [String: Set<String>] = [:]
        var facts: [String: String] = [:]
        var kindsLeft: Set<String> = []
        /// Keys that a guard keeps because bytes are unread.
        var held: Set<String> = []
        /// What the next clients experience, and the live connections beside.
        var next: ScenarioRun.Next?

        var description: String { argv.joined(separator: " ") + " of " + offered.keys.sorted().joined(separator: ", ") }
    }

    private(set) var results: [Fault: Swift.Result<[Result], any Error>] = [:]

    /// Scenarios that are there at the same time: a guest has memory for so many.
    private static let most = Scale.of(200, small: 16)

    /// - Parameter casts: how many different commands each fault's findings offer.
    init(_ casts: [Fault: Int]) {
        var group: [Fault: Int] = [:]
        for (fault, count) in casts.sorted(by: { $0.key.testDescription < $1.key.testDescription }) {
            if !group.isEmpty, (Array(group.values) + [count]).reduce(0, { $0 + max($1, 1) }) > Self.most {
                add(group)
                group = [:]
            }
            group[fault] = count
        }
        add(group)
    }

    /// Runs some of them together.
    private mutating func add(_ group: [Fault: Int]) {
        do {
            try run(group)
        } catch {
            for fault in group.keys { results[fault] = .failure(error) }
        }
    }

    private mutating func run(_ casts: [Fault: Int]) throws {
        var scenes = Scenes(casts)
        defer { scenes.end() }
        scenes.askNext()
        let before = try scenes.diagnose()
        try scenes.choose(before)
        try scenes.run()
        scenes.note(try scenes.diagnose())
        scenes.askNext()
        for fault in casts.keys { results[fault] = scenes.results(of: fault) }
    }
}

/// The scenarios of a ``RemedyRun``, a remedy each.
private struct Scenes {
    private final class Scene {
        let fault: RemedyRun.Fault
        let number: Int
        var runner: ScenarioRunner
        var result: RemedyRun.Result?
        var next: ScenarioRun.Next?
        var guarding: Programs.Running?
        var failure: (any Error)?
        var map: UInt32 { runner.report.map }

        init(_ fault: RemedyRun.Fault, _ number: Int, _ runner: ScenarioRunner) {
            self.fault = fault
            self.number = number
            self.runner = runner
        }
    }

    private let casts: [RemedyRun.Fault: Int]
    private var all: [Scene] = []
    private var failures: [RemedyRun.Fault: any Error] = [:]

    init(_ casts: [RemedyRun.Fault: Int]) {
        self.casts = casts
        // One number of each fault after the other, so that slow and quick ones are mixed.
        // One that is offered nothing is run all the same.
        let wanted = casts.flatMap { fault, count in (0..<max(count, 1)).map { (fault: fault, number: $0) } }
            .sorted { ($0.number, $0.fault.testDescription) < ($1.number, $1.fault.testDescription) }
        for start in stride(from: 0, to: wanted.count, by: Self.atOnce) {
            let started = wanted[start..<min(start + Self.atOnce, wanted.count)].map { one in
                (one, Result { try ScenarioRunner.start(one.fault.code, isControl: false, layout: one.fault.layout) })
            }
            for (one, runner) in started {
                do {
                    all.append(Scene(one.fault, one.number, try ScenarioRunner(runner.get())))
                } catch { failures[one.fault] = error }
            }
        }
    }

    /// Scenarios that are made at the same time.
    private static let atOnce = Scale.of(50, small: 4)

    /// What the next users of the tuples experience. Those who hang stay, and are seen to be stuck.
    func askNext() {
        for scene in all {
            let isNew = scene.fault.livesOn && scene.result?.kind == "bypass"
            note(scene) { try isNew ? scene.runner.askAnew() : scene.runner.ask() }
        }
        for scene in all where scene.failure == nil { note(scene) { scene.next = try scene.runner.answer() } }
    }

    private func note(_ scene: Scene, _ body: () throws -> Void) {
        do { try body() } catch { scene.failure = error }
    }

    func diagnose() throws -> JSONValue {
        let maps = all.flatMap { ["--map", "\($0.map)"] }
        let output = try Programs.run(
            Programs.unstuck, ["diagnose", "--interval", "2s", "--output", "json"] + maps)
        guard !output.text.isEmpty else { throw RealLab.Failure("diagnose: \(output.status): \(output.errors)") }
        return try JSONValue(output.text)["data"]
    }

    private func findings(_ diagnosis: JSONValue, of scene: Scene) -> [JSONValue] {
        diagnosis["findings"].array.filter { finding in
            let maps = finding["subject"]["entries"].array.map { $0["map"].number } + [finding["subject"]["map"].number]
            return maps.contains(Double(scene.map))
        }
    }

    private static func entries(_ finding: JSONValue) -> Set<String> {
        Set(finding["subject"]["entries"].array.map { $0["key"].text })
    }

    /// Each scenario gets another one of the commands that its findings offer.
    func choose(_ diagnosis: JSONValue) throws {
        for scene in all {
            var offers: [[String]: RemedyRun.Result] = [:]
            for finding in findings(diagnosis, of: scene) {
                for remedy in finding["remedies"].array {
                    // Of a drain there is no cluster here; an update has no command.
                    guard remedy["kind"].text != "drain", let command = remedy["commands"].array.first else { continue }
                    let argv = command["argv"].array.map(\.text)
                    let offer = (remedy["outcome"].text, Self.entries(finding))
                    offers[argv, default: .init(argv: argv, kind: remedy["kind"].text)]
                        .offered[finding["code"].text] = offer
                }
            }
            let sorted = offers.values.sorted { $0.argv.lexicographicallyPrecedes($1.argv) }
            if scene.number == 0, sorted.count != casts[scene.fault] {
                scene.failure = RealLab.Failure(
                    "\(scene.fault) offers \(sorted.count) commands: \(sorted.map(\.argv)), which is not what was run")
            }
            scene.result = sorted.indices.contains(scene.number) ? sorted[scene.number] : nil
        }
    }

    /// Guards and bypasses each by itself; repairs with the same flags are one run over all their maps, as below "run this".
    func run() throws {
        for scene in all where scene.result?.kind == "guard" {
            scene.guarding = try Programs.start(Programs.unstuck, Array(scene.result?.argv.dropFirst() ?? []))
        }
        let bypasses = try all.filter { $0.result?.kind == "bypass" }.map { scene in
            (scene, try Programs.start(Programs.unstuck, Array(scene.result?.argv.dropFirst() ?? [])))
        }
        for (scene, bypass) in bypasses {
            let output = try bypass.wait()
            scene.result?.status = output.status
            scene.result?.errors = output.errors
        }
        let repairs = Dictionary(grouping: all.filter { $0.result?.kind == "repair" }) { scene in
            (scene.result?.argv ?? []).filter { $0 != "--map" && UInt32($0) == nil }
        }
        for (words, scenes) in repairs.sorted(by: { $0.key.count < $1.key.count }) {
            let maps = scenes.flatMap { ["--map", "\($0.map)"] }
            let output = try Programs.run(
                Programs.unstuck, Array(words.dropFirst()) + maps + ["--interval", "2s", "--journal", Self.journal])
            for scene in scenes {
                scene.result?.status = output.status
                scene.result?.errors = output.text + output.errors
            }
        }
        try? FileManager.default.removeItem(atPath: Self.journal)
        try awaitGuards()
    }
    private static let journal = FileManager.default.temporaryDirectory.appending(
        path: "unstuck-remedies-\(getpid()).jsonl"
    ).path

    /// Until each has made two passes: then it has removed something, or holds it, or there is nothing of that kind.
    private func awaitGuards() throws {
        for scene in all {
            guard let guarding = scene.guarding, let result = scene.result else { continue }
            let waits = result.offered.values.contains { $0.outcome != "prevents" }
            _ = try Wait.until {
                let file = "/run/unstuck/guard/\(scene.map).json"
                guard guarding.isRunning, let text = try? String(contentsOfFile: file, encoding: .utf8) else {
                    return !guarding.isRunning
                }
                let state = try JSONValue(text)
                scene.result?.held = Set(state["held"].array.map { $0["key"].text })
                return !waits || state["counts"]["removed"]["sweep"].number > 0 || !state["held"].array.isEmpty
            }
            scene.result?.errors = guarding.errorsSoFar
        }
    }

    /// What is left afterwards.
    func note(_ diagnosis: JSONValue) {
        for scene in all {
            for finding in findings(diagnosis, of: scene) {
                let code = finding["code"].text
                scene.result?.left[code, default: []].formUnion(Self.entries(finding))
                for fact in finding["evidence"].array where ["guard", "bypass"].contains(fact["label"].text) {
                    scene.result?.facts[fact["label"].text] = fact["text"].text
                }
                scene.result?.kindsLeft.formUnion(finding["remedies"].array.map { $0["kind"].text })
            }
        }
    }

    func results(of fault: RemedyRun.Fault) -> Result<[RemedyRun.Result], any Error> {
        Result {
            if let failure = failures[fault] { throw failure }
            return try all.filter { $0.fault == fault }.compactMap { scene in
                if let failure = scene.failure { throw failure }
                scene.result?.next = scene.next
                return scene.result
            }
        }
    }

    /// Ends what runs; guards first, so that their status is known.
    mutating func end() {
        for scene in all {
            if scene.result?.kind == "bypass" {
                _ = try? Programs.run(Programs.unstuck, ["bypass", "off", "--map", "\(scene.map)"])
            }
            scene.guarding?.terminate()
        }
        for scene in all { _ = try? scene.guarding?.wait() }
        for scene in all { scene.runner.end() }
    }
}
