import Foundation
import TestSupport
import Testing
import UnstuckLab
import UnstuckModel

/// Every declared key layout: a real map, filled by a real accelerator of that layout with living connections and a dead
/// socket of each family that it files. What Unstuck shows is held against what the fixture knows of its connections.
@Suite("Key layouts", .serialized, .requires(.zombie, .thorough))
struct LayoutTests {
    static let zombies = Result { try Played("Z1", under: FixtureAccelerator.declared, isRepaired: true) }
    static let leaks = Result {
        try Played("P1", under: FixtureAccelerator.declared.filter(\.filesServers), isRepaired: true)
    }
    static let reused = Result { try Played("Z1", under: FixtureAccelerator.declared, isRepaired: false) }

    @Test func everyDeclaredLayoutHasAnAccelerator() {
        #expect(Set(FixtureAccelerator.declared.map(\.layout)) == Set(KeyLayout.declared))
    }

    @Test(arguments: FixtureAccelerator.declared.map(\.name))
    func aZombieAmongTheLiving(_ name: String) throws {
        try isToldAndDeleted(.zombie, try Self.zombies.get(), under: name)
    }

    @Test(.requires(.leak), arguments: FixtureAccelerator.declared.filter(\.filesServers).map(\.name))
    func aLeakAmongTheLiving(_ name: String) throws {
        try isToldAndDeleted(.leaked, try Self.leaks.get(), under: name)
    }

    /// Nobody repairs, and the tuple is used again. Where a socket never replaces another, the connection hangs and the dead
    /// entry stays; where it does, the connection works and the stale entry is gone, unless keys are never used again.
    @Test(.requires(.native), arguments: FixtureAccelerator.declared.map(\.name))
    func theNextConnectionOfADeadTuple(_ name: String) throws {
        let accelerator = try FixtureAccelerator.named(name)
        let seen = try #require(Self.reused.get().seen[name])
        let word = accelerator.replaces ? "answers" : "hangs"
        #expect(seen.next == accelerator.families.map { _ in word })
        #expect(seen.background == "answers")
        let staysDead = !accelerator.replaces || accelerator.layout.naming == .socket
        #expect(seen.after.count { $0.state == .zombie } == (staysDead ? accelerator.families.count : 0))
    }

    private func isToldAndDeleted(_ state: EntryState, _ run: Played, under name: String) throws {
        let accelerator = try FixtureAccelerator.named(name)
        let seen = try #require(run.seen[name])
        let report = seen.report
        let living = report.background.flatMap { Filed.ends(of: $0, under: accelerator) }
        let dead = try report.acts.map { act in
            let ends = Filed.ends(of: act.tuple, under: accelerator, state)
            #expect(act.entries == 1, "\(act.tuple): one end is dead and filed, the other is gone")
            return try #require(ends.last)
        }
        #expect(dead.count == accelerator.families.count)

        #expect(seen.layout == accelerator.layout.name)
        let words = seen.evidence.split(separator: " ")
        #expect(words.count > 2 && words[0] == words[2] && words[0] != "0", "\(seen.evidence)")
        #expect(Set(seen.before) == Set(living + dead))
        #expect(seen.before.count == living.count + dead.count)

        #expect(seen.deleted == Set(dead.map(\.claim)))
        #expect(seen.outcomes == dead.map { _ in "deleted" })
        #expect(Set(seen.after) == Set(living))
        // The tuple is free again, and nothing has happened to those beside it.
        #expect(seen.next == dead.map { _ in "answers" })
        #expect(seen.background == "answers")
        #expect(run.repairStatus == 0)
    }

    /// An entry as it must be, or as it was shown.
    struct Filed: Hashable {
        var claim: FourTuple
        var state: EntryState

        /// Both ends of a connection, the server's last, if both are inserted: what their keys claim, by what is known of the
        /// accelerator and not by its layout's declaration.
        static func ends(of client: FourTuple, under accelerator: FixtureAccelerator, _ state: EntryState = .live)
            -> [Filed]
        {
            let nowhere = Endpoint(IPAddress(v4: 0), 0)
            var claims = [client]
            if accelerator.filesServers { claims.append(client.reversed) }
            if accelerator.name == "calico" {
                // The fixture's one server is its Envoy, stored under the application's end; all others under their own.
                let isEnvoys = client.remote.port == 8080
                claims = [
                    FourTuple(local: client.local, remote: nowhere),
                    isEnvoys
                        ? FourTuple(local: nowhere, remote: client.local)
                        : FourTuple(local: client.remote, remote: nowhere),
                ]
            }
            if accelerator.name == "istio-tcpip-bypass", !client.local.address.isV4 {
                // Its server alone, under what the kernel says of it to those who ask for IPv4.
                let shim = IPAddress(v4: 0x7F00_0006)
                claims = [
                    FourTuple(
                        local: Endpoint(shim, client.remote.port), remote: Endpoint(shim, client.local.port))
                ]
            }
            return claims.map { Filed(claim: $0, state: state) }
        }
    }

    /// One fault under many accelerators at once, each with a map of its own, and what Unstuck made of all of them.
    struct Played {
        struct Seen {
            var report: ScenarioRun.Report
            var layout = ""
            var evidence = ""
            var before: [Filed] = []
            var deleted: Set<FourTuple> = []
            var outcomes: [String] = []
            var after: [Filed] = []
            var next: [String] = []
            var background = ""
        }
        var seen: [String: Seen] = [:]
        var repairStatus: Int32 = 0

        init(_ code: String, under accelerators: [FixtureAccelerator], isRepaired: Bool) throws {
            let runners = try accelerators.map { try ScenarioRunner(code, isControl: false, layout: $0.name) }
            defer { for runner in runners { runner.end() } }
            let maps = runners.flatMap { ["--map", "\($0.report.map)"] }
            var names: [UInt32: String] = [:]
            for report in runners.map(\.report) {
                names[report.map] = report.layout
                seen[report.layout] = Seen(report: report)
            }
            func run(_ arguments: [String]) throws -> Programs.Output {
                let output = try Programs.run(Programs.unstuck, arguments + maps + ["--output", "json"])
                guard !output.text.isEmpty else { throw RealLab.Failure("\(arguments): \(output.errors)") }
                return output
            }
            func entries() throws -> [(name: String, entry: Filed)] {
                try run(["sockmaps", "entries"]).text.split(separator: "\n").compactMap { line in
                    let entry = try JSONValue(String(line))
                    guard let name = names[UInt32(entry["map"].number)] else { return nil }
                    return (name, try Filed(entry))
                }
            }

            for row in try JSONValue(run(["sockmaps"]).text)["data"].array {
                guard let name = names[UInt32(row["id"].number)] else { continue }
                seen[name]?.layout = row["layout"].text
                seen[name]?.evidence = row["evidence"].text
            }
            for (name, entry) in try entries() { seen[name]?.before.append(entry) }
            if isRepaired {
                let repaired = try run(["repair", "--apply"])
                repairStatus = repaired.status
                for deletion in try JSONValue(repaired.text)["data"]["deletions"].array {
                    guard let name = names[UInt32(deletion["map"].number)] else { continue }
                    seen[name]?.deleted.insert(try Filed.tuple(deletion["claim"]))
                    seen[name]?.outcomes.append(deletion["outcome"].text)
                }
                // Before the tuples are used again, which would fill their keys.
                for (name, entry) in try entries() { seen[name]?.after.append(entry) }
            }
            for runner in runners { try runner.ask() }
            for runner in runners {
                let answer = try runner.answer()
                seen[runner.report.layout]?.next = answer.next
                seen[runner.report.layout]?.background = answer.background
            }
            if !isRepaired { for (name, entry) in try entries() { seen[name]?.after.append(entry) } }
        }
    }
}

extension LayoutTests.Filed {
    /// - Throws: if the entry was not decoded.
    init(_ entry: JSONValue) throws {
        claim = try Self.tuple(entry["claim"])
        state = try #require(EntryState(rawValue: entry["state"].text))
    }

    static func tuple(_ claim: JSONValue) throws -> FourTuple {
        FourTuple(
            local: try #require(Endpoint(claim["local"].text), "an entry without a claim"),
            remote: try #require(Endpoint(claim["remote"].text)))
    }
}
