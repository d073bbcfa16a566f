import Testing
import UnstuckModel

/// Layouts that nobody declared, written here in bytes, by another hand than the one that reads them.
@Suite("Inferring a layout")
struct LayoutInferenceTests {
    /// The two sides of a connection, as each sees it: who files sockets files both.
    static func sides(_ number: Int, v6: Bool = false) -> [(local: Endpoint, remote: Endpoint)] {
        let client = Endpoint(
            v6
                ? IPAddress(high: 0x2001_0DB8_0000_0000, low: UInt64(16 + number % 3))
                : IPAddress(v4: 0xC000_020A + UInt32(number % 3)), UInt16(40001 + number * 7))
        let server = Endpoint(
            v6
                ? IPAddress(high: 0x2001_0DB8_0000_0001, low: UInt64(16 + number % 5))
                : IPAddress(v4: 0xCB00_7107 + UInt32(number % 5)), 8080)
        return [(client, server), (server, client)]
    }

    static func map(
        _ size: Int, v6: Bool = false, count: Int = 30, _ key: (Endpoint, Endpoint, Int) -> [UInt8]
    ) -> Sockmap {
        var map = Sockmap(id: 1, name: "m", kind: .sockhash, keySize: size, valueSize: 4, maxEntries: 1000)
        for number in 0..<count {
            for side in sides(number, v6: v6 && number % 2 == 1) {
                map.entries.append(
                    SockmapEntry(
                        key: SockmapKey(key(side.local, side.remote, number)),
                        socket: KernelSocket(
                            identity: SocketIdentity(address: UInt64(map.entries.count + 1), cookie: 1),
                            tuple: FourTuple(local: side.local, remote: side.remote), state: .established,
                            hasSocket: true, isDead: false, inode: 1, netns: 1, cgroup: 0, handlers: nil, psock: nil)))
            }
        }
        return map
    }

    static func network(_ port: UInt16) -> [UInt8] { [UInt8(port >> 8), UInt8(port & 255)] }
    static func host(_ port: UInt16) -> [UInt8] { network(port).reversed() }
    static func mapped(_ address: IPAddress) -> [UInt8] {
        (address.isV4 ? Array(repeating: 0, count: 10) + [255, 255] : []) + address.bytes
    }

    /// Every entry is decoded to what its socket is, and the parts lie where they were put.
    private func expect(_ map: Sockmap, _ summary: String, _ naming: KeyLayout.Naming = .connection) throws {
        let decision = LayoutDecision(for: map)
        let layout = try #require(decision.layout, "\(decision.evidence)")
        #expect(decision.isInferred)
        #expect(layout.summary == summary)
        #expect(layout.naming == naming)
        #expect(decision.agreed == map.entries.count)
        for entry in map.entries {
            let (claim, state) = decision.classify(entry)
            #expect(claim == entry.socket.tuple)
            #expect(state == .live)
        }
        #expect(decision.evidence.hasPrefix("inferred: "))
    }

    @Test func portsFirstHostOrderRemoteFirst() throws {
        let map = Self.map(12) { local, remote, _ in
            Self.host(remote.port) + Self.host(local.port) + remote.address.bytes + local.address.bytes
        }
        try expect(map, "remote port 0 (H16), local port 2 (H16), remote address 4 (v4), local address 8 (v4)")
    }

    @Test func addressesInHostOrderWithPadding() throws {
        let map = Self.map(24) { local, remote, _ in
            [7, 0, 0, 0] + local.address.bytes.reversed() + Self.network(local.port) + [0, 0]
                + remote.address.bytes.reversed() + [0, 0] + Self.network(remote.port) + [0, 0, 0, 6]
        }
        try expect(
            map,
            "local address 4 (v4 in host order), local port 8 (N16), remote address 12 (v4 in host order), remote port 18 (N16)"
        )
    }

    @Test func mappedAddressesOfBothFamilies() throws {
        let map = Self.map(37, v6: true) { local, remote, _ in
            [0] + Self.mapped(remote.address) + Self.network(remote.port) + Self.mapped(local.address)
                + Self.network(local.port)
        }
        try expect(
            map, "remote address 1 (mapped16), remote port 17 (N16), local address 19 (mapped16), local port 35 (N16)")
    }

    @Test func paddedAddressesAndAFamilyByte() throws {
        func padded(_ address: IPAddress) -> [UInt8] {
            address.bytes + Array(repeating: 0, count: 16 - address.bytes.count)
        }
        let map = Self.map(40, v6: true) { local, remote, _ in
            Self.network(local.port) + Self.network(remote.port) + [local.address.isV4 ? 2 : 10, 0, 0, 0]
                + padded(local.address) + padded(remote.address)
        }
        try expect(
            map,
            "local port 0 (N16), remote port 2 (N16), family 4, local address 8 (padded16), remote address 24 (padded16)"
        )
    }

    /// A number of its own in every key: it is found, and what it means is not guessed.
    @Test func aCookieBesideTheTuple() throws {
        let map = Self.map(20) { local, remote, number in
            [UInt8(number), UInt8(number % 3), 1, 0, 0, 0, 0, 0] + local.address.bytes + Self.network(local.port)
                + Self.network(remote.port) + remote.address.bytes
        }
        try expect(
            map, "local address 8 (v4), local port 12 (N16), remote port 14 (N16), remote address 16 (v4)",
            .connectionAndMore)
    }

    private func refused(_ map: Sockmap, _ words: String) {
        let decision = LayoutDecision(for: map)
        #expect(decision.layout == nil)
        #expect(decision.evidence.contains(words), "\(decision.evidence)")
    }

    /// Both ends have the same address: nothing says whose lies first.
    @Test func loopbackAloneIsAmbiguous() {
        var map = Self.map(12) { local, remote, _ in
            [127, 0, 0, 1, 127, 0, 0, 1] + Self.network(local.port) + Self.network(remote.port)
        }
        for index in map.entries.indices {
            map.entries[index].socket.tuple.local.address = IPAddress(v4: 0x7F00_0001)
            map.entries[index].socket.tuple.remote.address = IPAddress(v4: 0x7F00_0001)
        }
        refused(map, "the local address could lie in 2 ways (byte 0, byte 4; all sockets have the same)")
    }

    /// The same port in two places, or in both byte orders: which of them is the port of the next key?
    @Test func whatIsThereTwiceIsAmbiguous() {
        refused(
            Self.map(14) { local, remote, _ in
                local.address.bytes + remote.address.bytes + Self.network(local.port) + Self.network(remote.port)
                    + Self.network(local.port)
            }, "the local port could lie in 2 ways")
        var palindromes = Self.map(12) { local, remote, _ in
            local.address.bytes + remote.address.bytes + [0x20, 0x20, 0x40, 0x40]
        }
        for index in palindromes.entries.indices {
            palindromes.entries[index].socket.tuple.local.port = 0x2020
            palindromes.entries[index].socket.tuple.remote.port = 0x4040
        }
        refused(palindromes, "could lie in 2 ways")
    }

    /// Keys that put the client first, anyone who files them, name no side that is always first.
    @Test func keysWithoutASideAreRefused() {
        refused(
            Self.map(12) { local, remote, _ in
                let (client, server) = local.port == 8080 ? (remote, local) : (local, remote)
                return client.address.bytes + server.address.bytes + Self.network(client.port)
                    + Self.network(server.port)
            }, "no place in the key holds the local address")
    }

    @Test func aHashOfTheTupleIsRefused() {
        refused(
            Self.map(16) { local, remote, _ in
                var value = UInt64(local.port) << 32 | UInt64(remote.port) ^ 0x9E37_79B9_7F4A_7C15
                return (0..<16).map { _ in
                    value = value &* 6_364_136_223_846_793_005 &+ 1
                    return UInt8(truncatingIfNeeded: value >> 33)
                }
            }, "no place in the key holds")
    }

    @Test func fewSocketsProveNothing() {
        refused(
            Self.map(13, count: 3) { local, remote, _ in
                [1] + local.address.bytes + remote.address.bytes + Self.network(local.port)
                    + Self.network(remote.port)
            }, "6 live sockets are too few")
    }

    /// Dead and cross-wired entries neither help nor hinder.
    @Test func aFewWrongSocketsDoNotHide() throws {
        var map = Self.map(13) { local, remote, _ in
            [1] + local.address.bytes + remote.address.bytes + Self.network(local.port) + Self.network(remote.port)
        }
        map.entries[4].socket.tuple.remote.port = 9
        map.entries[9].socket.state = .close
        let decision = LayoutDecision(for: map)
        #expect(decision.layout?.naming == .connection, "\(decision.evidence)")
        #expect(decision.classify(map.entries[4]).state == .crossWired)
        #expect(decision.classify(map.entries[9]).state == .zombie)
    }

    /// Whatever keys there are, of whatever size, nothing traps.
    @Test(arguments: [0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 33, 63, 64])
    func anySizeIsSearched(_ size: Int) {
        let map = Self.map(size) { local, remote, number in
            Array(
                (local.address.bytes + Self.network(local.port) + [UInt8](repeating: UInt8(number), count: 64))
                    .prefix(size))
        }
        #expect(LayoutDecision(for: map).layout == nil)
    }
}
