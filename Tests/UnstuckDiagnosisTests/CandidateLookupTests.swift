import Testing
import UnstuckModel

@testable import UnstuckDiagnosis

/// Failed probes of a log, looked up in snapshots.
@Suite("Candidates of a kubelet's log")
struct CandidateLookupTests {
    private static func log(_ targets: String..., client: String? = nil, pod: String? = "shop/web-0") -> KubeletLog {
        var groups = ProbeFailureGroups()
        for (line, target) in targets.enumerated() {
            let cause = ProbeFailureCause(
                .http, .candidate, "request sent, no answer in time", url: "http://\(target)/",
                target: Endpoint(target), client: client.flatMap { Endpoint($0) })
            var failure = ProbeFailure(line: line + 1, result: .failure, source: .log, output: "x", cause: cause)
            failure.pod = pod
            groups.add(failure)
        }
        var log = KubeletLog()
        log.groups = groups.sorted
        return log
    }

    private static func lookUp(
        _ log: KubeletLog, probing: Int32? = nil, _ make: (inout NodeFixture) -> Void
    ) throws -> CandidateLookups {
        let snapshots = [100.0, 103].map { time in
            var node = NodeFixture(at: time)
            make(&node)
            return node.snapshot
        }
        let view = try #require(NodeView(snapshots))
        return CandidateLookups(of: log, in: view, diagnose(view), probing: probing)
    }

    @Test(arguments: [("192.0.2.10", "203.0.113.7"), ("[2001:db8::1]", "[2001:db8::7]")])
    func staleEntries(_ client: String, _ server: String) throws {
        let found = try Self.lookUp(Self.log("\(server):8080", "\(server):9090")) { node in
            for port in 40_000..<40_006 { node.healthy("\(client):\(port)", "\(server):8080") }
            node.zombie("\(server):8080", "\(client):50504")
        }
        let one = try #require(found.lookups.first { $0.target?.port == 8080 })
        #expect(one.verdict == .atRisk && one.findings == [.zombie] && one.pods == ["shop/web-0"])
        #expect(one.connections == 6 && one.stuck == 0 && one.entries == ["live": 12, "zombie": 1])
        let other = try #require(found.lookups.first { $0.target?.port == 9090 })
        #expect(other.verdict == .nothing && other.connections == 0 && other.entries.isEmpty)
        #expect(found.hasFindings && !found.isInconclusive && found.findings.map(\.code) == [.zombie])
    }

    @Test func misdirected() throws {
        let found = try Self.lookUp(Self.log("203.0.113.7:8080")) { node in
            node.zombie("203.0.113.7:8080", "192.0.2.10:50504", queued: 18)
            _ = node.halfAccelerated("192.0.2.10:50504", "203.0.113.7:8080")
        }
        #expect(found.lookups.map(\.verdict) == [.stuck])
        #expect(found.lookups.first?.stuck == 1 && found.lookups.first?.connections == 1)
        #expect(found.findings.contains { $0.code == .misdirected })
    }

    /// A probe that was made anew has no answer: where nothing explains it, that is said.
    @Test func unanswered() throws {
        func verdicts(late: Double?, stale: Bool) throws -> [CandidateLookup.Verdict] {
            var trial = CandidateTrial(
                target: NodeFixture.endpoint("203.0.113.7:8080"), url: "http://203.0.113.7:8080/")
            (trial.unanswered, trial.lateAfter) = (1, late)
            let snapshots = [100.0, 103].map { time in
                var node = NodeFixture(at: time)
                for port in 40_000..<40_006 { node.healthy("192.0.2.10:\(port)", "203.0.113.7:8080") }
                if stale { node.zombie("203.0.113.7:8080", "192.0.2.10:50504", queued: 18) }
                if stale { _ = node.halfAccelerated("192.0.2.10:50504", "203.0.113.7:8080") }
                return node.snapshot
            }
            let view = try #require(NodeView(snapshots))
            let found = CandidateLookups(
                of: Self.log("203.0.113.7:8080"), in: view, diagnose(view), trials: [trial])
            #expect(found.hasFindings == (stale || late == nil))
            return found.lookups.map(\.verdict)
        }
        #expect(try verdicts(late: nil, stale: false) == [.unanswered])
        #expect(try verdicts(late: 1.5, stale: false) == [.nothing])
        #expect(try verdicts(late: nil, stale: true) == [.stuck])
    }

    /// The control case: the same traffic without a fault, and an address that is elsewhere.
    @Test func healthyAndElsewhere() throws {
        let found = try Self.lookUp(Self.log("203.0.113.7:8080", "203.0.113.99:8080")) { node in
            for port in 40_000..<40_006 { node.healthy("192.0.2.10:\(port)", "203.0.113.7:8080") }
        }
        #expect(found.lookups.map(\.verdict) == [.nothing, .notHere])
        #expect(!found.hasFindings && !found.isInconclusive && found.findings.isEmpty)
    }

    /// A fault of another pod is none of this log's.
    @Test func faultsOfOthersAreLeftOut() throws {
        let found = try Self.lookUp(Self.log("203.0.113.7:8080")) { node in
            for port in 40_000..<40_006 { node.healthy("192.0.2.10:\(port)", "203.0.113.7:8080") }
            node.zombie("203.0.113.9:8080", "192.0.2.10:50504")
        }
        #expect(found.lookups.map(\.verdict) == [.nothing] && found.findings.isEmpty)
    }

    /// Whether a client waits for an answer cannot be known, unless it is the failing probe itself.
    @Test func silence() throws {
        func found(client: String? = nil, probing: Int32? = nil, command: String = "curl") throws -> CandidateLookups {
            try Self.lookUp(Self.log("203.0.113.7:8080", client: client), probing: probing) { node in
                let (client, server) = node.plain("192.0.2.10:50504", "203.0.113.7:8080")
                node.change(server) {
                    ($0.bytesReceived, $0.bytesSent) = (18, 0)
                    ($0.millisecondsSinceReceive, $0.millisecondsSinceSend) = (5000, 6000)
                }
                node.snapshot.owners.append(
                    SocketOwner(pid: 812, command: command, descriptor: 5, inode: client.inode, startTime: 1))
            }
        }
        #expect(try found().lookups.map(\.verdict) == [.nothing])
        #expect(try found().findings.map(\.severity) == [.note])
        #expect(try found(client: "192.0.2.10:50505").lookups.map(\.verdict) == [.nothing])
        #expect(try found(client: "192.0.2.10:50504").lookups.map(\.verdict) == [.atRisk])
        #expect(try found(probing: 812).lookups.map(\.verdict) == [.atRisk])
        #expect(try found(probing: 813).lookups.map(\.verdict) == [.nothing])
        #expect(try found(command: "kubelet").findings.map(\.severity) == [.warning])
    }
}
