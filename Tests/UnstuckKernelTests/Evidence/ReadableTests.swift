import CLinuxUAPI
import Glibc
import TestSupport
import Testing
import UnstuckModel

@testable import UnstuckKernel

/// What FIONREAD says of sockets that others hold, and what tells why: on this kernel.
@Suite("FIONREAD of sockets in sockmaps", .serialized)
struct ReadableTests {
    private static let bytes = "ten bytes\n"

    /// A connection whose server's end has ten unread bytes of the stack, and a snapshot with it and its owner.
    private static func unread(_ pair: SocketPair, _ map: TestMap?) throws -> (NodeObserver, Snapshot) {
        var options = NodeObserver.Options()
        if let map { options.maps = [map.id] }
        let observer = NodeObserver(options)
        if let map { try map.put(pair.server, as: pair.tuple) }
        let client = pair.client
        try syscall("send", on: "the loopback") { unsafe send(client, bytes, 10, 0) }
        let inode = SocketPair.inode(pair.server)
        var snapshot = observer.look()
        let hasArrived = Wait.until {
            snapshot = observer.look()
            return snapshot.sockets.contains { $0.socket.inode == inode && $0.receiveQueue == 10 }
        }
        try #require(hasArrived)
        observer.collect(EvidenceRequest(.owners, of: [.socket(inode)]), into: &snapshot)
        return (observer, snapshot)
    }

    private static func asked(_ pair: SocketPair, _ observer: NodeObserver, _ snapshot: Snapshot) -> Snapshot {
        var snapshot = snapshot
        let inode = SocketPair.inode(pair.server)
        observer.collect(EvidenceRequest(.readable, of: [.socket(inode)]), into: &snapshot)
        return snapshot
    }

    @Test(arguments: [false, true])
    func isWhatTheSocketSays(isV6: Bool) throws {
        let map = try TestMap()
        let pair = try SocketPair(isV6: isV6)
        let (observer, snapshot) = try Self.unread(pair, map)
        let answer = try #require(Self.asked(pair, observer, snapshot).readable?.first)
        #expect(answer.bytes == UInt32(linux_unread_bytes(pair.server)))
        #expect(answer.pid == getpid() && answer.descriptor == pair.server)
        #expect(answer.inode == SocketPair.inode(pair.server))
    }

    /// lab/faults.toml, FIONREAD-stack: this machine's kernel says 0.
    @Test(.requires(.native)) func isZeroOfTheStacksBytes() throws {
        let pair = try SocketPair()
        let (observer, snapshot) = try Self.unread(pair, try TestMap())
        #expect(Self.asked(pair, observer, snapshot).readable?.map(\.bytes) == [0])
    }

    @Test func isRightOfAPlainSocket() throws {
        let pair = try SocketPair()
        let (observer, snapshot) = try Self.unread(pair, nil)
        #expect(Self.asked(pair, observer, snapshot).readable?.map(\.bytes) == [10])
    }

    /// Another process under the same id now, or nobody who was seen: named, never 0.
    @Test func whatCannotBeAskedIsNamed() throws {
        let pair = try SocketPair()
        let (observer, snapshot) = try Self.unread(pair, nil)
        var (reused, unowned) = (snapshot, snapshot)
        for index in reused.owners.indices { reused.owners[index].startTime += 1 }
        unowned.owners = []
        for (snapshot, reason) in [
            (reused, "process \(getpid()) is another one now"), (unowned, "no process was found that holds it"),
        ] {
            let asked = Self.asked(pair, observer, snapshot)
            #expect(asked.readable == [])
            #expect(asked.missingEvidence.filter { $0.evidence == .readable }.map(\.reason) == [.failed(reason)])
        }
    }

    /// The kernel's own bytes say what a trial on another socket must say.
    @Test func theTrialSaysWhatASocketShows() throws {
        let pair = try SocketPair()
        let map = try TestMap()
        var (observer, snapshot) = try Self.unread(pair, map)
        #expect(snapshot.kernelTrials == nil)
        observer.collect(EvidenceRequest(.kernel, of: [.kernel]), into: &snapshot)
        let counts = linux_unread_bytes(pair.server) == 10
        #expect(snapshot.kernelTrials == [KernelTrial.countsStackBytes.rawValue: counts])
    }

    /// That a socket has a verdict program is reported by its receive handler. 5.10 has one handler for both.
    @Test(.requires(.cookie), arguments: [false, true])
    func aVerdictProgramShowsInTheReceiveHandler(hasVerdict: Bool) throws {
        let map = try TestMap()
        try map.passMessages()
        if hasVerdict { try map.passBytes() }
        let pair = try SocketPair()
        try map.put(pair.server, as: pair.tuple)
        let observer = SockmapObserver()
        guard let open = try BPFTable.openSockmap(id: map.id) else {
            Issue.record("sockmap \(map.id) is gone")
            return
        }
        let entries = try observer.entries(of: open)
        let number = try #require(entries.first?.socket.handlers)
        let table = try observer.handlers()
        #expect(table[number].recvmsg == (hasVerdict ? "tcp_bpf_recvmsg_parser" : "tcp_bpf_recvmsg"))
    }
}
