import TestSupport
import Testing
import UnstuckKernel
import UnstuckModel

@testable import UnstuckRepair

/// Where iter/sockmap is refused, an sk_lookup program that is run once by BPF_PROG_TEST_RUN deletes. Every kernel of the lab
/// takes that, also those that allow the iterator.
@Suite("Deleting by lookup", .serialized, .requires(.zombie))
struct LookupDeletionTests {
    /// Of each key that may be deleted only the zombie's is.
    @Test func deletesTheZombieAndNothingElse() throws {
        let map = try TestMap()
        let live = try SocketPair()
        let dead = try SocketPair()
        let unread = try SocketPair()
        for pair in [live, dead, unread] { try map.put(pair.server, as: pair.tuple) }
        let entries = try map.entries
        func evaluated(_ tuple: FourTuple, address: UInt64 = 0) throws -> RepairPass.Checked {
            let key = SockmapKey(try #require(KeyLayout.cilium.encode(tuple)))
            var identity = try #require(entries.first { $0.key == key }).socket.identity
            if address != 0 { identity.address = address }
            return RepairPass.Checked(key: key, socket: identity, allowUnread: false)
        }
        try dead.resetByClient()
        try unread.resetByClient()
        guard let open = try BPFTable.openSockmap(id: map.id) else {
            Issue.record("the map is gone")
            return
        }
        let pass = RepairPass(map: open, isForFew: true)
        var absent = try evaluated(dead.tuple)
        absent.key = SockmapKey(Array(repeating: 0xA5, count: 44))
        let asked = [
            try evaluated(live.tuple), try evaluated(dead.tuple), absent, try evaluated(unread.tuple, address: 0xDEAD),
        ]
        let outcomes: [RepairOutcome] = try pass.run(asked).map(\.outcome)
        #expect(pass.looksUp == true, "this kernel runs no sk_lookup program")
        #expect(outcomes == [.revived, .deleted, .gone, .changed])
        let left = try map.entries.map(\.key)
        #expect(Set(left) == Set([asked[0].key, asked[3].key]))
        // The same program, once more: nothing of the first run is left in it.
        let again: [RepairOutcome] = try pass.run([asked[1]]).map(\.outcome)
        #expect(again == [.gone])
    }
}
