import CLinuxUAPI
import Glibc
import TestSupport
import Testing
import UnstuckModel

@testable import UnstuckKernel

/// Every TCP socket of the machine, without iter/tcp.
@Suite("Sockets of all namespaces", .serialized)
struct SocketObserverTests {
    private static let ours = linkTarget("/proc/thread-self/ns/net").flatMap(NamespaceFinder.inode(ofLink:))

    @Test(arguments: [false, true])
    func readsBothEndsAndTheirOwner(isV6: Bool) throws {
        let pair = try SocketPair(isV6: isV6)
        let observer = try SocketObserver()
        let pass = try observer.read()
        let handlers = try observer.handlers()
        #expect(pass.missingEvidence.isEmpty)
        for (descriptor, tuple) in [(pair.server, pair.tuple), (pair.client, pair.tuple.reversed)] {
            let found = pass.sockets.filter { $0.socket.tuple == tuple && $0.socket.netns == Self.ours }
            let socket = try #require(found.first)
            #expect(found.count == 1)
            #expect(socket.socket.state == .established)
            #expect(socket.socket.hasSocket && !socket.socket.isDead && socket.socket.psock == nil)
            #expect(socket.socket.inode == SocketPair.inode(descriptor))
            if try KernelUnderTest.provides(.cookie) {
                #expect(socket.socket.identity.cookie == SocketPair.cookie(descriptor))
            }
            #expect(handlers[try #require(socket.socket.handlers)].recvmsg == "tcp_recvmsg")
            #expect(socket.receiveQueue == 0 && socket.sendQueue == 0)
            let owners = observer.owners(of: [socket.socket.inode])
            #expect(owners.map(\.descriptor) == [descriptor])
            #expect(owners.first?.pid == getpid())
            #expect(owners.first?.startTime == ProcessStatus.startTime(of: getpid()))
        }
    }

    /// Two descriptors, one socket; both are its owners.
    @Test func aSocketIsThereOnce() throws {
        let pair = try SocketPair()
        let second = dup(pair.client)
        defer { close(second) }
        let observer = try SocketObserver()
        let found = try observer.read().sockets.filter { $0.socket.inode == SocketPair.inode(second) }
        #expect(found.count == 1)
        #expect(Set(observer.owners(of: Set(found.map(\.socket.inode))).map(\.descriptor)) == [pair.client, second])
    }

    /// Connections that nobody has accepted have no descriptor.
    @Test func readsWhatWaitsForAccept() throws {
        let listener = try Self.listener()
        defer { close(listener) }
        let clients = try (0..<3).map { _ in try Self.connect(to: listener) }
        defer { clients.forEach { close($0) } }
        let port = try SocketPair.port(of: listener, isV6: false)
        let pass = try SocketObserver().read()
        let waiting = pass.sockets.filter { $0.socket.tuple.local.port == port && $0.socket.state == .established }
        #expect(waiting.count == 3)
        #expect(waiting.allSatisfy { !$0.socket.hasSocket && $0.socket.inode == 0 && $0.socket.netns == Self.ours })
        let listening = pass.sockets.filter { $0.socket.tuple.local.port == port && $0.socket.state == .listen }
        #expect(listening.map(\.acceptQueue) == [3])
    }

    /// A namespace in which no process is, and that has no name.
    @Test func readsNamespacesThatOnlySocketsKeep() throws {
        let listener = try NamespaceThread.onThread {
            try syscall("unshare", on: "the network") { linux_new_network() }
            return try Self.listener()
        }
        let inode = SocketPair.inode(listener)
        let pass = try SocketObserver().read()
        let found = try #require(pass.sockets.first { $0.socket.inode == inode })
        #expect(found.socket.netns != Self.ours)
        #expect(pass.namespaces.contains(found.socket.netns))
        // The whole look names it, and calls it read.
        var options = NodeObserver.Options()
        options.maps = [.max]
        let look = NodeObserver(options).look()
        #expect(look.namespaces.contains { $0.inode == found.socket.netns && $0.wasRead && $0.process == nil })
        close(listener)
        let isGone = try Wait.until { try !SocketObserver().read().namespaces.contains(found.socket.netns) }
        #expect(isGone)
    }

    /// A descriptor that was closed while its socket is mapped: no process shows it, the hash table has it.
    @Test func readsSocketsWithoutADescriptor() throws {
        let pair = try SocketPair()
        let inode = SocketPair.inode(pair.server)
        let size = 4096
        let mapping = unsafe mmap(nil, size, PROT_READ, MAP_SHARED, pair.server, 0)
        defer { unsafe _ = munmap(mapping, size) }
        #expect(unsafe mapping != MAP_FAILED)
        pair.closeServer()
        let observer = try SocketObserver()
        let pass = try observer.read()
        let found = pass.sockets.filter { $0.socket.inode == inode }
        #expect(found.map(\.socket.tuple) == [pair.tuple])
        #expect(found.allSatisfy { $0.socket.state == .established && $0.socket.handlers != nil })
        #expect(pass.unowned >= 1)
        #expect(observer.owners(of: [inode]).isEmpty)
    }

    /// Connections that stand are read in every pass, once each, while others come and go; the kernel's own count agrees.
    @Test func standsChurn() throws {
        let standing = try (0..<Scale.of(100, small: 20)).map { try SocketPair(isV6: $0 % 2 == 0) }
        let wanted = Set(standing.flatMap { [SocketPair.inode($0.server), SocketPair.inode($0.client)] })
        let stop = Flag()
        let churn = try JoinableThread {
            while !stop.isSet { _ = try SocketPair() }
        }
        defer { stop.set() }
        let observer = try SocketObserver()
        let found = NamespaceFinder(root: NodeRoot()).find()
        for _ in 0..<Scale.of(100, small: 10) {
            let before = SocketCounts(of: found, root: NodeRoot())
            let pass = try observer.read()
            let after = SocketCounts(of: found, root: NodeRoot())
            let inodes = pass.sockets.map(\.socket.inode).filter { wanted.contains($0) }
            #expect(inodes.count == wanted.count && Set(inodes) == wanted)
            #expect(pass.tornChains == 0)
            #expect(SocketCounts.missing(before: before, after: after, seen: pass.counts).isEmpty)
        }
        stop.set()
        try churn.wait()
    }

    /// A count that is not reached is no mistake of the counting: sockets that are left out are missed.
    @Test func countsWhatIsMissing() throws {
        let pairs = try (0..<10).map { _ in try SocketPair() }
        let ours = try #require(Self.ours)
        let found = NamespaceFinder(root: NodeRoot()).find()
        // Others on this machine may open connections meanwhile, which makes a difference mean nothing: ask again.
        var missing: [UInt32: Int] = [:]
        _ = try Wait.until {
            let before = SocketCounts(of: found, root: NodeRoot())
            var pass = try SocketObserver().read()
            pass.sockets.removeAll { socket in
                pairs.contains { socket.socket.inode == SocketPair.inode($0.server) }
            }
            let after = SocketCounts(of: found, root: NodeRoot())
            missing = SocketCounts.missing(before: before, after: after, seen: pass.counts)
            return missing[ours] == 10
        }
        #expect(missing[ours] == 10)
    }

    private static func listener() throws -> Int32 {
        let listener = try syscall("socket", on: "loopback") { socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
        try syscall("listen", on: "loopback") { listen(listener, 16) }
        return listener
    }

    private static func connect(to listener: Int32) throws -> Int32 {
        let client = try syscall("socket", on: "loopback") { socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
        let port = try SocketPair.port(of: listener, isV6: false)
        unsafe try SocketPair.withAddress(isV6: false, port: port) { address, size in
            _ = try syscall("connect", on: "loopback") { unsafe Glibc.connect(client, address, size) }
        }
        return client
    }
}
