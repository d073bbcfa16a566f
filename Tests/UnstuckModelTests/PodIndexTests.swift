import Testing
import UnstuckModel

/// A pod is named where the network namespace proves it: the same address elsewhere is another one's.
@Suite("Pods of addresses")
struct PodIndexTests {
    private static let address = Endpoint("10.0.0.7:8080")
    private static let cgroups = [
        Cgroup(id: 1, path: "/kubepods/a", podUID: "a"), Cgroup(id: 2, path: "/system.slice", podUID: nil),
        Cgroup(id: 3, path: "/kubepods/b", podUID: "b"),
    ]
    private static let pods = [
        Pod(uid: "a", namespace: "shop", name: "web-0"), Pod(uid: "b", namespace: "shop", name: "web-0"),
    ]

    private static func socket(netns: UInt32, cgroup: UInt64, state: TCPState = .established) throws -> KernelSocket {
        KernelSocket(
            identity: SocketIdentity(address: UInt64(netns) << 8 | cgroup, cookie: UInt64(netns) << 8 | cgroup),
            tuple: FourTuple(local: try #require(address), remote: try #require(Endpoint("192.0.2.1:50000"))),
            state: state,
            hasSocket: true, isDead: false, inode: 7, netns: netns, cgroup: cgroup, handlers: nil, psock: nil)
    }

    private func index(_ sockets: [KernelSocket]) -> PodIndex {
        PodIndex(cgroups: Self.cgroups, pods: Self.pods, sockets: sockets)
    }

    @Test func theNamespaceDecides() throws {
        let address = try #require(Self.address).address
        let alone = index([try Self.socket(netns: 10, cgroup: 1)])
        #expect(alone.pod(at: address) == "shop/web-0")
        #expect(alone.pod(at: address, in: 10) == "shop/web-0")
        #expect(alone.pod(at: address, in: 11) == nil)
        // Another network has the same address, and no pod there.
        let twice = index([try Self.socket(netns: 10, cgroup: 1), try Self.socket(netns: 11, cgroup: 2)])
        #expect(twice.pod(at: address) == nil)
        #expect(twice.pod(at: address, in: 10) == "shop/web-0")
        let entry = SockmapEntry(key: SockmapKey([1]), socket: try Self.socket(netns: 11, cgroup: 2))
        #expect(twice.pod(of: entry, claim: entry.socket.tuple) == nil)
        // A filter by pod selects by the same index.
        let filter = EntryFilter(pods: ["shop/web-0"], index: twice)
        #expect(!filter.takes(entry, entry.socket.tuple, .zombie))
    }

    /// A socket that is dead is of a namespace that may have gone; its successor of the same name has the address now.
    @Test func aPredecessorTakesNoName() throws {
        let address = try #require(Self.address).address
        let gone = try Self.socket(netns: 9, cgroup: 99, state: .close)
        let index = index([try Self.socket(netns: 10, cgroup: 1), gone, try Self.socket(netns: 12, cgroup: 3)])
        #expect(index.pod(at: address) == "shop/web-0")
        #expect(index.pod(of: SockmapEntry(key: SockmapKey([1]), socket: gone), claim: gone.tuple) == "shop/web-0")
    }
}
