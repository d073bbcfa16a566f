import CLinuxUAPI
import Glibc
import TestSupport
import Testing
import UnstuckModel

@testable import UnstuckKernel

/// Interfaces of namespaces of the test's own.
@Suite("Links, qdiscs and neighbours", .serialized)
struct LinkReaderTests {
    private static let commands = [
        "link add va type veth peer name vb", "addr add 192.0.2.1/24 dev va", "link set va up", "link set vb up",
    ]

    @Test func aPairInOneNamespace() throws {
        let network = try PrivateNetwork(Self.commands)
        let reading = LinkReader().read(namespaces: [(network.inode, network.path)])
        #expect(reading.missingEvidence.isEmpty)
        let loopback = try #require(reading.links.first { $0.name == "lo" })
        #expect(loopback.isUp && loopback.kind == nil && loopback.peerIndex == nil && loopback.peerNetns == nil)
        let one = try #require(reading.links.first { $0.name == "va" })
        let other = try #require(reading.links.first { $0.name == "vb" })
        #expect(one.kind == "veth" && one.peerIndex == other.index && other.peerIndex == one.index)
        #expect(one.peerNetns == network.inode && one.mtu == 1500)
        #expect(one.hardwareAddress?.count == 17)
        try network.ip("link set vb down")
        try expectSoon("the carrier stayed") {
            let links = LinkReader().read(namespaces: [(network.inode, network.path)]).links
            let one = try #require(links.first { $0.name == "va" })
            return one.isUp && one.hasCarrier == false && one.operationalState != .up
        }
    }

    @Test func aPairAcrossNamespaces() throws {
        let one = try PrivateNetwork(["link add va type veth peer name vb"])
        let other = try PrivateNetwork()
        try one.ip("link set vb netns /proc/\(getpid())/fd/\(other.path.split(separator: "/").last ?? "")")
        // Either end names the other, whether or not the other one is wanted, too.
        for (here, there) in [(one, other), (other, one)] {
            let reading = LinkReader().read(
                namespaces: [(here.inode, here.path)], others: [(there.inode, there.path)])
            let link = try #require(reading.links.first { $0.kind == "veth" })
            #expect(link.peerNetns == there.inode)
            let peer = LinkReader().read(namespaces: [(there.inode, there.path)]).links.first { $0.kind == "veth" }
            #expect(link.peerIndex == peer?.index)
            // Nothing leads to its namespace: it is not reported, and nothing else is.
            #expect(peer?.peerNetns == nil)
        }
    }

    @Test func whatWaitsInAQdisc() throws {
        let network = try PrivateNetwork(Self.commands)
        try network.ip("neigh add 192.0.2.7 lladdr 02:00:00:00:00:09 dev va nud permanent")
        try network.run("tc", "qdisc add dev va root tbf rate 8bit burst 2000 limit 100000")
        // Packets that wait keep their socket, and that keeps the namespace: for an hour, at a byte a second.
        defer { #expect(throws: Never.self) { try network.run("tc", "qdisc del dev va root") } }
        try network.run {
            let descriptor = try syscall("socket", on: "UDP") { socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0) }
            defer { close(descriptor) }
            let address: [UInt8] = [192, 0, 2, 7]
            try syscall("connect", on: "192.0.2.7") { unsafe linux_connect(descriptor, address, 4, 9) }
            let payload = [UInt8](repeating: 0, count: 1000)
            for _ in 0..<6 {
                try syscall("send", on: "192.0.2.7") { unsafe send(descriptor, payload, payload.count, 0) }
            }
        }
        let reading = LinkReader().read(namespaces: [(network.inode, network.path)])
        let link = try #require(reading.links.first { $0.name == "va" })
        let qdisc = try #require(reading.qdiscs.first { $0.linkIndex == link.index && $0.kind == "tbf" })
        #expect(qdisc.isRoot && qdisc.netns == network.inode)
        // Two packets of 1042 bytes do not fit the bucket; the others wait, at a byte a second.
        #expect((qdisc.backlogPackets ?? 0) >= 4 && (qdisc.backlogBytes ?? 0) >= 4 * 1042)
        #expect((qdisc.overlimits ?? 0) > 0 && qdisc.drops == 0)
        let neighbour = try #require(reading.neighbours.first { $0.address == IPAddress("192.0.2.7") })
        #expect(neighbour.state == .permanent && neighbour.hardwareAddress == "02:00:00:00:00:09")
        #expect(neighbour.linkIndex == link.index && neighbour.netns == network.inode)
    }

    @Test func aNeighbourThatDoesNotAnswer() throws {
        let network = try PrivateNetwork(Self.commands)
        try network.run {
            let descriptor = try syscall("socket", on: "UDP") { socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0) }
            defer { close(descriptor) }
            let address: [UInt8] = [192, 0, 2, 8]
            try syscall("connect", on: "192.0.2.8") { unsafe linux_connect(descriptor, address, 4, 9) }
            try syscall("send", on: "192.0.2.8") { unsafe send(descriptor, address, 4, 0) }
        }
        expectSoon("it never failed") {
            let neighbours = LinkReader().read(namespaces: [(network.inode, network.path)]).neighbours
            let found = neighbours.first { $0.address == IPAddress("192.0.2.8") }
            return found?.state == .failed && found?.hardwareAddress == nil
        }
    }

    @Test func ofOurOwnNamespaceOnDemand() throws {
        var options = NodeObserver.Options()
        options.maps = [.max]
        options.readsSockets = false
        let observer = NodeObserver(options)
        var snapshot = observer.look()
        #expect(snapshot.links == nil && snapshot.qdiscs == nil && snapshot.neighbours == nil)
        let ours = try #require(linkTarget("/proc/self/ns/net").flatMap(NamespaceFinder.inode(ofLink:)))
        for _ in 1...2 { observer.collect(EvidenceRequest(.links, of: [.namespace(ours)]), into: &snapshot) }
        #expect(snapshot.links?.filter { $0.name == "lo" }.count == 1)
        #expect(snapshot.qdiscs != nil && snapshot.neighbours != nil)
        let gone = LinkReader().read(namespaces: [(7, "/proc/self/nothing")])
        #expect(gone.missingEvidence.map(\.evidence) == [.links])
    }
}
