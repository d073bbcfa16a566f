import Testing
import UnstuckDiagnosis
import UnstuckModel

/// The causes of connections that stand, each beside its control case.
@Suite("Causes beyond sockmaps")
struct CauseTests {
    private static let bytes: UInt32 = 34

    /// Two samples of a request that arrived and was not read; `change` gets the second one with both ends.
    private func unread(
        owners: [Int32] = [2210], isAccepted: Bool = true,
        _ change: (inout NodeFixture, (client: KernelSocket, server: KernelSocket)) -> Void = { _, _ in }
    ) -> Diagnosis {
        diagnose(
            (0...1).map { number in
                var node = NodeFixture(at: 100 + Double(number) * 3)
                let ends = node.plain(UnexplainedTests.client, UnexplainedTests.server, isAccepted: isAccepted)
                node.change(ends.0, UnexplainedTests.send(Self.bytes))
                node.change(ends.1, UnexplainedTests.receive(Self.bytes))
                node.snapshot.owners = owners.map {
                    SocketOwner(pid: $0, command: "web", descriptor: 17, inode: ends.1.inode, startTime: 5)
                }
                if number == 1 { change(&node, ends) }
                return node.snapshot
            })
    }

    private func process(
        _ state: ProcessState, pid: UInt32 = 2210, call: String? = nil, descriptor: UInt64 = 17
    ) -> ObservedProcess {
        var process = ObservedProcess(pid: pid, startTime: 5, name: "web", state: state, takenAt: 103)
        var thread = ObservedThread(tid: pid, name: "web", state: state, cpuTicks: 1)
        thread.systemCall = call.map {
            SystemCall(number: 0, name: .init(rawValue: $0), arguments: [descriptor, 0, 0, 0, 0, 0])
        }
        process.threads = [thread]
        return process
    }

    @Test(arguments: [ProcessState.stopped, .traced])
    func aStoppedReader(_ state: ProcessState) throws {
        let diagnosis = unread { node, _ in node.snapshot.processes = [process(state)] }
        let finding = try #require(diagnosis.findings.first)
        #expect(diagnosis.findings.map(\.code) == [.stopped])
        #expect(finding.severity == .critical)
        #expect(finding.evidence.contains(Fact("process", "web[2210] fd 17, state \(state.rawValue)")))
        #expect(finding.remedy.contains(state == .stopped ? "kill -CONT 2210" : "/proc/2210/status"))
        #expect(finding.ruledOut.contains("not accepting (it was accepted)"))
    }

    /// Without the process nothing says that it is not stopped: the finding says so, and is no more than likely.
    @Test func aReaderWhoseProcessWasNotSeen() throws {
        let finding = try #require(unread { node, _ in node.snapshot.processes = [] }.findings.first)
        #expect(finding.code == .notReading && finding.certainty == .likely)
        #expect(
            finding.evidence.contains(
                Fact("not checked", "stopped process (not read: the state of the process that should read)")))
        let seen = try #require(
            unread { node, _ in node.snapshot.processes = [process(.sleeping, call: "futex")] }.findings.first)
        #expect(seen.certainty == nil && !seen.evidence.contains { $0.label == "not checked" })
    }

    /// A descriptor that two processes share is read by the one that runs.
    @Test func oneOfTwoOwnersRuns() throws {
        let finding = try #require(
            unread(owners: [2210, 2211]) { node, _ in
                node.snapshot.processes = [process(.stopped), process(.sleeping, pid: 2211, call: "futex")]
            }.findings.first)
        #expect(finding.code == .notReading)
        #expect(finding.ruledOut.contains("stopped process (web[2211] is sleeping)"))
    }

    @Test(arguments: ["futex", "epoll_wait", "recvfrom"])
    func aReaderThatWaitsForSomethingElse(_ call: String) throws {
        let finding = try #require(
            unread { node, _ in node.snapshot.processes = [process(.sleeping, call: call, descriptor: 9)] }.findings
                .first)
        #expect(finding.code == .notReading && finding.severity == .critical)
        #expect(finding.evidence.contains(Fact("reader", "web[2210] fd 17: sleeping, in \(call)")))
    }

    /// It waits for these very bytes: that it is not woken up is no fault of the application.
    @Test(arguments: ["read", "recvmsg"])
    func aReaderThatIsNotWokenUp(_ call: String) throws {
        let finding = try #require(
            unread { node, _ in node.snapshot.processes = [process(.sleeping, call: call)] }.findings.first)
        #expect(finding.code == .unexplained)
        #expect(finding.ruledOut.contains("not reading (web[2210] is blocked in \(call) of fd 17)"))
    }

    /// Who holds it was not seen: that nobody reads stands, and no more is claimed.
    @Test func anUnknownReader() throws {
        let diagnosis = unread(owners: [])
        let finding = try #require(diagnosis.findings.first)
        #expect(finding.code == .notReading)
        #expect(finding.evidence.contains { $0.label == "reader" && $0.text.hasPrefix("not known") })
        #expect(!finding.ruledOut.contains { $0.hasPrefix("stopped process") })
    }

    @Test func ownersAndThenTheirProcessesAreAskedFor() {
        let first = unread(owners: [])
        #expect(first.wanted[.owners].count == 2 && first.wanted[.processes].isEmpty)
        #expect(unread().wanted[.processes] == [.process(2210)])
        #expect(unread().wanted[.counters] == [.namespace(1), .namespace(2)])
    }

    @Test func aConnectionThatNobodyAccepts() throws {
        let finding = try #require(
            unread(owners: [], isAccepted: false) { node, _ in
                var listener = node.socket("203.0.113.7:8080", "0.0.0.0:0", state: .listen, netns: 2, isMapped: false)
                listener.inode = 77
                node.list(listener)
                node.change(listener) {
                    $0.acceptQueue = 1
                    $0.acceptLimit = 128
                }
                node.snapshot.owners = [
                    SocketOwner(pid: 2210, command: "web", descriptor: 3, inode: 77, startTime: 5)
                ]
                node.snapshot.processes = [process(.sleeping, call: "futex")]
            }.findings.first)
        #expect(finding.code == .notAccepting && finding.severity == .critical)
        #expect(finding.evidence.contains(Fact("accept queue", "1 of at most 129 connections")))
        #expect(finding.evidence.contains(Fact("listener", "web[2210] fd 3: sleeping, in futex")))
    }

    /// Two samples of a client whose bytes are not acknowledged.
    private func unacknowledged(
        serverIsHere: Bool = true, arrived: Bool = false, _ change: @escaping (inout TCPSocket) -> Void
    ) -> Diagnosis {
        diagnose(
            (0...1).map { number in
                var node = NodeFixture(at: 100 + Double(number) * 3)
                let ends = node.plain(UnexplainedTests.client, UnexplainedTests.server)
                node.change(ends.0, UnexplainedTests.send(Self.bytes, unacknowledged: Self.bytes))
                node.change(ends.0, change)
                if arrived { node.change(ends.1, UnexplainedTests.receive(0, read: Self.bytes)) }
                if !serverIsHere { node.snapshot.sockets.removeAll { $0.socket.identity == ends.1.identity } }
                return node.snapshot
            })
    }

    @Test(arguments: [false, true])
    func lossHasADirection(_ arrived: Bool) throws {
        let finding = try #require(
            unacknowledged(arrived: arrived) {
                $0.packetsInFlight = 1
                $0.retransmits = 4
                $0.backoff = 3
            }.findings.first)
        #expect(finding.code == .loss && finding.severity == .critical)
        #expect(finding.evidence.contains(Fact("lost", arrived ? "server to client" : "client to server")))
        #expect(finding.evidence.contains(Fact("sent again", .count(4))))
    }

    @Test func lossWithOneEndHereHasNone() throws {
        let finding = try #require(
            unacknowledged(serverIsHere: false) {
                $0.packetsInFlight = 1
                $0.retransmits = 4
                $0.backoff = 3
            }.findings.first)
        #expect(finding.evidence.contains { $0.label == "lost" && $0.text.hasPrefix("direction not known") })
    }

    /// Nothing was sent again yet: it may be loss, and that is all that is said.
    @Test func inFlightAloneIsNoLoss() throws {
        let finding = try #require(unacknowledged { $0.packetsInFlight = 1 }.findings.first)
        #expect(finding.code == .unexplained)
        #expect(finding.evidence.contains(Fact("may be", "loss (1 segments in flight)")))
    }

    /// An old kernel's tcp_info has no such counters: that is no loss, and rules none out.
    @Test func countersThatWereNotToldRuleNothingOut() throws {
        let finding = try #require(
            unacknowledged(serverIsHere: false) {
                $0.packetsInFlight = nil
                $0.retransmits = nil
                $0.backoff = nil
            }.findings.first)
        #expect(finding.code == .unexplained)
        #expect(!finding.ruledOut.contains { $0.hasPrefix("loss") || $0.hasPrefix("zero window") })
        #expect(finding.evidence.contains { $0.text.contains("what the sender has in flight") })
    }

    @Test func aShutWindow() throws {
        let finding = try #require(
            unacknowledged(serverIsHere: false) {
                $0.sendWindow = 0
                $0.backoff = 5
            }.findings.first)
        #expect(finding.code == .zeroWindow && finding.severity == .critical)
        #expect(finding.evidence.contains(Fact("window", .bytes(0))))
        #expect(finding.ruledOut.contains { $0.hasPrefix("loss (nothing unacknowledged in flight") })
    }
}
