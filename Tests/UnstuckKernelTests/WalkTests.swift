import CLinuxUAPI
import Glibc
import TestSupport
import Testing
import UnstuckModel

@testable import UnstuckKernel

/// What is seen without the iterators, on this machine's own kernel: keys, and the socket tables of namespaces.
@Suite("Without the iterators", .serialized)
struct WalkTests {
    /// One socket under many keys.
    private static func filled(_ map: TestMap, with pair: SocketPair, count: UInt16) throws -> Set<SockmapKey> {
        var keys = Set<SockmapKey>()
        for port in 1...count {
            var tuple = pair.tuple
            tuple.remote.port = port
            try map.put(pair.server, as: tuple)
            keys.insert(SockmapKey(KeyLayout.cilium.encode(tuple) ?? []))
        }
        return keys
    }

    @Test func walksEveryKey() throws {
        let map = try TestMap()
        let pair = try SocketPair()
        defer { withExtendedLifetime(pair) {} }  // a closed socket leaves its map
        let keys = try Self.filled(map, with: pair, count: 300)
        let walk = KeyWalk.run { map.nextKey(after: $0) }
        #expect(walk.isComplete)
        #expect(walk.restarts == 0)
        #expect(walk.entries.count == 300)
        #expect(Set(walk.entries.map(\.key)) == keys)
    }

    /// The key on which the walk stands is deleted: the kernel begins anew, and every key that stays is met all the same.
    @Test func aKeyDeletedUnderTheWalkSendsItBack() throws {
        let map = try TestMap()
        let pair = try SocketPair()
        defer { withExtendedLifetime(pair) {} }
        let keys = try Self.filled(map, with: pair, count: 300)
        var deleted = Set<SockmapKey>()
        var steps = 0
        let walk = KeyWalk.run { previous in
            steps += 1
            if let previous, deleted.count < 5, steps > 40 * (deleted.count + 1) {
                map.remove(previous)
                deleted.insert(previous)
            }
            return map.nextKey(after: previous)
        }
        #expect(deleted.count == 5)
        #expect(walk.isComplete)
        #expect(walk.restarts > 0)
        #expect(walk.entries.count == 300, "each once")
        #expect(keys.subtracting(deleted).isSubset(of: Set(walk.entries.map(\.key))))
    }

    /// Sent back again and again before it comes to the end: it gives up, and says so.
    @Test func aWalkThatNeverGetsThroughEnds() throws {
        let map = try TestMap()
        let pair = try SocketPair()
        defer { withExtendedLifetime(pair) {} }
        _ = try Self.filled(map, with: pair, count: 300)
        var steps = 0
        let walk = KeyWalk.run { previous in
            steps += 1
            // The first key follows one that is gone.
            return map.nextKey(after: steps % 200 == 0 ? nil : previous)
        }
        #expect(!walk.isComplete)
        #expect(walk.restarts > 0)
        #expect((100..<300).contains(walk.entries.count))
        #expect(Set(walk.entries.map(\.key)).count == walk.entries.count)
        #expect(steps < 100_000)
    }

    /// Values of eight bytes can be looked up: they tell the socket's cookie, a zombie's too.
    @Test func looksUpCookies() throws {
        let map = try TestMap(valueSize: 8)
        let live = try SocketPair()
        let dead = try SocketPair()
        try map.put(live.server, as: live.tuple)
        try map.put(dead.server, as: dead.tuple)
        try dead.resetByClient()
        guard let open = try BPFTable.openSockmap(id: map.id) else {
            Issue.record("the map is gone")
            return
        }
        let walk = try KeyWalk.run(over: open)
        let cookies = Dictionary(uniqueKeysWithValues: walk.entries.map { ($0.key, $0.cookie) })
        #expect(cookies.count == 2)
        for pair in [live, dead] {  // both are still open here
            let key = SockmapKey(KeyLayout.cilium.encode(pair.tuple) ?? [])
            #expect(cookies[key] == SocketPair.cookie(pair.server))
        }
    }

    @Test(arguments: [false, true])
    func readsTheTablesOfOurNamespace(isV6: Bool) throws {
        let pair = try SocketPair(isV6: isV6)
        let diag = try SockDiag(inNamespace: nil)
        let table = try diag.table()
        #expect(!table.isInterrupted)
        for (descriptor, tuple) in [(pair.server, pair.tuple), (pair.client, pair.tuple.reversed)] {
            for found in [table.sockets.first { $0.tuple == tuple }, try diag.socket(of: tuple)] {
                let socket = try #require(found)
                #expect(socket.state == .established)
                #expect(socket.cookie == SocketPair.cookie(descriptor))
                #expect(UInt64(socket.inode) == SocketPair.inode(descriptor))
            }
        }
        let listed = try #require(table.sockets.first { $0.tuple == pair.tuple })
        #expect(listed.info?.segmentsIn ?? 0 > 0)
        // A dead socket is in no table, by no name: this is all that this way knows of it.
        try pair.resetByClient()
        #expect(try diag.socket(of: pair.tuple) == nil)
        #expect(try !diag.table().sockets.contains { $0.tuple == pair.tuple })
        #expect(throws: SystemError.self) { try diag.destroy(pair.tuple, cookie: SocketPair.cookie(pair.server)) }
    }

    /// A connection is asked for, and a listener is there: the kernel names that, and it is not taken for an answer.
    @Test func aListenerIsNoConnection() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        try syscall("listen", on: "loopback") { listen(listener, 1) }
        var bytes = [UInt8](repeating: 0, count: 16)
        var port: UInt16 = 0
        _ = unsafe linux_local_address(listener, &bytes, &port)
        let loopback = IPAddress(v4: 0x7F00_0001)
        let tuple = FourTuple(local: Endpoint(loopback, port), remote: Endpoint(loopback, 1))
        #expect(try SockDiag(inNamespace: nil).socket(of: tuple) == nil)
    }

    /// A namespace in which no process is, and that has no name: a socket that we hold lives in it, and is found.
    @Test func findsNamespacesThatOnlySocketsKeep() throws {
        let listener = try NamespaceThread.onThread {
            try syscall("unshare", on: "the network") { linux_new_network() }
            let listener = try syscall("socket", on: "a namespace of its own") {
                socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            }
            try syscall("listen", on: "a namespace of its own") { listen(listener, 1) }
            return listener
        }
        let inode = SocketPair.inode(listener)
        let tables = SocketTables(root: NodeRoot())
        let reading = tables.read()
        let found = reading.sockets.filter { $0.socket.inode == inode }
        #expect(found.count == 1)
        #expect(found.first?.socket.state == .listen)
        let ours = linkTarget("/proc/thread-self/ns/net").flatMap(NamespaceFinder.inode(ofLink:))
        #expect(found.first?.socket.netns != ours)
        #expect(reading.namespaces.contains { $0.inode == found.first?.socket.netns && $0.wasRead })
        close(listener)
        let after = SocketTables(root: NodeRoot()).read()
        #expect(!after.sockets.contains { $0.socket.inode == inode })
    }

    /// A whole look: a live connection, one that waits, and a zombie, in both families.
    ///
    /// Not on a kernel that leaks: what earlier tests leaked keeps namespaces that the kernel lists and nothing leads into, so
    /// that nothing is called unseen there (WalkWithoutBTFTests has that kernel without the list).
    @Test(.requires(.zombie, .noLeak), arguments: [4, 8] as [UInt32])
    func tellsTheUnseen(valueSize: UInt32) throws {
        let map = try TestMap(valueSize: valueSize)
        let live = try (0..<3).map { _ in try SocketPair() } + (0..<3).map { _ in try SocketPair(isV6: true) }
        let dead = try [false, true].map { try SocketPair(isV6: $0) }
        for pair in live + dead {
            try map.put(pair.server, as: pair.tuple)
            try map.put(pair.client, as: pair.tuple.reversed)
        }
        for pair in dead { try pair.resetByClient() }
        var options = NodeObserver.Options()
        options.maps = [map.id]
        options.avoidsIterators = true
        let observer = NodeObserver(options)
        // Others' namespaces may come and go just then.
        var look = observer.look()
        for _ in 0..<20 where !SeenSockets(look).isComplete { look = observer.look() }
        #expect(SeenSockets(look).isComplete, "\(look.missingEvidence)")
        let evaluate = WalkedMap(look.sockmaps[0], seen: SeenSockets(look))
        #expect(evaluate.decision.layout == .cilium)
        var states: [FourTuple: EntryState] = [:]
        for entry in look.sockmaps[0].walk?.entries ?? [] {
            let verdict = evaluate.classify(entry)
            if let claim = verdict.claim { states[claim] = verdict.state }
            #expect((entry.cookie != nil) == (valueSize == 8))
        }
        #expect(states.count == 14)
        for pair in live {
            #expect(states[pair.tuple] == .live)
            #expect(states[pair.tuple.reversed] == .live)
        }
        for pair in dead { #expect(states[pair.tuple] == .unseen) }
        // What is not known is said.
        #expect(look.missingEvidence.contains { $0.evidence == .entrySockets })
        #expect(look.missingEvidence.contains { $0.evidence == .handlers })
        #expect(look.sockets.allSatisfy { $0.sendNext == nil && $0.socket.psock == nil })
    }
}
