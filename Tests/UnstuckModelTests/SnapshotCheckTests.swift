import Testing
import UnstuckModel

@Suite("Bundles that anybody may have written")
struct SnapshotCheckTests {
    private func bundle(_ change: (inout Sockmap) -> Void) -> Bundle {
        var look = Snapshot(takenAt: 1, monotonic: 1, host: "a", boot: "b", kernelRelease: "c")
        var map = Sockmap(id: 7, name: "m", kind: .sockhash, keySize: 44, valueSize: 4, maxEntries: 10)
        change(&map)
        look.sockmaps = [map]
        return Bundle(unstuck: "1", snapshots: [look])
    }

    @Test func whatACollectSavesIsTaken() { #expect(bundle { _ in }.flaw == nil) }

    @Test func withoutALook() { #expect(Bundle(unstuck: "1", snapshots: []).flaw != nil) }

    @Test(arguments: [Int.min, -1, 0, Int.max])
    func sizesThatNoMapHas(_ size: Int) {
        #expect(bundle { $0.keySize = size }.flaw != nil)
        #expect(bundle { $0.maxEntries = size }.flaw != nil)
        if size != 0 { #expect(bundle { $0.valueSize = size }.flaw != nil) }
    }

    @Test func sizesThatTheLargestMapHas() {
        #expect(bundle { $0.keySize = 512 }.flaw == nil, "it is listed, and not read")
        #expect(bundle { $0.keySize = 513 }.flaw != nil)
        #expect(bundle { ($0.maxEntries, $0.valueSize) = (Int(UInt32.max), 0) }.flaw == nil)
    }

    @Test(arguments: [-1, 1e11, 1e300, .infinity, .nan])
    func timesThatAreNone(_ time: Double) {
        var bundle = bundle { _ in }
        bundle.snapshots[0].monotonic = time
        #expect(bundle.flaw == "snapshot 1: it was taken at no time")
        bundle.snapshots[0].monotonic = 1
        bundle.snapshots[0].takenAt = time
        #expect(bundle.flaw != nil)
    }

    @Test func twoMapsOfOneID() {
        var bundle = bundle { _ in }
        bundle.snapshots[0].sockmaps.append(bundle.snapshots[0].sockmaps[0])
        #expect(bundle.flaw == "snapshot 1: two sockmaps have one id")
    }

    @Test func aRangeOfPortsTheWrongWayRound() {
        var bundle = bundle { _ in }
        var namespace = NetworkNamespace(inode: 9, name: nil, process: nil, wasRead: true)
        namespace.localPorts = LocalPorts(low: 2, high: 1)
        bundle.snapshots[0].namespaces = [namespace]
        #expect(bundle.flaw == "snapshot 1: network namespace 9: no range of ports from 2 to 1")
    }

    /// By the clock that nobody sets; another boot's samples stand apart, whatever their clock says, and so do another host's.
    @Test func samplesAreSortedOut() {
        func look(_ boot: String, _ monotonic: Double, _ takenAt: Double) -> Snapshot {
            Snapshot(takenAt: takenAt, monotonic: monotonic, host: "a", boot: boot, kernelRelease: "c")
        }
        let now = [look("b", 10, 2000), look("b", 13, 1500)]  // somebody set the clock back
        let before = look("a", 90_000, 900)
        for looks in [now + [before], [before] + now, [now[1], before, now[0]], now + now + [before, before]] {
            let nodes = NodeSamples.sorted(looks)
            #expect(nodes.map(\.boot) == ["a", "b"])
            #expect(nodes.map { $0.snapshots.map(\.monotonic) } == [[90_000], [10, 13]])
        }
        var other = look("b", 11, 1501)
        other.host = "other"
        var scoped = look("b", 12, 1502)
        scoped.selectedMaps = [7]
        let nodes = NodeSamples.sorted([other, scoped] + now)
        #expect(nodes.map(\.host) == ["a", "a", "other"])
        #expect(nodes.map { $0.snapshots.map(\.monotonic) } == [[10, 13], [12], [11]], "\(nodes)")
    }

    @Test func keysOfAnotherLength() {
        var walk = SockmapWalk()
        walk.entries = [WalkedEntry(key: SockmapKey([1, 2, 3]))]
        #expect(bundle { $0.walk = walk }.flaw == "snapshot 1: sockmap 7: a key does not have 44 bytes")
    }

    @Test(arguments: [(Int.max, 1), (1, Int.max), (-1, 4), (4, -1)])
    func membersOutsideOfTheKey(_ offset: Int, _ size: Int) {
        let member = KeyType.Member(name: "a", type: "int", offset: offset, size: size)
        #expect(bundle { $0.keyType = KeyType(name: "k", size: 44, members: [member]) }.flaw != nil)
    }
}
