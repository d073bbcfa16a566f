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
            #expect(entry.resident.tuple == claim)
            #expect(entry.resident.hasSocket)
            #expect(entry.resident.psock != nil)
            let isDead = claim == dead.tuple
            #expect(EntryState(resident: entry.resident, claim: claim) == (isDead ? .zombie : .live))
            let descriptor = isDead ? dead.server : claim == live.tuple ? live.server : live.client
            #expect(entry.resident.identity.cookie == SocketPair.cookie(descriptor))
            var status = stat()
            unsafe fstat(descriptor, &status)
            #expect(entry.resident.inode == UInt64(status.st_ino))
        }
    }

    /// A UDP socket is in "CLOSE" all its life: it is no zombie.
    @Test func otherProtocolsAreNotJudged() throws {
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
        #expect(entry.resident.state == .close)
        #expect(EntryState(resident: entry.resident, claim: pair.tuple) == .other)
    }

    @Test func showsEachEntryOnce() throws {
        let map = try TestMap(maxEntries: 4096)
        let pairs = try (0..<700).map { _ in try SocketPair() }
        for pair in pairs {
            try map.put(pair.server, as: pair.tuple)
            try map.put(pair.client, as: pair.tuple.reversed)
        }
        let entries = try map.entries
        #expect(entries.count == 1400)
        #expect(Set(entries.map(\.key)).count == 1400)
    }

    @Test func namesHandlers() throws {
        let map = try TestMap()
        let pair = try SocketPair()
        try map.put(pair.server, as: pair.tuple)
        let snapshot = NodeObserver().look()
        #expect(snapshot.shortfalls.isEmpty)
        let listed = try #require(
            snapshot.sockets.first { $0.socket.identity.cookie == SocketPair.cookie(pair.server) })
        let plain = try #require(
            snapshot.sockets.first { $0.socket.identity.cookie == SocketPair.cookie(pair.client) })
        let mapped = try #require(listed.socket.handlers.map { snapshot.handlers[$0] })
        #expect(mapped.recvmsg == "tcp_bpf_recvmsg")
        #expect(mapped.close == "sock_map_close")
        #expect(plain.socket.handlers.flatMap { snapshot.handlers[$0].recvmsg } == "tcp_recvmsg")
        // Both tables tell of the same socket.
        let entry = snapshot.sockmaps.first { $0.id == map.id }?.entries.first
        #expect(entry?.resident.identity == listed.socket.identity)
        #expect(entry?.isStable == true)
        // The two ends belong together by their sequence numbers.
        #expect(listed.receiveNext == plain.sendNext)
        #expect(plain.receiveNext == listed.sendNext)
    }

    @Test func countsBytesOfTheStack() throws {
        let pair = try SocketPair()
        #expect(unsafe send(pair.client, "hello", 5, 0) == 5)
        usleep(20_000)
        let snapshot = NodeObserver().look()
        let server = try #require(
            snapshot.sockets.first { $0.socket.identity.cookie == SocketPair.cookie(pair.server) })
        #expect(server.receiveQueue == 5)
        #expect(server.bytesReceived == 5)
        #expect(server.millisecondsSinceReceive < 5000)
    }

    @Test func findsOwners() throws {
        let map = try TestMap()
        let pair = try SocketPair()
        try map.put(pair.server, as: pair.tuple)
        let observer = NodeObserver()
        var snapshot = observer.look()
        let resident = try #require(snapshot.sockmaps.first { $0.id == map.id }?.entries.first?.resident)
        observer.addOwners(of: [resident], to: &snapshot)
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
        for _ in 0..<40 { #expect(NodeObserver().look().shortfalls.isEmpty) }
        stop.set()
        try await churn.value
    }

    @Test func leavesNoDescriptorBehind() throws {
        _ = NodeObserver().look()
        let before = directoryNames("/proc/self/fd").count
        for _ in 0..<10 { _ = NodeObserver().look() }
        #expect(directoryNames("/proc/self/fd").count == before)
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
