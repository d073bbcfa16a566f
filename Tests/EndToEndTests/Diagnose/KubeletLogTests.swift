import Foundation
import TestSupport
import Testing
import UnstuckFormats

/// From a line of kubelet's log to what is wrong on the node: a real fault, and the node without it.
@Suite("From a kubelet's log to a finding", .serialized)
struct KubeletLogTests {
    /// The line that kubelet would log, of what a probe of ours has said.
    private static func line(_ probe: Programs.Output) throws -> String {
        let outcome = try JSONValue(probe.text)["data"]["probes"][0]
        #expect(outcome["verdict"].text == "failure", "\(probe.text)")
        return "I1129 10:15:00.123456    1233 prober.go:120] \"\(KubeletMessages.failed)\" probeType=\"Readiness\" "
            + "pod=\"shop/web-0\" podUID=\"u\" containerName=\"web\" probeResult=\"failure\" "
            + "output=\(GoQuoting.quote(outcome["output"].text))"
    }

    private struct Answer {
        var status: Int32
        var data: JSONValue
        var lookup: JSONValue { data["lookups"][0] }
        var codes: Set<String> { Set(data["findings"].array.map { $0["code"].text }) }
    }

    private static func diagnose(_ lab: RealLab, _ arguments: [String], onNode: Bool = false) throws -> Answer {
        let command = ["diagnose", "--map", "\(try lab.map())", "--output", "json"] + arguments
        let output = try onNode ? lab.on("node", [Programs.unstuck] + command) : lab.unstuck(command)
        return Answer(status: output.status, data: try JSONValue(output.text)["data"])
    }

    /// A stale entry makes one probe hang; its line leads to the entry, and with `--probe` to the connection that is stuck. Without
    /// the entry the same line leads to nothing.
    @Test(.requires(.zombie), arguments: ["203.0.113.10", "[2001:db8:0:1::10]"])
    func aProbeThatHangs(_ address: String) throws {
        let lab = try RealLab("kl\(address.count)")
        let isV6 = address.hasPrefix("[")
        let target = "\(address):8080"
        let healthy = try Self.healthyLine(target)
        let before = try Self.diagnose(lab, [healthy])
        #expect(before.status == 0, "\(before.data)")
        #expect(before.data["log"]["candidates"].number == 1, "what it says is a candidate all the same")

        // Every port that the kernel would choose is poisoned.
        let range = "33000 33063"
        let set = try lab.on("node", ["sh", "-c", "echo \(range) >/proc/sys/net/ipv4/ip_local_port_range"])
        #expect(set.status == 0, "\(set.errors)")
        _ = try lab.breakIt(
            ["zombie", "--pod", "shop/web-0", "--source-port", "33000", "--step", "2", "--count", "32"]
                + (isV6 ? ["--family", "6"] : []))
        let hung = try lab.on(
            "node",
            [
                Programs.unstuck, "probe", "http://\(target)/healthz", "--source-port", "33004", "--timeout",
                Scale.of("1", small: "5"), "--output", "json",
            ])
        #expect(hung.status == 1, "\(hung.text)")
        let line = try Self.line(hung)
        #expect(line.contains("context deadline exceeded (Client.Timeout exceeded while awaiting headers)"))

        let found = try Self.diagnose(lab, [line])
        #expect(found.status == 1)
        #expect(found.lookup["verdict"].text == "at-risk", "\(found.data)")
        #expect(found.lookup["target"].text == target && found.lookup["podNow"].text == "shop/web-0")
        #expect(found.lookup["entries"]["zombie"].number == 32)
        #expect(found.codes == ["sockmap.zombie"])

        let probed = try Self.diagnose(
            lab, [line, "--probe", "--probe-timeout", Scale.of("1", small: "5")], onNode: true)
        #expect(probed.status == 1)
        #expect(probed.lookup["verdict"].text == "stuck", "\(probed.data)")
        #expect(probed.lookup["stuck"].number >= 1)
        #expect(probed.codes.contains("sockmap.misdirected"))
        #expect(probed.data["probes"][0]["unanswered"].number == 1)

        let repaired = try lab.unstuck([
            "repair", "--map", "\(try lab.map())", "--apply", "--discard-unread", "--force", "--journal",
            "/run/unstuck-lab/\(lab.name)/journal.jsonl",
        ])
        #expect(repaired.text.contains("deleted 32 of 32 stale entries"), "\(repaired.text)\(repaired.errors)")
        let after = try Self.diagnose(
            lab, [line, "--probe", "--probe-timeout", Scale.of("1", small: "5")], onNode: true)
        #expect(after.status == 0, "\(after.data)")
        #expect(after.data["probes"][0]["passed"].number == 10)
        try lab.down()
    }

    private static func healthyLine(_ target: String) throws -> String {
        "Readiness probe failed: " + KubeletMessages.headersTimeout("http://\(target)/healthz")
    }

    /// A server that accepts nothing, found by a log in a file, in the words of old kubelets.
    @Test func aServerThatDoesNotAccept() throws {
        let listener = try LoopbackListener()
        let target = "127.0.0.1:\(listener.port)"
        let file = FileManager.default.temporaryDirectory.appending(path: "unstuck-test-\(UUID().uuidString).log")
        defer { try? FileManager.default.removeItem(at: file) }
        let lines = [
            "Aug  9 06:39:44 node-a kubelet: I0809 06:39:44.340592   13117 prober.go:106] Liveness probe for "
                + "\"web-0_shop(00000000-1111-2222-3333-444444444444):web\" failed (failure): Get http://\(target)/: "
                + "net/http: request canceled (Client.Timeout exceeded while awaiting headers)"
        ]
        try Data(lines.joined(separator: "\n").utf8).write(to: file)
        // Nobody accepts, and the request of a probe waits in the queue.
        let output = try Programs.run(
            Programs.unstuck, ["diagnose", "--kubelet-log", file.path, "--probe", "--output", "json"])
        let data = try JSONValue(output.text)["data"]
        #expect(output.status == 1, "\(output.errors)")
        #expect(data["lookups"][0]["verdict"].text == "stuck", "\(output.text)")
        #expect(data["findings"].array.contains { $0["code"].text == "app.not-accepting" }, "\(output.text)")
        let text = try Programs.run(Programs.unstuck, ["diagnose", "--kubelet-log", file.path, "--probe"])
        #expect(text.status == 1 && text.text.contains("stuck now: shop/web-0 \(target)"), "\(text.text)")
        withExtendedLifetime(listener) {}
    }
}
