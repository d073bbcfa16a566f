import CLinuxUAPI
import Glibc
import TestSupport
import Testing
import UnstuckModel

@testable import UnstuckKernel

/// Counters of a namespace of the test's own, that the test makes move.
@Suite("Protocol counters", .serialized)
struct CounterReaderTests {
    private let reader = CounterReader(root: NodeRoot())

    @Test func aFullListenerIsCounted() throws {
        let network = try PrivateNetwork()
        func read() throws -> NamespaceCounters {
            let (counters, missingEvidence) = reader.read(namespaces: [(network.inode, network.path)])
            #expect(missingEvidence.isEmpty)
            return try #require(counters.first)
        }
        let before = try read()
        #expect(before.netns == network.inode)
        #expect(before["TcpExtListenOverflows"] == 0)
        let sockets = try network.run {
            // Room for one connection and one more (`sk_acceptq_is_full`, include/net/sock.h).
            let listener = try Self.socket()
            let loopback: [UInt8] = [127, 0, 0, 1]
            try syscall("bind", on: "loopback") { unsafe linux_bind(listener, loopback, 4, 7001) }
            try syscall("listen", on: "loopback") { listen(listener, 1) }
            return [listener]
                + (try (0..<6).map { _ in
                    let client = try Self.socket()
                    if unsafe linux_connect(client, loopback, 4, 7001) != 0, errno != EINPROGRESS {
                        throw SystemError("connect", "loopback", errno: errno)
                    }
                    return client
                })
        }
        defer { sockets.forEach { close($0) } }
        var delta: [String: UInt64] = [:]
        try expectSoon("nothing was dropped") {
            delta = try #require(try read().delta(from: before))
            return (delta["TcpExtListenOverflows"] ?? 0) > 0
        }
        #expect((delta["TcpExtListenDrops"] ?? 0) >= (delta["TcpExtListenOverflows"] ?? 0))
        #expect((delta["TcpActiveOpens"] ?? 0) == 6)
        #expect((delta["IpInReceives"] ?? 0) > 0)
        // Another namespace saw none of it, and is not to be compared.
        let other = try PrivateNetwork()
        let (counters, _) = reader.read(namespaces: [(other.inode, other.path)])
        #expect(counters.first?["TcpActiveOpens"] == 0)
        #expect(counters.first?.delta(from: before) == nil)
    }

    private static func socket() throws -> Int32 {
        try syscall("socket", on: "TCP") {
            Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        }
    }

    /// Through a process in it, without entering it.
    @Test func ofOurOwnNamespace() throws {
        let link = "/proc/\(getpid())/ns/net"
        let inode = try #require(linkTarget(link).flatMap(NamespaceFinder.inode(ofLink:)))
        let (counters, missingEvidence) = reader.read(namespaces: [(inode, link)])
        #expect(missingEvidence.isEmpty)
        let first = try #require(counters.first)
        let pair = try SocketPair()
        let second = try #require(reader.read(namespaces: [(inode, link)]).counters.first)
        #expect((second.delta(from: first)?["TcpActiveOpens"] ?? 0) >= 1)
        #expect(first["Ip6InReceives"] != nil && first["TcpExtTCPTimeouts"] != nil)
        _ = pair
    }

    @Test func aNamespaceThatIsGoneIsNamed() {
        let (counters, missingEvidence) = reader.read(namespaces: [(7, "/proc/self/nothing")])
        #expect(counters.isEmpty)
        #expect(missingEvidence.map(\.evidence) == [.counters])
        #expect(missingEvidence.first?.action == "read the counters of network namespace 7")
    }

    @Test func everyProcessorIsThere() throws {
        let first = try #require(reader.readSoftnet())
        let online = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        #expect(first.processors.count == online)
        let pair = try SocketPair()
        let second = try #require(reader.readSoftnet())
        #expect((second.delta(from: first)?.processed ?? 0) > 0)
        _ = pair
    }

    @Test func evidenceIsAddedOnDemand() throws {
        var options = NodeObserver.Options()
        options.maps = [.max]
        options.readsSockets = false
        let observer = NodeObserver(options)
        var snapshot = observer.look()
        #expect(snapshot.processes == nil && snapshot.counters == nil && snapshot.softnet == nil)
        let before = snapshot.missingEvidence.count
        let ours = try #require(linkTarget("/proc/self/ns/net").flatMap(NamespaceFinder.inode(ofLink:)))
        let child = try Programs.start("sleep", ["600"])
        defer { child.terminate() }
        let pids = [UInt32(getpid()), UInt32(child.pid)].sorted()
        observer.collect(EvidenceRequest(.processes, of: [.process(UInt32(getpid()))]), into: &snapshot)
        observer.collect(EvidenceRequest(.processes, of: Set(pids.map { .process($0) })), into: &snapshot)
        observer.collect(EvidenceRequest(.counters, of: [.namespace(ours), .namespace(7)]), into: &snapshot)
        #expect(snapshot.processes?.map(\.pid) == pids)
        #expect(snapshot.counters?.map(\.netns) == [ours])
        #expect(snapshot.softnet != nil)
        #expect(snapshot.missingEvidence.dropFirst(before).map(\.evidence) == [.counters])
    }
}
