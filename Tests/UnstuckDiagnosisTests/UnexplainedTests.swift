import Testing
import UnstuckDiagnosis
import UnstuckModel

/// `stuck.unexplained` and its control cases: the same, but something moves.
@Suite("Connections that hold bytes and do not move")
struct UnexplainedTests {
    static let client = "192.0.2.10:50504"
    static let server = "203.0.113.7:8080"

    /// Two samples of one connection, `seconds` apart; `change` gets the number of the sample.
    func samples(
        _ seconds: Double = 3, _ change: (inout NodeFixture, (client: KernelSocket, server: KernelSocket), Int) -> Void
    ) -> [Snapshot] {
        (0...1).map { number in
            var node = NodeFixture(at: 100 + Double(number) * seconds)
            let (client, server) = node.plain(Self.client, Self.server)
            change(&node, (client, server), number)
            return node.snapshot
        }
    }

    /// So many bytes arrived at an end and were not read.
    static func receive(_ bytes: UInt32, read: UInt32 = 0) -> (inout TCPSocket) -> Void {
        { end in
            end.receiveNext = end.receiveNext.map { $0 &+ bytes &+ read }
            end.copiedSequence = end.copiedSequence.map { $0 &+ read }
            end.bytesReceived = UInt64(bytes + read)
        }
    }

    /// So many bytes left an end, of which the last `unacknowledged` were not acknowledged.
    static func send(_ bytes: UInt32, unacknowledged: UInt32 = 0) -> (inout TCPSocket) -> Void {
        { end in
            end.sendNext = end.sendNext.map { $0 &+ bytes }
            end.writeSequence = end.writeSequence.map { $0 &+ bytes }
            end.sendUnacked = end.sendUnacked.map { $0 &+ (bytes - unacknowledged) }
            end.bytesSent = UInt64(bytes)
            end.bytesAcked = UInt64(1 + bytes - unacknowledged)
        }
    }

    /// A request of 34 bytes that nobody reads.
    func unreadRequest(_ seconds: Double = 3) -> [Snapshot] {
        samples(seconds) { node, ends, _ in
            node.change(ends.client, Self.send(34))
            node.change(ends.server, Self.receive(34))
            node.snapshot.owners = [
                SocketOwner(pid: 2210, command: "web", descriptor: 17, inode: ends.server.inode, startTime: 5)
            ]
        }
    }

    @Test func anUnreadRequest() throws {
        let diagnosis = diagnose(unreadRequest())
        let finding = try #require(diagnosis.findings.first)
        #expect(diagnosis.findings.count == 1)
        #expect(finding.code == .notReading && finding.severity == .critical)
        let row = try #require(finding.connections?.first)
        #expect(finding.connections?.count == 1)
        #expect(row.tuple == NodeFixture.tuple(Self.client, Self.server))
        #expect(row.place == .init(side: .server, queue: .receive))
        #expect(row.bytes == 34 && row.seconds == 3)
        #expect(row.ends.map(\.side) == [.client, .server])
        #expect(row.ends.map(\.unreadBytes) == [0, 34])
        #expect(row.ends.map(\.unacknowledgedBytes) == [0, 0])
        #expect(row.ends.map(\.holder?.pid) == [nil, 2210])
        #expect(diagnosis.hasFindings && !diagnosis.isInconclusive)
    }

    /// The receiver's window is shut: both ends hold bytes, and it is one connection.
    @Test func aBulkThatNobodyReads() throws {
        let findings = diagnose(
            samples { node, ends, number in
                node.change(ends.client, Self.send(900_000, unacknowledged: 600_000))
                node.change(ends.server, Self.receive(300_000))
                // Window probes, answered each time: segments move, and no byte does.
                node.change(ends.client) {
                    $0.segmentsOut = 700 + UInt32(number)
                    $0.segmentsIn = 500 + UInt32(number)
                    $0.backoff = UInt8(3 + number)
                    $0.sendWindow = 0
                }
            }
        ).findings
        #expect(findings.map(\.code) == [.notReading])
        #expect(findings.first?.evidence.contains { $0.label == "window" } == true)
        let row = try #require(findings.first?.connections?.first)
        #expect(row.place == .init(side: .server, queue: .receive) && row.bytes == 300_000)
        #expect(row.ends.map(\.unacknowledgedBytes) == [600_000, 0])
    }

    /// Loss: retransmissions count as sent bytes and segments, and nothing is acknowledged.
    @Test func retransmissionsAreNoProgress() throws {
        let findings = diagnose(
            samples { node, ends, number in
                node.change(ends.client, Self.send(34, unacknowledged: 34))
                node.change(ends.client) {
                    $0.bytesSent = 34 * UInt64(2 + number)
                    $0.retransmits = UInt32(1 + number)
                    $0.segmentsOut = 9 + UInt32(number)
                }
            }
        ).findings
        let row = try #require(findings.first?.connections?.first)
        #expect(row.place == .init(side: .client, queue: .send))
        #expect(findings.first?.subject.holders.isEmpty == true)
    }

    @Test func oneEndHere() throws {
        let findings = diagnose(
            [100.0, 103].map { time in
                var node = NodeFixture(at: time)
                let end = node.socket(Self.client, Self.server, isMapped: false)
                node.list(end)
                node.change(end, Self.send(34, unacknowledged: 34))
                return node.snapshot
            }
        ).findings
        let row = try #require(findings.first?.connections?.first)
        #expect(row.ends.count == 1 && row.ends.first?.side == .client)
        #expect(row.tuple == NodeFixture.tuple(Self.client, Self.server))
    }

    @Test func neverAccepted() throws {
        let looks = [100.0, 103].map { time in
            var node = NodeFixture(at: time)
            let (client, server) = node.plain(Self.client, Self.server, isAccepted: false)
            node.change(client, Self.send(34))
            node.change(server, Self.receive(34))
            return node.snapshot
        }
        let row = try #require(diagnose(looks).findings.first?.connections?.first)
        #expect(row.ends.last?.isAccepted == false)
    }

    // MARK: Control cases

    @Test(
        arguments: [
            // Slow, but read: one byte in three seconds, while more waits.
            { number in (receive(100_000, read: UInt32(number)), send(100_000 + UInt32(number))) },
            // As much unread as before, and other bytes.
            { number in (receive(4096, read: UInt32(number) * 4096), send(4096 + UInt32(number) * 4096)) },
            // Nobody reads yet, and more arrives.
            { number in (receive(34 + UInt32(number)), send(34 + UInt32(number))) },
            // A sender whose bytes are acknowledged, some of them.
            { number in
                (receive(0, read: UInt32(number) * 1460), send(60_000, unacknowledged: 60_000 - UInt32(number) * 1460))
            },
            // A sender that writes more.
            { number in (receive(0), send(60_000 + UInt32(number), unacknowledged: 60_000 + UInt32(number))) },
            // Idle: nothing waits.
            { _ in (receive(0, read: 500), send(500)) },
        ] as [@Sendable (Int) -> ((inout TCPSocket) -> Void, (inout TCPSocket) -> Void)])
    func whatMovesIsNotStuck(_ change: @Sendable (Int) -> ((inout TCPSocket) -> Void, (inout TCPSocket) -> Void)) {
        let diagnosis = diagnose(
            samples { node, ends, number in
                let (server, client) = change(number)
                node.change(ends.server, server)
                node.change(ends.client, client)
            })
        #expect(!diagnosis.hasFindings)
        #expect(!diagnosis.isInconclusive)
    }

    /// The other direction moves: the connection does.
    @Test func oneDirectionIsEnough() {
        let diagnosis = diagnose(
            samples { node, ends, number in
                node.change(ends.server, Self.receive(34))
                node.change(ends.server, Self.send(1000 * UInt32(number + 1)))
            })
        #expect(diagnosis.findings.isEmpty && !diagnosis.isInconclusive)
    }

    /// Its peer has closed: a descriptor that was forgotten, or an application at leisure.
    @Test func unreadAfterTheEndIsANote() throws {
        let diagnosis = diagnose(
            [100.0, 103].map { time in
                var node = NodeFixture(at: time)
                let end = node.socket(Self.server, Self.client, state: .closeWait, isMapped: false)
                node.list(end)
                node.change(end, Self.receive(34))
                return node.snapshot
            })
        #expect(diagnosis.findings.map(\.code) == [.closedUnread])
        #expect(diagnosis.findings.map(\.severity) == [.note])
        #expect(!diagnosis.hasFindings && !diagnosis.isInconclusive)
    }

    @Test func whatIsGoneIsNotStuck() {
        var looks = unreadRequest()
        looks[1].sockets = []
        let diagnosis = diagnose(looks)
        #expect(diagnosis.findings.isEmpty && !diagnosis.isInconclusive)
    }

    @Test func whatIsNewIsNotStuck() {
        var looks = unreadRequest()
        looks[0].sockets = []
        let diagnosis = diagnose(looks)
        #expect(diagnosis.findings.isEmpty && !diagnosis.isInconclusive)
        // Unless nobody saw its namespace then.
        looks[0].namespaces = [1, 2].map { NetworkNamespace(inode: $0, name: nil, process: nil, wasRead: false) }
        #expect(diagnose(looks).unsettled.map(\.reason) == [.notRead])
    }

    /// The port was used again: another connection.
    @Test func anotherSocketIsAnotherConnection() {
        var looks = unreadRequest()
        for index in looks[0].sockets.indices { looks[0].sockets[index].socket.identity.cookie += 100 }
        #expect(diagnose(looks).findings.isEmpty)
    }

    // MARK: What one cannot tell

    @Test func oneSampleIsInconclusive() {
        let diagnosis = diagnose([unreadRequest()[1]])
        #expect(diagnosis.findings.isEmpty)
        #expect(diagnosis.unsettled.map(\.reason) == [.oneSample])
        #expect(diagnosis.wantsSecondSample && diagnosis.isInconclusive)
    }

    @Test func tooSoonIsInconclusive() {
        let diagnosis = diagnose(unreadRequest(1.9))
        #expect(diagnosis.findings.isEmpty)
        #expect(diagnosis.unsettled.map(\.reason) == [.tooShort])
        #expect(diagnose(unreadRequest(2)).findings.count == 1)
    }

    /// A counter that was not read is no counter that stood still.
    @Test func absentIsNotZero() {
        let looks = samples { node, ends, number in
            node.change(ends.server, Self.receive(34))
            node.change(ends.server) {
                ($0.copiedSequence, $0.receiveNext) = (nil, nil)
                ($0.bytesReceived, $0.bytesAcked) = (nil, nil)
                $0.queues = .init(receive: 34, send: 0)
            }
        }
        #expect(diagnose(looks).findings.isEmpty)
        #expect(diagnose(looks).unsettled.map(\.reason) == [.notRead])
    }

    /// INET_DIAG: queues and byte counters, no sequence numbers; both ends are one connection all the same.
    @Test func queuesAndCountersAreEnough() throws {
        let findings = diagnose(
            samples { node, ends, _ in
                for (end, queues) in [
                    (ends.client, TCPSocket.Queues(receive: 0, send: 600)), (ends.server, .init(receive: 34, send: 0)),
                ] {
                    node.change(end) {
                        ($0.copiedSequence, $0.receiveNext, $0.sendNext) = (nil, nil, nil)
                        ($0.sendUnacked, $0.writeSequence) = (nil, nil)
                        $0.queues = queues
                    }
                }
            }
        ).findings
        #expect(findings.count == 1)
        #expect(findings.first?.connections?.first?.ends.count == 2)
    }

    // MARK: Redirected bytes

    /// An accelerated connection with a request in its server's queue; `oldest` names its message in each sample.
    func redirected(_ oldest: [UInt64?], isAccepted: Bool = true, watch: (KernelSocket) -> QueueWatch?) -> [Snapshot] {
        oldest.enumerated().map { number, oldest in
            var node = NodeFixture(at: 100 + Double(number) * 3)
            let client = node.socket(Self.client, Self.server)
            var server = node.socket(Self.server, Self.client, netns: 2, hasSocket: isAccepted, queued: 34)
            server.psock?.oldestMessage = oldest
            for end in [client, server] {
                node.list(end)
                node.file(end)
            }
            if number == 1 { node.snapshot.queueWatch = watch(server) }
            return node.snapshot
        }
    }

    func watched(_ readings: Int = RedirectedQueues.readings, isChanged: Bool = false) -> (KernelSocket) -> QueueWatch?
    {
        { server in
            var watch = QueueWatch()
            watch.readings = readings
            if isChanged { watch.changed = [server.identity] } else { watch.unchanged = [server.identity] }
            return watch
        }
    }

    @Test func aQueueThatStands() throws {
        let findings = diagnose(redirected([7, 7], watch: watched())).findings
        #expect(findings.map(\.code) == [.notReading])
        let row = try #require(findings.first?.connections?.first)
        #expect(row.place == .init(side: .server, queue: .redirected) && row.bytes == 34)
        #expect(findings.first?.subject.entries.count == 2)
    }

    /// One request of a busy connection looks like the next one.
    @Test func aQueueThatIsFilledAgainIsNotStuck() {
        for looks in [
            redirected([7, 8], watch: watched()), redirected([7, 7], watch: watched(isChanged: true)),
        ] {
            let diagnosis = diagnose(looks)
            #expect(diagnosis.findings.isEmpty && !diagnosis.isInconclusive)
        }
    }

    @Test func withoutProofItIsInconclusive() {
        for looks in [
            redirected([nil, nil], watch: watched()), redirected([7, 7], watch: watched(4)),
            redirected([7, 7]) { _ in nil }, redirected([7, 7]) { _ in QueueWatch() },
        ] {
            let diagnosis = diagnose(looks)
            #expect(diagnosis.findings.isEmpty)
            #expect(diagnosis.unsettled.map(\.reason) == [.redirected])
        }
    }

    /// Nobody can read what nobody accepted.
    @Test func aQueueBeforeAcceptNeedsNoProof() {
        #expect(
            diagnose(redirected([nil, nil], isAccepted: false) { _ in nil }).findings.map(\.code) == [.notAccepting])
    }

    @Test func queuesAreWatchedBetweenSamples() throws {
        let looks = redirected([7, 7]) { _ in nil }
        var queues = RedirectedQueues(try #require(NodeView([looks[0]])))
        #expect(!queues.isEmpty)
        queues.add(looks[0])
        #expect(queues.result.readings == 1 && queues.result.unchanged.count == 1)
        // Missed once: neither the same nor another.
        var missed = queues
        var empty = looks[0]
        empty.sockets = []
        missed.add(empty)
        #expect(missed.isEmpty && missed.result.unchanged.isEmpty && missed.result.changed.isEmpty)
        queues.add(redirected([8]) { _ in nil }[0])
        #expect(queues.isEmpty && queues.result.changed.count == 1)
    }

    // MARK: Beside other findings

    /// Its bytes went to another socket: that is what it is, whatever else it holds.
    @Test func aBetterFindingStandsAlone() {
        let looks = [100.0, 103].map { time in
            var node = NodeFixture(at: time)
            node.zombie(Self.server, Self.client, queued: 18)
            let (_, server) = node.halfAccelerated(Self.client, Self.server)
            node.change(server, Self.receive(7))
            return node.snapshot
        }
        #expect(diagnose(looks).findings.map(\.code) == [.misdirected, .disclosure, .zombie])
    }

    /// Two hundred of a kind are one finding.
    @Test func whatIsAlikeIsOneFinding() throws {
        let looks = [100.0, 103].map { time in
            var node = NodeFixture(at: time)
            for number in 0..<200 {
                let (client, server) = node.plain("192.0.2.10:\(40_000 + number)", Self.server)
                node.change(client, Self.send(34))
                node.change(server, Self.receive(34 + UInt32(number)))
            }
            let other = node.plain("192.0.2.10:50505", "203.0.113.8:8080")
            node.change(other.1, Self.receive(1))
            return node.snapshot
        }
        let diagnosis = diagnose(looks)
        #expect(diagnosis.findings.map { $0.connections?.count } == [200, 1])
        #expect(diagnosis.findings.first?.connections?.first?.bytes == 233)
        #expect(diagnosis.checked.connections == 201)
    }

    /// With `--map` only what has to do with that map is asked about.
    @Test func chosenMapsAlone() {
        var looks = unreadRequest()
        for index in looks.indices { looks[index].selectedMaps = [NodeFixture.map] }
        let diagnosis = diagnose(looks)
        #expect(diagnosis.findings.isEmpty && !diagnosis.isInconclusive)
        #expect(diagnosis.checked.connections == 0)
        let inMap = redirected([7, 7], watch: watched()).map { look in
            var look = look
            look.selectedMaps = [NodeFixture.map]
            return look
        }
        #expect(diagnose(inMap).findings.count == 1)
        #expect(diagnose(inMap).checked.connections == 1)
    }

    @Test func connectionsAreCountedOnce() {
        var node = NodeFixture()
        node.healthy("192.0.2.10:40000", Self.server)
        node.list(node.socket("192.0.2.10:40001", "198.51.100.1:443", isMapped: false))
        node.list(node.socket("192.0.2.10:40002", "198.51.100.1:443", state: .timeWait, isMapped: false))
        let diagnosis = diagnose([node.snapshot])
        #expect(diagnosis.checked.connections == 2)
        #expect(diagnosis.checked.causes == FindingCatalogue.causes.count)
    }
}
