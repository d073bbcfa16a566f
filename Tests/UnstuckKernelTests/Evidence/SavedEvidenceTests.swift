import Foundation
import Testing
import UnstuckModel

@testable import UnstuckKernel

/// Evidence of the whole machine, and what becomes of it in a file.
@Suite("Evidence in saved snapshots", .serialized)
struct SavedEvidenceTests {
    private static func snapshot() -> (observer: NodeObserver, snapshot: Snapshot) {
        var options = NodeObserver.Options()
        options.maps = [.max]
        options.readsSockets = false
        let observer = NodeObserver(options)
        return (observer, observer.look())
    }

    private static func saved(_ snapshot: Snapshot) throws -> Snapshot {
        try JSONDecoder().decode(Snapshot.self, from: JSONEncoder().encode(snapshot))
    }

    /// Whatever runs on this machine, comes and goes: everything is read or named, and comes back from a file as it was.
    @Test func ofEverythingThatRuns() throws {
        var (observer, snapshot) = Self.snapshot()
        let namespaces = NamespaceFinder(root: NodeRoot()).find().map(\.namespace.inode)
        var wanted = EvidenceRequest(.processes, of: Set(processIDs(NodeRoot()).map { .process(UInt32($0)) }))
        wanted[.counters] = Set(namespaces.map { .namespace($0) })
        wanted[.links] = wanted[.counters]
        observer.collect(wanted, into: &snapshot)
        let processes = try #require(snapshot.processes)
        let paths = processes.flatMap { Array($0.controllerCgroups.values) + [$0.cgroup ?? "/"] }
        observer.collect(EvidenceRequest(.cgroups, of: Set(paths.map { .cgroup($0) })), into: &snapshot)
        #expect(processes.contains { $0.pid == UInt32(getpid()) })
        #expect(processes.reduce(0) { $0 + $1.threads.count } <= ProcessReader.Bounds().threads)
        let cgroups = try #require(snapshot.cgroupStates)
        #expect(cgroups.contains { $0.path == "/" })
        let again = try Self.saved(snapshot)
        #expect(again.processes == snapshot.processes)
        #expect(again.counters == snapshot.counters)
        #expect(again.softnet == snapshot.softnet)
        #expect(again.cgroupStates == snapshot.cgroupStates)
        #expect(again.links == snapshot.links)
        #expect(again.qdiscs == snapshot.qdiscs)
        #expect(again.neighbours == snapshot.neighbours)
        #expect(again.missingEvidence == snapshot.missingEvidence)
    }

    /// Snapshots that were saved before this evidence was read.
    @Test func whatWasNotReadIsAbsent() throws {
        let (_, snapshot) = Self.snapshot()
        let text = try String(decoding: JSONEncoder().encode(snapshot), as: UTF8.self)
        for name in ["processes", "counters", "softnet", "cgroupStates", "links", "qdiscs", "neighbours"] {
            #expect(!text.contains("\"\(name)\":"))
        }
        let again = try Self.saved(snapshot)
        #expect(again.processes == nil && again.counters == nil && again.softnet == nil && again.cgroupStates == nil)
        #expect(again.links == nil && again.qdiscs == nil && again.neighbours == nil)
    }
}
