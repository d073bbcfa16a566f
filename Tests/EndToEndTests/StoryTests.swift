import Foundation
import TestSupport
import Testing

/// The whole story through the programs as users run them, on this machine's own kernel.
@Suite("A request hangs: found, explained, repaired", .serialized)
struct StoryTests {
    static let words = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"

    /// In a guest the longer addresses alone: the fault table has both.
    static let families = [("6", "[2001:db8:0:1::10]")] + Scale.of([("4", "203.0.113.10")], small: [])

    @Test(.requires(.zombie), arguments: families)
    func theStory(_ family: String, _ address: String) throws {
        let lab = try RealLab("s\(family)")
        // Live connections that must come to no harm.
        let load = try lab.start(
            "node",
            [Programs.lab, "load", "--host", "203.0.113.11", "--connections", "20", "--seconds", "600"] + Scale.patience
        )
        #expect(try lab.probe(address).status == 0)
        let healthy = try lab.diagnose()
        #expect(healthy.status == 0, "\(healthy.diagnosis.openQuestions)")

        let fault = try lab.breakIt(["zombie", "--pod", "shop/web-0", "--family", family])
        let hung = try lab.hangingProbe(address, port: 50504)
        #expect(hung.status == 1)
        #expect(hung.text.contains(Self.words))
        #expect(try lab.probe(address).status == 0)  // any other port answers

        // One more request hangs while we look.
        let victim = try lab.victim(address)
        let (status, diagnosis) = try lab.diagnose()
        #expect(status == 1)
        #expect(diagnosis.codes == ["sockmap.misdirected", "sockmap.disclosure", "sockmap.zombie"])
        let finding = diagnosis["findings"][0]
        #expect(finding["subject"]["stage"].text == "stuck")
        #expect(finding["subject"]["pod"].text == "shop/web-0")
        #expect(finding["subject"]["holders"][0]["pid"].number == fault["heldBy"][0]["pid"].number)
        #expect(finding["subject"]["holders"][0]["descriptor"].number == fault["heldBy"][0]["descriptor"].number)
        #expect(finding["subject"]["bytes"].number > 0)

        try theSameElsewhere(lab, diagnosis.codes)

        // The plan alone changes nothing.
        let map = "\(try lab.map())"
        let plan = try lab.unstuck(["repair", "--map", map, "--reset-stuck", "--output", "json"])
        #expect(plan.status == 1)
        #expect(try JSONValue(plan.text)["data"]["applied"].number == 0)
        #expect(try lab.diagnose().diagnosis.codes == diagnosis.codes)

        let journal = "/run/unstuck-lab/\(lab.name)/journal.jsonl"
        let repaired = try lab.unstuck([
            "repair", "--map", map, "--apply", "--reset-stuck", "--watch", "3", "--journal", journal,
            "--output", "json",
        ])
        let report = try JSONValue(repaired.text)["data"]
        #expect(repaired.status == 0, "\(repaired.text)\(repaired.errors)")
        #expect(report["deletions"].array.map { $0["outcome"].text } == ["deleted"])
        #expect(report["resets"].array.count == 1)
        #expect(report["resets"][0]["failure"].text == "")
        #expect(report["watch"]["findings"].number == 0)
        #expect(try victim.wait().status == 1)

        #expect(try lab.probe(address, port: 50504).status == 0)
        let clean = try lab.diagnose()
        #expect(clean.status == 0, "\(clean.diagnosis.openQuestions)")
        #expect(clean.diagnosis.codes == [])
        load.terminate()
        let harm = try JSONValue(try load.wait().text)
        #expect(harm["errors"].number == 0)
        #expect(harm["mismatches"].number == 0)
        #expect(harm["bytes"].number > 0)
        try lab.down()
    }

    /// A bundle gives the same verdict as nobody, without any right.
    private func theSameElsewhere(_ lab: RealLab, _ codes: [String]) throws {
        let bundle = "/run/unstuck-lab/\(lab.name)/bundle.json"
        let collected = try lab.unstuck(["collect", "--map", "\(try lab.map())", "--file", bundle])
        #expect(collected.status == 0, "\(collected.errors)")
        let copy = "/tmp/unstuck-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: copy) }
        try FileManager.default.copyItem(atPath: Programs.unstuck, toPath: "\(copy)/unstuck")
        try FileManager.default.copyItem(atPath: bundle, toPath: "\(copy)/bundle.json")
        for path in [copy, "\(copy)/unstuck", "\(copy)/bundle.json"] { unsafe chmod(path, 0o755) }
        let checked = try Programs.run(
            "setpriv",
            [
                "--reuid", "65534", "--regid", "65534", "--clear-groups", "\(copy)/unstuck", "diagnose", "--from",
                "\(copy)/bundle.json", "--output", "json",
            ])
        #expect(checked.status == 1, "\(checked.errors)")
        #expect(try JSONValue(checked.text)["data"].codes == codes)
        // Kernel addresses stay on the node.
        #expect(try !String(contentsOfFile: bundle, encoding: .utf8).contains("ffff8"))
    }

    @Test(.requires(.noLeak)) func aLeakLeavesNothingOnAFixedKernel() throws {
        let lab = try RealLab("leak")
        let fault = try lab.breakIt(["leak", "--pod", "shop/web-0", "--count", "50"])
        #expect(fault["entriesLeft"].number == 0)
        let (status, diagnosis) = try lab.diagnose()
        #expect(status == 0)
        #expect(diagnosis["totals"]["entries"].number == 0)
        try lab.down()
    }

    /// Nobody holds a leaked socket: only the map still knows it.
    @Test(.requires(.leak)) func aLeakIsFoundAndRepairedOnALeakyKernel() throws {
        let lab = try RealLab("leaky")
        let fault = try lab.breakIt(["leak", "--pod", "shop/web-0", "--count", "20"])
        #expect(fault["entriesLeft"].number == 20)
        let (status, diagnosis) = try lab.diagnose()
        #expect(status == 1)
        #expect(diagnosis.codes == ["sockmap.leaked"])
        // As it is offered: all of the map is stale, and nobody can read what the sockets hold.
        let command = diagnosis["findings"][0]["remedies"][0]["commands"][0]["argv"].array.map(\.text)
        #expect(command == ["unstuck", "repair", "--map", "\(try lab.map())", "--force", "--apply"])
        let repaired = try lab.unstuck(Array(command.dropFirst()) + ["--output", "json"])
        #expect(repaired.status == 0, "\(repaired.errors)")
        let outcomes = try JSONValue(repaired.text)["data"]["deletions"].array.map { $0["outcome"].text }
        #expect(outcomes == Array(repeating: "deleted", count: 20))
        #expect(try lab.diagnose().diagnosis.codes == [])
        try lab.down()
    }

    @Test func crossWiredIsFoundAndLeftAlone() throws {
        let lab = try RealLab("cross")
        // A layout is chosen by agreement with live sockets: there must be some.
        try lab.start(
            "node", [Programs.lab, "load", "--host", "203.0.113.11", "--connections", "5", "--seconds", "600"])
        let fault = try lab.breakIt(["cross-wired"])
        let (status, diagnosis) = try lab.diagnose()
        #expect(status == 1)
        #expect(diagnosis.codes == ["sockmap.cross-wired"])
        #expect(diagnosis["findings"][0]["subject"]["holders"][0]["pid"].number == fault["heldBy"][0]["pid"].number)
        let repair = ["repair", "--map", "\(try lab.map())", "--force"]
        let plan = try lab.unstuck(repair + ["--output", "json"])
        // It is left, whether or not there is anything else to do.
        #expect(plan.status == 1)
        #expect(try JSONValue(plan.text)["data"]["plan"]["deletions"].array.isEmpty)
        let text = try lab.unstuck(repair + ["--apply", "--journal", "/run/unstuck-lab/\(lab.name)/journal.jsonl"])
        #expect(text.status == 1)
        #expect(
            text.text.hasPrefix("! nothing that repair can fix\n! 1 finding that repair cannot fix"), "\(text.text)")
        try lab.down()
    }

    /// The same loopback tuple in two pods, and the bytes of the one reach the other's living server.
    @Test func aLiveWrongSocketIsFoundAndSkipped() throws {
        let lab = try RealLab("live")
        _ = try lab.breakIt(["shared-tuple"])
        let (status, diagnosis) = try lab.diagnose()
        #expect(status == 1)
        // Where FIONREAD miscounts the stack's bytes, sockets of the map to which the stack brings some are a note.
        let faults = diagnosis["findings"].array.filter { $0["severity"].text != "note" }.map { $0["code"].text }
        #expect(Set(faults) == ["sockmap.misdirected", "sockmap.disclosure"])
        let plan = try lab.unstuck([
            "repair", "--map", "\(try lab.map())", "--force", "--reset-stuck", "--output", "json",
        ])
        let planned = try JSONValue(plan.text)["data"]["plan"]
        #expect(planned["deletions"].array.isEmpty)
        #expect(planned["resets"].array.isEmpty)
        try lab.down()
    }
}
