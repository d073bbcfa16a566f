import Foundation
import Glibc
import TestSupport
import Testing
import UnstuckLab

/// Connections come and go by the thousand while the node is audited each second: what closes must not be taken for what
/// is dead. `UNSTUCK_CHURN_SECONDS` and `UNSTUCK_CHURN_ENTRIES` ask for more of it (`make churn`).
@Suite("Audits under churn", .serialized, .requires(.zombie, .native))
struct ChurnTests {
    /// For how long connections come and go.
    private let seconds = environmentNumber("UNSTUCK_CHURN_SECONDS") ?? Scale.of(10, small: 20)
    /// How many entries must have been made and removed meanwhile, at least.
    private let entries = environmentNumber("UNSTUCK_CHURN_ENTRIES") ?? Scale.of(25_000, small: 400)
    private let zombies = 20

    @Test func onlyWhatIsDeadIsFoundAndDeleted() throws {
        let lab = try RealLab("churn")
        let fault = try lab.breakIt(["zombie", "--pod", "shop/web-0", "--count", "\(zombies)"])
        #expect(fault["entriesLeft"].number == Double(zombies))
        let interval = ["--interval", Scale.of("2", small: "8")]
        let planted = keys(of: try lab.diagnose(interval).diagnosis["findings"])
        #expect(planted.count == zombies)

        // Each connection exchanges one checked message and ends, and makes and removes an entry at either end. Two
        // servers and both families: the ports that wait in TIME_WAIT are not soon used up.
        let loads = try ["203.0.113.11", "2001:db8:0:1::10"].map { host in
            try lab.start(
                "node",
                [
                    Programs.lab, "load", "--host", host, "--connections", "\(Scale.of(50, small: 5))", "--churn", "1",
                    "--message-bytes", "64", "--seconds", "3600",
                ] + Scale.patience)
        }
        Scale.pause(seconds: 1)

        // An audit begins each second, whether the one before is done or not.
        let map = "\(try lab.map())"
        let audit = ["diagnose", "--map", map, "--output", "json"] + interval
        let end = Date(timeIntervalSinceNow: Double(seconds))
        var running: [Programs.Running] = []
        while Date() < end {
            running.append(try Programs.start(Programs.unstuck, audit, environment: lab.environment))
            Scale.pause(seconds: 1)
        }
        var sawChurn = 0
        for (number, program) in running.enumerated() {
            let output = try program.wait()
            let diagnosis = try JSONValue(output.text)["data"]
            #expect(output.status == 1, "audit \(number): \(output.errors)")
            #expect(diagnosis.codes == ["sockmap.zombie"], "audit \(number): \(summaries(diagnosis))")
            #expect(keys(of: diagnosis["findings"]) == planted, "audit \(number): \(summaries(diagnosis))")
            if diagnosis["totals"]["entries"].number > Double(zombies) { sawChurn += 1 }
        }
        #expect(sawChurn * 2 > running.count, "the audits hardly met a live entry")

        // Deletes exactly these, in the midst of it.
        let journal = "/run/unstuck-lab/\(lab.name)/journal.jsonl"
        let repaired = try lab.unstuck(
            ["repair", "--map", map, "--apply", "--force", "--journal", journal, "--output", "json"] + interval)
        #expect(repaired.status == 0, "\(repaired.errors)\(repaired.text)")
        let deletions = try JSONValue(repaired.text)["data"]["deletions"].array
        #expect(deletions.allSatisfy { $0["outcome"].text == "deleted" }, "\(repaired.text)")
        #expect(Set(deletions.map { $0["key"].text }) == planted && deletions.count == zombies)
        let (status, after) = try lab.diagnose(interval)
        #expect(status == 0, "\(summaries(after))")

        // Nobody who lived was hurt, and there was as much of it as said.
        var opened = 0.0
        for load in loads {
            load.terminate()
            let report = try load.wait()
            let result = try JSONValue(report.text)
            for trouble in ["errors", "mismatches", "stalled"] {
                #expect(result[trouble].number == 0, "\(report.text)\(report.errors)")
            }
            opened += result["opened"].number
        }
        #expect(opened * 4 >= Double(entries), "\(opened) connections came and went")
        try lab.down()
    }

    private func keys(of findings: JSONValue) -> Set<String> {
        Set(findings.array.flatMap { $0["subject"]["entries"].array.map { $0["key"].text } })
    }

    private func summaries(_ diagnosis: JSONValue) -> [String] {
        diagnosis["findings"].array.map { $0["summary"].text }
    }
}

/// Whole-node diagnoses by the hundred, several at a time, beside plain connections that come and go, while three
/// connections that are stuck for different reasons stand there: each run finds exactly these, and no kernel complains.
/// `UNSTUCK_CHURN_RUNS` and `UNSTUCK_CHURN_RATE` ask for more of it (`make churn`: 1,000 runs beside 5,000 a second).
@Suite("Diagnoses under churn", .serialized, .requires(.zombie))
struct DiagnosesUnderChurnTests {
    private let runs = environmentNumber("UNSTUCK_CHURN_RUNS") ?? Scale.of(24, small: 4)
    /// Connections a second.
    private let rate = environmentNumber("UNSTUCK_CHURN_RATE") ?? Scale.of(2000, small: 200)
    private let atOnce = Scale.of(8, small: 2)

    @Test func findsWhatIsStuckInEveryRun() throws {
        let complaints = try kernelComplaints()
        // Its request is never read; its receiver's window is shut; its bytes go to a dead socket.
        let unread = try SocketPair(keepsListening: true)
        var byte: UInt8 = 1
        #expect(unsafe send(unread.client, &byte, 1, 0) == 1)
        let full = try SocketPair(isV6: true, keepsListening: true)
        let bytes = [UInt8](repeating: 1, count: 65536)
        while unsafe send(full.client, bytes, bytes.count, Int32(MSG_DONTWAIT)) > 0 {}
        let lab = try RealLab("stuck")
        let fault = try lab.breakIt(["zombie", "--pod", "shop/web-0", "--source-port", "50504"])
        #expect(fault["entriesLeft"].number == 1)
        _ = try lab.victim()

        let own = try Own(lab)
        var expected: Set<String> = []
        let isFound = try Wait.until {
            expected = try own.found(diagnose(lab).wait())
            return expected.contains("app.not-reading \(unread.tuple.remote)")
                && expected.contains("app.not-reading \(full.tuple.remote)")
                && expected.contains { $0.hasPrefix("sockmap.misdirected") }
        }
        #expect(isFound, "\(unread.tuple.remote) and \(full.tuple.remote): \(expected.sorted())")

        let churn = try ConnectionChurn(rate: rate, seconds: 3600)
        var running: [Programs.Running] = []
        var started = 0
        var finished = 0
        while finished < runs {
            while started < runs, running.count < atOnce {
                running.append(try diagnose(lab))
                started += 1
            }
            let output = try running.removeFirst().wait()
            finished += 1
            let diagnosis = try JSONValue(output.text)["data"]
            #expect(output.status == 1, "run \(finished): \(output.errors)")
            #expect(try own.found(output) == expected, "run \(finished): \(output.text)")
            #expect(diagnosis["unknown"].array.isEmpty, "run \(finished): \(output.text)")
        }
        #expect(churn.count > 0)
        print("churn: \(runs) diagnoses beside \(churn.count) connections")
        try churn.stop()
        try lab.down()
        #expect(try kernelComplaints() == complaints)
        withExtendedLifetime((unread, full)) {}
    }

    private func diagnose(_ lab: RealLab) throws -> Programs.Running {
        try Programs.start(
            Programs.unstuck, ["diagnose", "--output", "json", "--interval", Scale.of("2", small: "8")],
            environment: lab.environment)
    }

    /// What this test is about: the machine's own network namespace, in which connections come and go, the lab's, and the lab's
    /// map. What is stuck elsewhere on the machine is not its business.
    private struct Own {
        let namespaces: Set<Double>
        let map: Double

        init(_ lab: RealLab) throws {
            let folder = "/run/netns"
            let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.contains(lab.name) }
            try #require(!names.isEmpty)
            namespaces = Set(
                (["/proc/self/ns/net"] + names.map { "\(folder)/\($0)" }).map { path in
                    var status = stat()
                    return unsafe stat(path, &status) == 0 ? Double(status.st_ino) : 0
                })
            map = Double(try lab.map())
        }

        /// Each finding that is more than a note: its code, and each connection that it is about.
        func found(_ output: Programs.Output) throws -> Set<String> {
            var result: Set<String> = []
            for finding in try JSONValue(output.text)["data"]["findings"].array
            where finding["severity"].text != "note" && isMeant(finding) {
                let code = finding["code"].text
                let rows = finding["connections"].array.map { $0["client"].text }
                let connection = finding["subject"]["connection"]["local"].text
                for one in rows.isEmpty ? [connection] : rows { result.insert("\(code) \(one)") }
            }
            return result
        }

        private func isMeant(_ finding: JSONValue) -> Bool {
            let ends = finding["connections"].array.flatMap { $0["ends"].array.map { $0["netns"].number } }
            if !ends.isEmpty { return !namespaces.isDisjoint(with: ends) }
            let maps = finding["subject"]["entries"].array.map { $0["map"].number }
            return maps.isEmpty || maps.contains(map)
        }
    }

    /// Warnings and worse in this machine's kernel log; a guest's console is read by the program that booted it.
    private func kernelComplaints() throws -> [String] {
        Scale.isSmall ? [] : SplatScanner.splats(in: try Programs.run("dmesg", ["--notime"]).text)
    }
}

func environmentNumber(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }
