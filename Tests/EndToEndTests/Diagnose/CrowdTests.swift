import Foundation
import TestSupport
import Testing

/// Many connections of which a few are stuck, for many reasons at once: exactly these are found, each with its reason, on one
/// screen.
@Suite("A crowd of connections", .serialized, .requires(.zombie, .native))
struct CrowdTests {
    /// Two connections each: one over IPv4, one over IPv6.
    private static let causes = [
        ("app.stopped", "request"), ("app.not-reading", "futex"), ("app.not-accepting", "request"),
        ("listener.defer-accept", "server-first"), ("path.loss", "to-server"), ("path.neighbour", "wrong"),
    ]

    @Test func fifteenOfTwoHundred() throws {
        let healthy = try (0..<185).map { _ in try SocketPair(keepsListening: false) }
        let made = try Self.causes.map { try MadeCause($0.0, $0.1) }
        defer { for cause in made { cause.end() } }
        for cause in made { try cause.awaitReport() }
        let lab = try RealLab("crowd")
        _ = try lab.breakIt(["zombie", "--pod", "shop/web-0", "--source-port", "50504", "--count", "3"])
        for port in [50504, 50505, 50506] { _ = try lab.victim(port: port) }

        var output = try Programs.run(Programs.unstuck, ["diagnose", "--output", "json"])
        let isFound = try Wait.until {
            output = try Programs.run(Programs.unstuck, ["diagnose", "--output", "json"])
            let diagnosis = try JSONValue(output.text)["data"]
            return made.allSatisfy { Set($0.seen(in: diagnosis).map(\.client)) == $0.clients }
                && diagnosis.codes.count { $0 == "sockmap.misdirected" } == 3
        }
        #expect(isFound && output.status == 1, "\(output.text.prefix(2000))")
        let diagnosis = try JSONValue(output.text)["data"]
        let serious = diagnosis["findings"].array.filter { $0["severity"].text != "note" }
        for (cause, (code, _)) in zip(made, Self.causes) {
            #expect(cause.seen(in: diagnosis).allSatisfy { $0.code == code })
        }
        // Exactly these: every serious finding is about one of them.
        let clients = Set(made.flatMap(\.clients)).union([50504, 50505, 50506].map { "192.0.2.10:\($0)" })
        for finding in serious where finding["code"].text != "sockmap.zombie" {
            let about =
                finding["connections"].array.map { $0["client"].text }
                + [finding["subject"]["connection"]["local"].text, finding["subject"]["connection"]["remote"].text]
            #expect(!clients.isDisjoint(with: about), "\(finding["summary"].text)")
        }
        #expect(diagnosis["checked"]["connections"].number >= 200)

        let text = try Programs.run(
            Programs.unstuck, ["diagnose"], environment: lab.environment.merging(["COLUMNS": "100"]) { $1 }
        ).text
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count <= 50, "\(text)")
        #expect(lines.allSatisfy { $0.count <= 100 }, "\(text)")
        for (code, _) in Self.causes { #expect(text.contains(code), "\(text)") }
        for client in clients { #expect(text.contains(client), "\(client): \(text)") }
        #expect(healthy.count == 185)
        try lab.down()
    }
}
