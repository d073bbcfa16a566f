import Testing
import UnstuckModel

@Suite("Layouts told from keys alone")
struct KeyReadingTests {
    private static func tuple(_ local: String, _ remote: String) throws -> FourTuple {
        FourTuple(local: try #require(Endpoint(local)), remote: try #require(Endpoint(remote)))
    }

    private static func keys(_ layout: KeyLayout) throws -> [SockmapKey] {
        let tuples = try [
            tuple("10.10.134.48:8080", "10.10.101.249:56184"), tuple("10.10.134.48:8080", "10.10.101.249:46730"),
        ]
        return try tuples.flatMap { [$0, $0.reversed] }.map { SockmapKey(try #require(layout.encode($0))) }
    }

    @Test(arguments: [KeyLayout.cilium, .istioBypass, .osEBPF, .envoy, .eunomia, .dae])
    func theOnlyOneThatFits(_ layout: KeyLayout) throws {
        let reading = KeyReading(try Self.keys(layout))
        #expect(reading.layout == layout)
        #expect(reading.candidates.map(\.layout) == [layout])
        #expect(reading.candidates.map(\.ordinaryPorts) == [4])
    }

    /// The order of a port's bytes refuses no key.
    @Test(arguments: [KeyLayout.merbridge, .beyla])
    func refusesToChoose(_ layout: KeyLayout) throws {
        let keys = try Self.keys(layout)
        let reading = KeyReading(keys)
        #expect(reading.layout == nil)
        #expect(Set(reading.candidates.map(\.layout)) == [.merbridge, .beyla])
        #expect(reading.candidates.max { $0.ordinaryPorts < $1.ordinaryPorts }?.layout == layout)
        #expect(KeyReading(keys, chosen: layout).layout == layout)
    }

    /// LoxiLB's key is Kmesh's turned round; its map's name tells, and a person.
    @Test(arguments: [(KeyLayout.kmesh, "sock_ops_map"), (.loxilb, "sock_proxy_map")])
    func whoseEndComesFirst(_ layout: KeyLayout, _ mapName: String) throws {
        let keys = try Self.keys(layout)
        let reading = KeyReading(keys)
        #expect(reading.layout == nil)
        #expect(Set(reading.likeliest.map(\.layout)) == [.kmesh, .loxilb])
        #expect(reading.evidence.contains("local or remote first: cannot be decided from the bytes"))
        #expect(KeyReading(keys, mapName: mapName).layout == layout)
        #expect(KeyReading(keys, mapName: "another").layout == nil)
        #expect(KeyReading(keys, chosen: layout).layout == layout)
    }

    /// Nobody declared it, but the declared layout makes 36895 of 8080, and no client has such ports.
    @Test func byteSwappedPorts() throws {
        let swapped = KeyLayout(
            name: "os-ebpf with byte-swapped ports", size: 24,
            fields: [
                (0, .localAddress(.v4)), (4, .remoteAddress(.v4)), (8, .oneOf(1, 1)), (16, .localPort(.hostIn32)),
                (20, .remotePort(.hostIn32)),
            ])
        let tuples = try (0..<4).map { try Self.tuple("10.10.134.48:8080", "10.10.101.24\($0):\(50504 + $0)") }
        let keys = try tuples.flatMap { [$0, $0.reversed] }.map { SockmapKey(try #require(swapped.encode($0))) }
        let reading = KeyReading(keys)
        #expect(reading.layout == nil)
        #expect(reading.candidates.map(\.layout) == [swapped, .osEBPF])
        #expect(reading.candidates[0].commonPort == 8080)
        #expect(reading.likeliest.map(\.layout) == [swapped])
        #expect(reading.evidence == "2 layouts fit; the ports speak for os-ebpf with byte-swapped ports")
        #expect(KeyReading(keys, chosen: .osEBPF).layout == .osEBPF)
    }

    @Test func oneOddKey() throws {
        let odd = try #require(SockmapKey(hex: String(repeating: "00", count: 36) + "1f9000000b780000"))
        let keys = try Self.keys(.cilium)
        let reading = KeyReading(keys + [odd])
        #expect(reading.layout == .cilium)
        #expect(reading.evidence.hasPrefix("4 of 5 keys have its fixed bytes"))
        #expect(KeyLayout.cilium.misfit(odd) != nil)
        #expect(keys.allSatisfy { KeyLayout.cilium.misfit($0) == nil })
        // Half of them say nothing.
        #expect(KeyReading(keys + Array(repeating: odd, count: 4)).layout == nil)
    }

    /// Any eight bytes are a cookie.
    @Test func takesNoCookieUnasked() {
        let keys = [SockmapKey([10, 10, 134, 48, 0x1F, 0x90, 0, 0])]
        #expect(KeyReading(keys).layout == nil)
        #expect(KeyReading(keys).candidates.map(\.layout) == [.beylaCookie])
        #expect(KeyReading(keys, chosen: .beylaCookie).layout == .beylaCookie)
    }

    @Test func whatIsAskedForMustHaveThatSize() throws {
        let reading = KeyReading(try Self.keys(.cilium), chosen: .merbridge)
        #expect(reading.layout == nil)
        #expect(reading.evidence == "merbridge has keys of 36 bytes, not 44")
    }

    /// Each of these decodes, and no connection has it.
    @Test(arguments: [
        "10.10.134.48:0", "0.0.0.0:8080", "0.1.2.3:8080", "224.0.0.1:8080", "255.255.255.255:8080", "[::]:8080",
        "[a0a:8630::]:8080", "[ff02::1]:8080",
    ])
    func implausible(_ remote: String) throws {
        let isV4 = try #require(Endpoint(remote)).address.isV4
        let claim = try Self.tuple(isV4 ? "10.10.101.249:56184" : "[2001:db8::2]:56184", remote)
        let key = SockmapKey(try #require(KeyLayout.merbridge.encode(claim)))
        #expect(KeyLayout.merbridge.decode(key) == claim)
        #expect(KeyReading([key]).candidates.isEmpty)
    }

    @Test(arguments: ["[2001:db8::1]:8080", "[fd00::1]:8080", "[fe80::1]:8080", "[::1]:8080", "[64:ff9b::1]:8080"])
    func plausible(_ remote: String) throws {
        let key = try #require(KeyLayout.cilium.encode(try Self.tuple("[2001:db8::2]:56184", remote)))
        #expect(KeyReading([SockmapKey(key)]).layout == .cilium)
    }

    /// A 16-byte row of a longer key, as grep alone leaves it.
    @Test func partOfALongerKey() throws {
        let row = try #require(SockmapKey(hex: "0a 0a 86 30 00 00 00 00  00 00 00 00 00 00 00 00"))
        #expect(KeyReading([row]).layout == nil)
        #expect(KeyReading([]).layout == nil)
    }

    /// Older Cilium pads where newer one writes the protocol.
    @Test func everyKeyOfATuple() throws {
        let tuple = try Self.tuple("10.10.134.48:8080", "10.10.101.249:56184")
        let keys = KeyLayout.cilium.encodings(of: tuple)
        #expect(keys.map { $0[33] } == [0, 6])
        for key in keys { #expect(KeyLayout.cilium.decode(key) == tuple) }
        #expect(KeyLayout.envoy.encodings(of: tuple).count == 1)
        // Calico's key names one end: either may be what is inserted.
        #expect(
            KeyLayout.calico.encodings(of: tuple).compactMap { KeyLayout.calico.decode($0) }
                == KeyLayout.calico.claims(naming: tuple))
        #expect(KeyLayout.kmeshNamespace.encodings(of: tuple).isEmpty)
        #expect(KeyLayout.beylaCookie.encodings(of: tuple).isEmpty)
        let mixed = try Self.tuple("10.10.134.48:8080", "[2001:db8::1]:1")
        #expect(KeyLayout.cilium.encodings(of: mixed).isEmpty)
        // Found by fuzzing: a family byte that says IPv6 over one IPv4-mapped address and one that is none.
        let found = try #require(
            SockmapKey(
                hex:
                    "00000000000000000000ffff0a0a8630000000ffff0a0a65f91f90db78000000020000000000000000000000"))
        #expect(KeyLayout.cilium.decode(found) == nil)
        #expect(KeyReading([found]).candidates.isEmpty)
    }
}
