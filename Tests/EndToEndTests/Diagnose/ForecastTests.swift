import Foundation
import TestSupport
import Testing

/// What the forecast says, held against what requests experience.
@Suite("Forecast", .serialized, .requires(.zombie, .native))
struct ForecastTests {
    /// The range from which the node's clients get their ports: small, so that the poison can be measured in a while.
    private static let low = 33000
    private static let ports = 4096

    /// Three levels of poison. The share that hangs of requests whose ports the kernel chooses is as forecast, within a
    /// fifth: with so many requests that chance alone misses that once in ten thousand runs.
    @Test(arguments: [(8, 0.25, 2000), (4, 0.5, 2000), (20, 0.1, 4000)])
    func comesTrue(_ step: Int, _ share: Double, _ requests: Int) throws {
        let lab = try RealLab("fc\(step)")
        let range = "\(Self.low - Self.low % 2) \(Self.low - Self.low % 2 + Self.ports - 1)"
        let set = try lab.on("node", ["sh", "-c", "echo \(range) >/proc/sys/net/ipv4/ip_local_port_range"])
        #expect(set.status == 0, "\(set.errors)")
        _ = try lab.breakIt([
            "zombie", "--pod", "shop/web-0", "--source-port", "\(Self.low)", "--step", "\(step)", "--count",
            "\(Self.ports / step)",
        ])
        let output = try lab.unstuck(["sockmaps", "forecast", "--map", "\(try lab.map())", "--output", "json"])
        #expect(output.status == 1, "\(output.errors)")
        let forecast = try JSONValue(output.text)["data"]["forecast"]
        let route = forecast["routes"][0]
        #expect(forecast["routes"].array.count == 1)
        #expect(route["server"].text == "203.0.113.10:8080")
        #expect(route["client"].text == "192.0.2.10")
        #expect(route["pod"].text == "shop/web-0")
        #expect(route["poisonedPorts"].array.count == Self.ports / step)
        let probability = route["probability"].number
        #expect(abs(probability - share) < 2.0 / Double(Self.ports) + share * 0.02)

        let burst = try lab.on(
            "node",
            [Programs.lab, "burst", "--host", "203.0.113.10", "--count", "\(requests)"])
        let seen = try JSONValue(burst.text)
        #expect(seen["failed"].number == 0)
        #expect(seen["answered"].number + seen["hung"].number == Double(requests))
        let measured = seen["hung"].number / Double(requests)
        #expect(
            abs(measured - probability) <= probability * 0.2, "forecast \(probability), measured \(measured)")
        try lab.down()
    }

    /// Poisoned ports, really tried: every one of them hangs where the accelerator sees the client, and none where it does
    /// not, or once the stale entries are gone.
    @Test func poisonedPortsAreReallyTried() throws {
        let lab = try RealLab("fcv")
        let map = "\(try lab.map())"
        _ = try lab.breakIt([
            "zombie", "--pod", "shop/web-0", "--source-port", "33000", "--step", "2", "--count", "6",
        ])
        let forecast = [
            "sockmaps", "forecast", "--map", map, "--timeout", Scale.of("1", small: "5"), "--verify",
        ]
        func trials(_ output: Programs.Output) throws -> [JSONValue] {
            try JSONValue(output.text)["data"]["verified"]["trials"].array
        }
        // From another cgroup than the accelerator's: through the stack, and healthy.
        let outside = try lab.unstuck(forecast + ["2", "--output", "json"])
        #expect(outside.status == 1, "the forecast stands: \(outside.errors)")
        #expect(try trials(outside).map { $0["outcome"].text } == ["answered", "answered"], "\(outside.text)")

        let inside = try lab.on("node", [Programs.unstuck] + forecast + ["3", "--output", "json"])
        #expect(inside.status == 1, "\(inside.errors)")
        let tried = try trials(inside)
        #expect(tried.map { $0["outcome"].text } == ["hung", "hung", "hung"], "\(inside.text)")
        #expect(Set(tried.map { $0["server"].text }) == ["203.0.113.10:8080"])
        // Spread over all of them, each tried once.
        #expect(tried.map { $0["client"].text } == [33000, 33004, 33008].map { "192.0.2.10:\($0)" })

        let text = try lab.on("node", [Programs.unstuck] + forecast + ["1"])
        #expect(text.text.contains("tried 1 poisoned port: 1 hung, 0 answered"), "\(text.text)\(text.errors)")

        let repaired = try lab.unstuck([
            "repair", "--map", map, "--apply", "--discard-unread", "--force", "--journal",
            "/run/unstuck-lab/\(lab.name)/journal.jsonl",
        ])
        #expect(repaired.text.contains("deleted 6 of 6 stale entries"), "\(repaired.text)\(repaired.errors)")
        let healthy = try lab.on("node", [Programs.unstuck] + forecast + ["3", "--output", "json"])
        #expect(healthy.status == 0, "\(healthy.text)\(healthy.errors)")
        #expect(try trials(healthy).isEmpty)
        #expect(try lab.probe("203.0.113.10", port: 33000).status == 0)
        try lab.down()
    }
}
