import Foundation
import TestSupport
import Testing

/// Everything that looks odd and is fine, all at once, looked at many times: no finding may appear.
@Suite("Control cases", .serialized, .requires(.native))
struct HealthyTests {
    @Test func manyLooksWithoutAFinding() throws {
        let lab = try RealLab("well")
        let seconds = "900"  // bounds the load; it is ended when the looks are done
        var loads: [Programs.Running] = []
        let few = Scale.of(10, small: 1)
        // 200 live accelerated connections, some long, some short; a tenth of it in a guest.
        for (host, pod, count, churn) in [
            ("node", "203.0.113.11", 10 * few, "40"), ("node", "[2001:db8:0:1::11]", 5 * few, "200"),
            ("shop/client-0", "203.0.113.11", 5 * few, "0"),
            // One-sided: the remote node is not accelerated, so the server's redirects miss.
            ("remote", "203.0.113.11", few, "100"),
        ] {
            loads.append(
                try lab.start(
                    host,
                    [
                        Programs.lab, "load", "--host", pod.filter { $0 != "[" && $0 != "]" }, "--connections",
                        "\(count)",
                        "--churn", churn, "--seconds", seconds, "--message-bytes", "512",
                    ] + Scale.patience))
        }
        // Waits in the accept queue for ever.
        try lab.start("node", ["bash", "-c", "exec 3<>/dev/tcp/203.0.113.10/6060; sleep 900"])
        // A server that goes on working after its client gave up and reset, for less than the interval of two looks.
        let impatient = try lab.start(
            "node",
            [
                Programs.lab, "actor", "impatient", "--lab", lab.name, "--target", "203.0.113.10:8080", "--seconds",
                "\(Scale.of(60, small: 20))", "--work", "\(Scale.of(1200, small: 3000))",
            ]
        )
        // Plain: neither end is in a map.
        let plain = try SocketPair()

        #expect(try lab.entries(atLeast: 20 * few + 1) > 20 * few)
        var suspects = 0
        for round in 0..<Scale.of(50, small: 4) {
            let (status, diagnosis) = try lab.diagnose(["--interval", Scale.of("2", small: "8")])
            #expect(status == 0, "round \(round): \(diagnosis.openQuestions)")
            // On a kernel that miscounts the stack's bytes of mapped sockets, the one-sided load is a note.
            let found = diagnosis["findings"].array.filter {
                $0["code"].text != "sockmap.fionread" || $0["severity"].text != "note"
            }
            #expect(found.map { $0["summary"].text } == [], "round \(round)")
            #expect(diagnosis["totals"]["entries"].number > Double(20 * few), "round \(round): the load is not there")
            suspects += diagnosis["suspects"].array.count
        }
        #expect(plain.client >= 0)
        let gaveUp = try impatient.wait()
        #expect(gaveUp.status == 0, "\(gaveUp.errors)")
        for load in loads {
            load.terminate()
            let report = try load.wait()
            let result = try JSONValue(report.text)
            for trouble in ["errors", "mismatches", "stalled"] {
                #expect(result[trouble].number == 0, "\(report.text)\(report.errors)")
            }
            #expect(result["exchanges"].number > Scale.of(1000, small: 20))
        }
        try lab.down()
    }
}
