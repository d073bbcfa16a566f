import Foundation
import Testing
import UnstuckFormats
import UnstuckModel

@Suite("Other people's dumps")
struct KeyDumpTests {
    static func fixture(_ name: String) throws -> [UInt8] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(
            path: "Fixtures")
        return Array(try Data(contentsOf: folder.appending(path: name)))
    }

    static func claims(_ dump: KeyDump, _ layout: KeyLayout) -> [String] {
        dump.keys.map { layout.decode($0)?.description ?? "\($0)" }
    }

    @Test func theIncident() throws {
        let dump = KeyDump(try Self.fixture("incident.txt"))
        #expect(dump.form == .hexLines)
        #expect(dump.problems.isEmpty)
        #expect(KeyReading(dump.keys).layout == .cilium)
        // Cilium stores the peer's end first.
        #expect(
            Self.claims(dump, .cilium) == [
                "10.10.101.249:56184 -> 10.10.134.48:8080", "10.10.134.48:8080 -> 10.10.101.249:56184",
            ])
    }

    /// The nine connections of the lab, both ends of each, whichever way they were printed.
    @Test func theLabsMap() throws {
        let text = KeyDump(try Self.fixture("cilium-44.txt"))
        #expect(text.form == .bpftoolText)
        #expect(text.keys.count == 18)
        #expect(text.problemCount == 0)
        let claims = try text.keys.map { try #require(KeyLayout.cilium.decode($0)) }
        #expect(Set(claims) == Set(claims.map(\.reversed)))
        for address in ["203.0.113.10", "203.0.113.11", "2001:db8:0:1::10"] {
            #expect(claims.count { $0.local.address.description == address && $0.local.port == 7070 } == 3)
        }
        for name in ["cilium-44.json", "cilium-44.pretty.json"] {
            let json = KeyDump(try Self.fixture(name))
            #expect(json.form == .bpftoolJSON)
            #expect(json.problemCount == 0)
            #expect(json.keys == text.keys)
        }
        #expect(KeyReading(text.keys).layout == .cilium)
        let cut = KeyDump(try Self.fixture("cilium-44.grep-C2.txt"))
        #expect(cut.form == .hexLines)
        #expect(cut.problemCount == 0)
        #expect(
            Set(cut.keys)
                == Set(
                    zip(text.keys, claims).filter {
                        [$1.local, $1.remote].contains { $0.address.description == "203.0.113.10" }
                    }.map(\.0)))
    }

    @Test func aZombiesMap() throws {
        let claims = Self.claims(KeyDump(try Self.fixture("cilium-44-zombie.txt")), .cilium)
        #expect(claims.count == 6)
        #expect(claims.contains("127.0.0.1:8080 -> 127.0.0.1:40003"))
        #expect(claims.contains("[::1]:8080 -> [::1]:40005"))
    }

    @Test(arguments: [
        ("merbridge-36", KeyLayout.merbridge), ("os-ebpf-24", .osEBPF), ("envoy-20", .envoy),
        ("istio-16", .istioBypass),
        ("istio-16-cookies", .istioBypass), ("dae-40", .dae),
    ])
    func otherAccelerators(_ name: String, _ layout: KeyLayout) throws {
        let text = KeyDump(try Self.fixture("\(name).txt"))
        #expect(text.form == .bpftoolText)
        #expect(text.problemCount == 0)
        #expect(
            Self.claims(text, layout).sorted() == [
                "10.10.101.249:46730 -> 10.10.134.48:8080", "10.10.101.249:56184 -> 10.10.134.48:8080",
                "10.10.134.48:8080 -> 10.10.101.249:46730", "10.10.134.48:8080 -> 10.10.101.249:56184",
            ])
        #expect(KeyDump(try Self.fixture("\(name).json")).keys == text.keys)
        #expect(KeyReading(text.keys, chosen: layout).layout == layout)
    }

    @Test func oneEndOnly() throws {
        let dump = KeyDump(try Self.fixture("calico-12.txt"))
        #expect(KeyReading(dump.keys).layout == .calico)
        #expect(
            Set(
                dump.keys.compactMap { KeyLayout.calico.decode($0) }.map {
                    "\($0.local.port == 0 ? $0.remote : $0.local)"
                }) == [
                    "10.10.101.249:46730", "10.10.101.249:56184", "10.10.134.48:8080",
                ])
    }

    @Test(arguments: [
        ("ends-8", 8, 3), ("cookies-8", 8, 3), ("ports-4", 4, 4), ("sockmap-array", 4, 4), ("empty", 0, 0),
    ])
    func keysThatNoLayoutDecodes(_ name: String, _ size: Int, _ count: Int) throws {
        let text = KeyDump(try Self.fixture("\(name).txt"))
        #expect(text.form == .bpftoolText)
        #expect(text.problemCount == 0)
        #expect(text.keys.count == count)
        #expect(text.keys.allSatisfy { $0.count == size })
        let json = KeyDump(try Self.fixture("\(name).json"))
        #expect(json.form == .bpftoolJSON)
        #expect(json.keys == text.keys)
        #expect(KeyReading(text.keys).layout == nil)
    }

    /// Cut after any byte: every key that is whole is read, and nothing else is made up.
    @Test(arguments: [
        "cilium-44-zombie.txt", "cilium-44.json", "merbridge-36.txt", "istio-16-cookies.txt", "calico-12.json",
    ])
    func cutAnywhere(_ name: String) throws {
        let bytes = try Self.fixture(name)
        let whole = KeyDump(bytes)
        var longest = 0
        for end in 0...bytes.count {
            let dump = KeyDump(Array(bytes[..<end]))
            let right = dump.keys.prefix { whole.keys.contains($0) }
            // A first key that breaks off cannot be distinguished from a shorter one.
            let isFirst = right.isEmpty && dump.keys.count == 1 && dump.form != .bpftoolJSON
            #expect(right.count == dump.keys.count || isFirst, "cut at \(end)")
            #expect(dump.keys.count + 1 >= longest, "cut at \(end)")
            longest = max(longest, dump.keys.count)
        }
        #expect(longest == whole.keys.count)
    }
}
