import Glibc
import TestSupport
import Testing
import UnstuckKernel
import UnstuckModel

/// The observers on this machine's own kernel. Without root, BPF or BTF these fail, and say what is missing.
@Suite("Observers on this kernel", .serialized)
struct ObserverTests {
    @Test(arguments: [false, true])
    func seesWhatSitsBehindEachKey(isV6: Bool) throws {
        let map = try TestMap()
        let live = try SocketPair(isV6: isV6)
        let dead = try SocketPair(isV6: isV6)
        try map.put(live.server, as: live.tuple)
        try map.put(live.client, as: live.tuple.reversed)
        try map.put(dead.server, as: dead.tuple)
        try dead.resetByClient()

        let entries = try map.entries
        #expect(entries.count == 3)
        for entry in entries {
            let claim = try #require(KeyLayout.cilium.decode(entry.key.bytes))
            // A closed socket too still knows both its ports.
            #expect(entry.socket.tuple == claim)
            #expect(entry.socket.hasSocket)
            #expect(entry.socket.psock != nil)
            let isDead = claim == dead.tuple
            #expect(EntryState(socket: entry.socket, claim: claim) == (isDead ? .zombie : .live))
            let descriptor = isDead ? dead.server : claim == live.tuple ? live.server : live.client
            let cookie = try KernelUnderTest.provides(.cookie) ? SocketPair.cookie(descriptor) : 0
            // Looked up, a socket has the cookie that someone asked for, or none.
            let isUnasked = MapIterators.areRefused && entry.socket.identity.cookie == 0
            #expect(entry.socket.identity.cookie == cookie || isUnasked)
            #expect(entry.socket.inode == SocketPair.inode(descriptor))
        }
    }

    /// A UDP socket is in "CLOSE" all its life: it is no zombie.
    @Test func otherProtocolsAreNotClassified() throws {
        let map = try TestMap()
        let pair = try SocketPair()
        let udp = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(udp) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let bound = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(udp, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        #expect(bound == 0)
        try map.put(udp, as: pair.tuple)
        let entry = try #require(try map.entries.first)
        #expect(entry.socket.state == .close)
        #expect(EntryState(socket: entry.socket, claim: pair.tuple) == .other)
    }

    /// A map that was looked at ends with its owner, however long the observer lives.
    @Test func keepsNoMapAlive() throws {
        var options = NodeObserver.Options()
        var map: TestMap? = try TestMap()
        let id = try #require(map?.id)
        options.maps = [id]
        let observer = NodeObserver(options)
        #expect(observer.look().sockmaps.map(\.id) == [id])
        map = nil
        // The kernel frees it after a grace period.
        _ = try Wait.until { try !BPFTable.mapIDs().contains(id) }
        #expect(try !BPFTable.mapIDs().contains(id))
        #expect(observer.look().sockmaps.isEmpty)
    }

    @Test func showsEachEntryOnce() throws {
        let map = try TestMap(maxEntries: 4096)
        let count = Scale.of(700, small: 200)
        let pairs = try (0..<count).map { _ in try SocketPair() }
        for pair in pairs {
            try map.put(pair.server, as: pair.tuple)
            try map.put(pair.client, as: pair.tuple.reversed)
        }
        let entries = try map.entries
        #expect(entries.count == 2 * count)
        #expect(Set(entries.map(\.key)).count == 2 * count)
    }

    /// A map with room for many is read by two threads: what both saw is numbered by one table.
    @Test func sharesAMap() throws {
        let map = try TestMap(maxEntries: 4096)
        let pairs = try (0..<80).map { try SocketPair(isV6: $0 % 2 == 0) }
        for pair in pairs { try map.put(pair.server, as: pair.tuple) }
        let observer = SockmapObserver()
        for _ in 0..<3 {
            guard let open = try BPFTable.openSockmap(id: map.id) else {
                throw SystemError("open", "map", errno: ENOENT)
            }
            let parts = try observer.parts(of: open)
            let entries = Array(parts.joined())
            #expect(entries.count == 80)
            // The kernel halves the keys for two iterators; batches of lookups go to whichever thread is free.
            #expect(parts.allSatisfy { parts.count == 1 || $0.count > 10 || MapIterators.areRefused })
            #expect(Set(entries.map(\.key)).count == 80)
            let handlers = try observer.handlers()
            // IPv4 and IPv6 sockets have different protos.
            #expect(handlers.count == 2)
            for entry in entries {
                let index = try #require(entry.socket.handlers)
                #expect(handlers[index].recvmsg == "tcp_bpf_recvmsg")
                let others = entries.filter { $0.socket.handlers == index }
                #expect(
                    others.allSatisfy {
                        $0.socket.tuple.local.address.isV4 == entry.socket.tuple.local.address.isV4
                    })
            }
        }
        // A small map in between is not shared, by the same program.
        let small = try TestMap()
        try small.put(pairs[0].server, as: pairs[0].tuple)
        guard let open = try BPFTable.openSockmap(id: small.id) else { throw SystemError("open", "map", errno: ENOENT) }
        #expect(try observer.parts(of: open).map(\.count) == [1])
    }

    @Test(arguments: [256, 4096]) func givesUpOnABucketThatIsTooFull(maxEntries: UInt32) throws {
        let map = try TestMap(keySize: 64, maxEntries: maxEntries)
        let pair = try SocketPair()
        var inserted = 0
        var number: UInt32 = 0
        let hash = JHash()
        while inserted < 250 {
            number += 1
            guard hash.of(number) & (maxEntries - 1) == 0 else { continue }
            let key = [UInt8](repeating: 0, count: 60) + (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
            try map.put(pair.server, under: key)
            inserted += 1
        }
        // Both halves together fill more than a read, each of them may not. Looked up, no bucket is too full.
        do {
            #expect(try Set(map.entries.map(\.key)).count == 250)
            #expect(maxEntries == 4096 || MapIterators.areRefused)
        } catch let error as ObservationError {
            guard case .stalled = error else { throw error }
        }
    }

    /// include/linux/jhash.h, for 64 bytes of which all but the last word are zero: a million of them are tried, and what
    /// comes before that word is the same for all.
    private struct JHash {
        private var (a, b, c) = (0xDEAD_BEEF &+ 64 as UInt32, 0xDEAD_BEEF &+ 64 as UInt32, 0xDEAD_BEEF &+ 64 as UInt32)

        private static func rotate(_ value: UInt32, _ by: UInt32) -> UInt32 { value << by | value >> (32 - by) }

        init() {
            for _ in 0..<5 {
                a = (a &- c) ^ Self.rotate(c, 4); c &+= b
                b = (b &- a) ^ Self.rotate(a, 6); a &+= c
                c = (c &- b) ^ Self.rotate(b, 8); b &+= a
                a = (a &- c) ^ Self.rotate(c, 16); c &+= b
                b = (b &- a) ^ Self.rotate(a, 19); a &+= c
                c = (c &- b) ^ Self.rotate(b, 4); b &+= a
            }
        }

        func of(_ last: UInt32) -> UInt32 {
            var (a, b, c) = (a &+ last, b, c)
            c = (c ^ b) &- Self.rotate(b, 14)
            a = (a ^ c) &- Self.rotate(c, 11)
            b = (b ^ a) &- Self.rotate(a, 25)
            c = (c ^ b) &- Self.rotate(b, 16)
            a = (a ^ c) &- Self.rotate(c, 4)
            b = (b ^ a) &- Self.rotate(a, 14)
            return (c ^ b) &- Self.rotate(b, 24)
        }
    }

    @Test func namesHandlers() throws {
        let map = try TestMap()
        let pair = try SocketPair()
        try map.put(pair.server, as: pair.tuple)
        let snapshot = NodeObserver().look()
        #expect(snapshot.missingEvidence.isEmpty)
        let listed = try #require(snapshot.sockets.first { $0.socket.tuple == pair.tuple })
        let plain = try #require(snapshot.sockets.first { $0.socket.tuple == pair.tuple.reversed })
        let mapped = try #require(listed.socket.handlers.map { snapshot.handlers[$0] })
        #expect(mapped.recvmsg == "tcp_bpf_recvmsg")
        #expect(mapped.close == "sock_map_close")
        #expect(plain.socket.handlers.flatMap { snapshot.handlers[$0].recvmsg } == "tcp_recvmsg")
        // Both tables tell of the same socket.
        let entry = snapshot.sockmaps.first { $0.id == map.id }?.entries.first
        #expect(entry?.socket.identity == listed.socket.identity)
        #expect(entry?.isStable == true)
        // The two ends belong together by their sequence numbers.
        #expect(listed.receiveNext == plain.sendNext)
        #expect(plain.receiveNext == listed.sendNext)
    }

    @Test func countsBytesOfTheStack() throws {
        let pair = try SocketPair()
        let begin = ContinuousClock.now
        #expect(unsafe send(pair.client, "hello", 5, 0) == 5)
        usleep(20_000)
        let snapshot = NodeObserver().look()
        let server = try #require(snapshot.sockets.first { $0.socket.tuple == pair.tuple })
        #expect(server.receiveQueue == 5)
        #expect(server.bytesReceived == 5)
        // A jiffy is up to ten milliseconds.
        let silence = try #require(server.millisecondsSinceReceive)
        #expect(silence <= UInt32((ContinuousClock.now - begin) / .milliseconds(1)) + 10)
    }

    @Test func findsOwners() throws {
        let map = try TestMap()
        let pair = try SocketPair()
        try map.put(pair.server, as: pair.tuple)
        let observer = NodeObserver()
        var snapshot = observer.look()
        let socket = try #require(snapshot.sockmaps.first { $0.id == map.id }?.entries.first?.socket)
        observer.collect(EvidenceRequest(.owners, of: [.socket(socket.inode)]), into: &snapshot)
        #expect(snapshot.owners.contains { $0.pid == getpid() && $0.descriptor == pair.server })
    }

    /// Maps that come and go while we look: never an error, never a crash.
    @Test func survivesVanishingMaps() async throws {
        let stop = Flag()
        let churn = Task.detached {
            while !stop.isSet {
                let map = try TestMap()
                let pair = try SocketPair()
                try map.put(pair.server, as: pair.tuple)
            }
        }
        for _ in 0..<Scale.of(40, small: 8) { #expect(NodeObserver().look().missingEvidence.isEmpty) }
        stop.set()
        try await churn.value
    }

    @Test func leavesNoDescriptorBehind() throws {
        _ = NodeObserver().look()
        let before = directoryNames("/proc/self/fd").count
        for _ in 0..<10 { _ = NodeObserver().look() }
        // What an earlier test's thread still had open may have been closed meanwhile; ten looks that leak show.
        #expect(directoryNames("/proc/self/fd").count <= before)
    }

    @Test func refusesKeysThatAreTooLong() throws {
        let map = try TestMap(keySize: 80)
        guard let open = try BPFTable.openSockmap(id: map.id) else {
            Issue.record("the map is gone")
            return
        }
        #expect(throws: ObservationError.self) { _ = try SockmapObserver().entries(of: open) }
    }
}
