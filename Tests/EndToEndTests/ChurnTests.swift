import Foundation
import TestSupport
import Testing

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

private func environmentNumber(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }
