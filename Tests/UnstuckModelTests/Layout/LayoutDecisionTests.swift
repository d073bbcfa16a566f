import Testing
import UnstuckModel

@Suite("Choosing a layout")
struct LayoutDecisionTests {
    private static func tuple(_ number: UInt16) throws -> FourTuple {
        FourTuple(
            local: try #require(Endpoint("203.0.113.\(number % 7 + 1):8080")),
            remote: try #require(Endpoint("192.0.2.10:\(40000 + number)")))
    }

    private static func socket(_ tuple: FourTuple, cookie: UInt64 = 1, state: TCPState = .established) -> KernelSocket {
        KernelSocket(
            identity: SocketIdentity(address: 1, cookie: cookie), tuple: tuple, state: state, hasSocket: true,
            isDead: false, inode: 1, netns: 1, cgroup: 0, handlers: nil, psock: nil)
    }

    /// A map filled as a layout says, its sockets live.
    private static func map(_ layout: KeyLayout, keyType: KeyType? = nil, count: UInt16 = 20) throws -> Sockmap {
        var map = Sockmap(
            id: 1, name: "sock_ops_map", kind: .sockhash, keySize: layout.size, valueSize: 4, maxEntries: 100,
            keyType: keyType)
        for number in 0..<count {
            let tuple = try tuple(number)
            let key = try layout.encode(tuple) ?? filled(layout, tuple, number)
            map.entries.append(
                SockmapEntry(key: SockmapKey(key), socket: socket(tuple, cookie: UInt64(number) + 1)))
        }
        return map
    }

    /// Keys that a tuple alone does not make: the rest is filled with what such a program would put there.
    private static func filled(_ layout: KeyLayout, _ tuple: FourTuple, _ number: UInt16) throws -> [UInt8] {
        if layout.naming == .socket { return [UInt8(number + 1), 0, 0, 0, 0, 0, 0, 0] }
        let claims = layout.claims(naming: tuple)
        if claims.count > 1 { return try #require(layout.encode(claims[1])) }
        let known = layout.fields.filter {
            if case .opaque = $0.field { false } else { true }
        }
        let bare = KeyLayout(name: "bare", size: layout.size, fields: known)
        var key = try #require(bare.encode(tuple))
        for part in layout.fields where part.field == .opaque(width: part.field.width) {
            key[part.offset] = UInt8(number % 2 + 1)
        }
        return key
    }

    @Test(arguments: KeyLayout.declared)
    func everyDeclaredLayoutIsChosenByItsSockets(_ layout: KeyLayout) throws {
        let map = try Self.map(layout)
        let decision = LayoutDecision(for: map)
        #expect(decision.layout == layout, "\(decision.evidence)")
        #expect(decision.agreed == 20 && decision.compared == 20)
        #expect(!decision.isInferred)
        for entry in map.entries {
            let (claim, state) = decision.classify(entry)
            #expect(state == .live)
            #expect(claim != nil)
        }
    }

    @Test func aNameDecidesNothing() throws {
        var map = try Self.map(.envoy)
        map.name = "cilium_sock_ops"
        #expect(LayoutDecision(for: map).layout == .envoy)
    }

    /// Ports that read the same in both orders: two layouts agree alike, and neither is chosen.
    @Test func agreementWithTwoLayoutsDecidesNothing() throws {
        var map = try Self.map(.merbridge, count: 0)
        let tuple = FourTuple(
            local: try #require(Endpoint("203.0.113.7:8224")), remote: try #require(Endpoint("192.0.2.10:16448")))
        let key = try #require(KeyLayout.merbridge.encode(tuple))
        #expect(KeyLayout.beyla.encode(tuple) == key)
        map.entries = [SockmapEntry(key: SockmapKey(key), socket: Self.socket(tuple))]
        let decision = LayoutDecision(for: map)
        #expect(decision.layout == nil)
        #expect(decision.evidence == "the sockets in the map agree with merbridge and beyla alike")
    }

    @Test func theKeysTypeSpeaksForAndAgainst() throws {
        func member(_ name: String, _ offset: Int, _ size: Int) -> KeyType.Member {
            .init(name: name, type: "__u32", offset: offset, size: size)
        }
        let right = KeyType(
            name: "sock_key", size: 16,
            members: [member("sip", 0, 4), member("dip", 4, 4), member("sport", 8, 4), member("dport", 12, 4)])
        let chosen = LayoutDecision(for: try Self.map(.kmesh, keyType: right))
        #expect(chosen.layout == .kmesh)
        #expect(chosen.evidence == "20 of 20 sockets in the map agree, and so does the shape of struct sock_key")
        let halves = KeyType(name: "halves", size: 16, members: [member("a", 0, 8), member("b", 8, 8)])
        let inferred = LayoutDecision(for: try Self.map(.kmesh, keyType: halves))
        #expect(inferred.isInferred && inferred.layout?.naming == .connection, "nothing declared has that shape")
        let wrong = KeyType(name: "blob", size: 16, members: [member("a", 0, 6), member("b", 6, 10)])
        let refused = LayoutDecision(for: try Self.map(.kmesh, keyType: wrong))
        #expect(refused.layout == nil)
        #expect(refused.evidence.hasPrefix("no declared layout has the shape of struct blob, nor does what fits"))
    }

    /// A live socket under the key of another connection, of one end, and of another socket's cookie.
    @Test func aForeignKeyIsCrossWired() throws {
        for layout in [KeyLayout.cilium, .calico] {
            var map = try Self.map(layout)
            map.entries[3].socket.tuple.remote = try #require(Endpoint("198.51.100.9:9"))
            let decision = LayoutDecision(for: map)
            #expect(decision.classify(map.entries[3]).state == .crossWired)
            #expect(decision.agreed == 19)
        }
        var map = try Self.map(.beylaCookie)
        map.entries[3].socket.identity.cookie = 77
        #expect(LayoutDecision(for: map).classify(map.entries[3]).state == .undecodable)
    }

    @Test func aDeadEntryKeepsItsClaim() throws {
        for layout in KeyLayout.declared {
            var map = try Self.map(layout)
            let before = LayoutDecision(for: map).claim(of: map.entries[5])
            map.entries[5].socket.state = .close
            let decision = LayoutDecision(for: map)
            #expect(decision.classify(map.entries[5]).state == .zombie, "\(layout.name)")
            #expect(decision.claim(of: map.entries[5]) == before)
        }
    }

    /// tcp_disconnect leaves a leaked child of a dual-stack listener nothing but its port and its peer's address.
    @Test(arguments: ["127.0.0.1", "::1"])
    func aLeakedChildOfADualStackServerAgrees(_ client: String) throws {
        var map = try Self.map(.istioBypass)
        let whole = FourTuple(
            local: Endpoint(try #require(IPAddress(client)), 8080),
            remote: Endpoint(try #require(IPAddress(client)), 40003))
        let rest = FourTuple(
            local: Endpoint(IPAddress(high: 0, low: 0), 8080), remote: Endpoint(whole.remote.address, 0))
        let key = SockmapKey(try #require(KeyLayout.istioBypass.encode(whole)))
        map.entries.append(SockmapEntry(key: key, socket: Self.socket(rest, state: .close)))
        let decision = LayoutDecision(for: map)
        #expect(decision.layout == .istioBypass)
        #expect(decision.agreed == 21 && decision.compared == 21)
    }
}
