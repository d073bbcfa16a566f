import Testing
import UnstuckModel

@Suite("Key layouts")
struct KeyLayoutTests {
    /// The two entries of one connection, byte for byte as the incident's write-up prints them.
    static let incident: [(hex: String, local: String, remote: String)] = [
        (
            """
            0a 0a 86 30 00 00 00 00  00 00 00 00 00 00 00 00
            0a 0a 65 f9 00 00 00 00  00 00 00 00 00 00 00 00
            01 00 00 00 1f 90 00 00  db 78 00 00
            """, "10.10.101.249:56184", "10.10.134.48:8080"
        ),
        (
            """
            0a 0a 65 f9 00 00 00 00  00 00 00 00 00 00 00 00
            0a 0a 86 30 00 00 00 00  00 00 00 00 00 00 00 00
            01 00 00 00 db 78 00 00  1f 90 00 00
            """, "10.10.134.48:8080", "10.10.101.249:56184"
        ),
    ]

    @Test func decodesTheIncident() throws {
        for line in Self.incident {
            let key = try #require(SockmapKey(hex: line.hex))
            let claim = try #require(KeyLayout.cilium.decode(key.bytes))
            #expect(claim.local.description == line.local)
            #expect(claim.remote.description == line.remote)
            #expect(KeyLayout.cilium.encode(claim) == key.bytes)
        }
    }

    /// No connection is of two families.
    @Test func oneAddressOfEachFamilyIsNoKey() throws {
        let tuple = FourTuple(
            local: Endpoint(try #require(IPAddress("2001:db8::10")), 50504),
            remote: Endpoint(try #require(IPAddress("2001:db8::11")), 8080))
        var key = try #require(KeyLayout.cilium.encode(tuple))
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 1]
        key.replaceSubrange(0..<16, with: mapped)
        #expect(KeyLayout.cilium.decode(key) == nil)
        key.replaceSubrange(16..<32, with: mapped)
        #expect(KeyLayout.cilium.decode(key)?.local.address.isV4 == true)
    }

    /// The family byte says IPv4, and sixteen bytes say more than an IPv4 address in either form.
    @Test func bytesThatContradictTheFamilyAreNoKey() throws {
        let tuple = FourTuple(
            local: Endpoint(try #require(IPAddress("2001:db8::10")), 50504),
            remote: Endpoint(try #require(IPAddress("2001:db8::11")), 8080))
        var key = try #require(KeyLayout.cilium.encode(tuple))
        key[32] = 1
        #expect(KeyLayout.cilium.decode(key) == nil)
        key.replaceSubrange(0..<32, with: Array(repeating: 0, count: 10) + [0xFF, 0xFF, 192, 0, 2, 1] + key[16..<32])
        #expect(KeyLayout.cilium.decode(key) == nil)
    }

    /// The same where no byte tells the family.
    @Test(arguments: [KeyLayout.merbridge, .dae, .beyla])
    func mappedAddressesOfTwoFamiliesAreNoKey(_ layout: KeyLayout) throws {
        let v4 = try #require(IPAddress("192.0.2.1"))
        let v6 = try #require(IPAddress("2001:db8::10"))
        for (local, remote) in [(v4, v6), (v6, v4)] {
            let tuple = FourTuple(local: Endpoint(local, 50504), remote: Endpoint(remote, 8080))
            #expect(layout.decode(try #require(layout.encode(tuple))) == nil)
        }
        for both in [v4, v6] {
            let tuple = FourTuple(local: Endpoint(both, 50504), remote: Endpoint(both, 8080))
            #expect(layout.decode(try #require(layout.encode(tuple))) == tuple)
        }
    }

    @Test(arguments: [("2001:db8::10", "2001:db8:0:1::11"), ("192.0.2.10", "203.0.113.7")])
    func roundTrips(_ local: String, _ remote: String) throws {
        let tuple = FourTuple(
            local: Endpoint(try #require(IPAddress(local)), 50504),
            remote: Endpoint(try #require(IPAddress(remote)), 8080))
        let key = try #require(KeyLayout.cilium.encode(tuple))
        #expect(KeyLayout.cilium.decode(key) == tuple)
    }

    /// What a layout can name it names back; what it cannot (IPv6 in four bytes, a cookie) has no key.
    @Test(arguments: KeyLayout.declared)
    func everyDeclaredLayoutRoundTrips(_ layout: KeyLayout) throws {
        for (local, remote) in [("192.0.2.10", "203.0.113.7"), ("2001:db8::10", "2001:db8:0:1::11")] {
            let tuple = FourTuple(
                local: Endpoint(try #require(IPAddress(local)), 50504),
                remote: Endpoint(try #require(IPAddress(remote)), 8080))
            let isCarried = tuple.local.address.isV4 || layout.carriesV6 || layout.v6Placeholder != nil
            guard let key = layout.encode(tuple) else {
                #expect(!isCarried || layout.fields.contains { $0.field.isNoTuple }, "\(layout.name) \(tuple)")
                continue
            }
            #expect(isCarried)
            #expect(key.count == layout.size)
            #expect(layout.decode(key).map { [$0] } == layout.claims(naming: tuple), "\(layout.name)")
        }
    }

    @Test func namesAreGivenOnce() {
        #expect(Set(KeyLayout.declared.map(\.name)).count == KeyLayout.declared.count)
        #expect(KeyLayout.named("dae") == .dae)
    }

    /// 8080 in every encoding that is known, byte for byte.
    @Test(arguments: [
        (KeyLayout.PortEncoding.networkIn32, [0x1f, 0x90, 0, 0] as [UInt8]), (.hostIn32, [0x90, 0x1f, 0, 0]),
        (.networkLastIn32, [0, 0, 0x1f, 0x90]), (.network16, [0x1f, 0x90]), (.host16, [0x90, 0x1f]),
    ])
    func portsLieAsTheirNameSays(_ encoding: KeyLayout.PortEncoding, _ bytes: [UInt8]) throws {
        let layout = KeyLayout(name: "test", size: encoding.width, fields: [(0, .localPort(encoding))])
        #expect(layout.decode(bytes)?.local.port == 8080)
    }

    @Test func aHalfTupleNamesOneEnd() throws {
        let layout = KeyLayout(
            name: "test", size: 8, fields: [(0, .remoteAddress(.v4)), (4, .remotePort(.networkIn32))])
        #expect(layout.naming == .oneEnd)
        let key: [UInt8] = [203, 0, 113, 7, 0x1f, 0x90, 0, 0]
        let claim = try #require(layout.decode(key))
        #expect(claim.remote.description == "203.0.113.7:8080")
        #expect(claim.local.port == 0)
        let tuple = FourTuple(local: try #require(Endpoint("192.0.2.10:50504")), remote: claim.remote)
        #expect(layout.claims(naming: tuple) == [claim])
        #expect(layout.encode(tuple) == key)
    }

    /// Calico files an application's socket under its own end, and Envoy's under the application's, with another mark.
    @Test func aKeyTellsWhoseEndItNames() throws {
        let application = try #require(Endpoint("192.0.2.10:50504"))
        let envoy = try #require(Endpoint("127.0.0.1:15001"))
        let tuple = FourTuple(local: envoy, remote: application)
        let nowhere = Endpoint(IPAddress(v4: 0), 0)
        let sides = [
            (FourTuple(local: application, remote: nowhere), [192, 0, 2, 10, 0xc5, 0x48, 0, 0, 0, 0, 0, 0] as [UInt8]),
            (FourTuple(local: nowhere, remote: application), [192, 0, 2, 10, 0xc5, 0x48, 0, 0, 1, 0, 0, 0]),
        ]
        for (claim, key) in sides {
            #expect(KeyLayout.calico.decode(key) == claim)
            #expect(KeyLayout.calico.encode(claim) == key)
        }
        #expect(KeyLayout.calico.claims(naming: tuple).contains(sides[1].0))
        #expect(KeyLayout.calico.claims(naming: tuple.reversed).contains(sides[0].0))
        #expect(KeyLayout.calico.encode(tuple) == nil, "which end?")
        #expect(KeyLayout.calico.decode([192, 0, 2, 10, 0xc5, 0x48, 0, 0, 2, 0, 0, 0]) == nil)
        #expect(KeyLayout.calico.decode([192, 0, 2, 10, 0xc5, 0x48, 0, 0, 1, 0, 0, 1]) == nil)
    }

    /// What the kernel gives an IPv6 server's socket for IPv4 addresses.
    @Test func istioFilesIPv6ServersUnderAnAddressOfIPv4() throws {
        let tuple = FourTuple(
            local: try #require(Endpoint("[2001:db8::1]:28080")), remote: try #require(Endpoint("[2001:db8::2]:50290")))
        let key: [UInt8] = [127, 0, 0, 6, 0xb0, 0x6d, 0, 0, 127, 0, 0, 6, 0x72, 0xc4, 0, 0]
        #expect(KeyLayout.istioBypass.encode(tuple) == key)
        let claim = try #require(KeyLayout.istioBypass.decode(key))
        #expect(KeyLayout.istioBypass.claims(naming: tuple) == [claim])
        #expect(KeyLayout.kmesh.claims(naming: tuple) == [])
    }

    /// eunomia's program files an IPv4 connection of a dual-stack socket with that socket's own family.
    @Test func eunomiaNamesTheSocketsFamily() throws {
        let loopback = IPAddress(v4: 0x7F00_0001)
        let tuple = FourTuple(local: Endpoint(loopback, 8080), remote: Endpoint(loopback, 50504))
        var key = try #require(KeyLayout.eunomia.encode(tuple))
        #expect(key == [127, 0, 0, 1, 127, 0, 0, 1, 0, 0, 0x1f, 0x90, 0, 0, 0xc5, 0x48, 2, 0, 0, 0])
        #expect(KeyLayout.eunomia.decode(key) == tuple)
        key[16] = 10
        #expect(KeyLayout.eunomia.decode(key) == tuple)
    }

    @Test func toleratesTheProtocolByte() throws {
        var key = try #require(SockmapKey(hex: Self.incident[0].hex)).bytes
        key[33] = 6
        #expect(KeyLayout.cilium.decode(key) != nil)
    }

    /// Each of these changes one byte that the layout fixes.
    @Test(arguments: [(4, 1), (15, 1), (20, 9), (32, 0), (32, 3), (33, 7), (34, 1), (38, 1), (43, 1)])
    func refusesWhatDoesNotFit(_ index: Int, _ byte: Int) throws {
        var key = try #require(SockmapKey(hex: Self.incident[0].hex)).bytes
        key[index] = UInt8(byte)
        #expect(KeyLayout.cilium.decode(key) == nil)
    }

    @Test func refusesOtherSizes() throws {
        let key = try #require(SockmapKey(hex: Self.incident[0].hex)).bytes
        #expect(KeyLayout.cilium.decode(Array(key.dropLast())) == nil)
        #expect(KeyLayout.cilium.decode(key + [0]) == nil)
        #expect(KeyLayout.cilium.decode([]) == nil)
    }
}

extension KeyLayout.Field {
    /// Bytes that no tuple tells.
    fileprivate var isNoTuple: Bool {
        switch self {
        case .opaque, .socketCookie, .side: true
        default: false
        }
    }
}

extension KeyLayout: CustomTestStringConvertible {
    public var testDescription: String { name }
}
