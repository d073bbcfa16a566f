import Testing
import UnstuckDiagnosis
import UnstuckModel

/// `sockmap.fionread` where bytes stand: each case beside the control case that looks like it.
@Suite("FIONREAD stalls")
struct FionreadTests {
    static let reader = "192.0.2.10:50504"
    static let peer = "203.0.113.7:8080"
    static let unread: UInt32 = 119_808

    /// What a made-up node is like; as it is: a stall on a kernel of the window, by a reader that nobody saw.
    struct Node {
        var release = "6.18.44"
        var recvmsg = "tcp_bpf_recvmsg"
        var ioctl: String? = "tcp_bpf_ioctl"
        var isMapped = true
        /// Bytes are read between the samples.
        var isSlow = false
        /// The system call that the reader's only thread is in, and its first argument; `nil`: not seen.
        var call: (name: String, descriptor: UInt64)?
        /// What FIONREAD said when asked; `nil`: it was not.
        var said: UInt32?
        var trial: Bool?
        var isRedirected = false

        var samples: [Snapshot] { (0...1).map(sample) }

        private func sample(_ number: Int) -> Snapshot {
            var node = NodeFixture(at: 100 + Double(number) * 3)
            node.snapshot.kernelRelease = release
            node.snapshot.handlers[0].ioctl = "tcp_ioctl"
            node.snapshot.handlers[1].recvmsg = recvmsg
            node.snapshot.handlers[1].ioctl = ioctl
            var one = node.socket(FionreadTests.reader, FionreadTests.peer, isMapped: isMapped)
            if isRedirected {
                one.psock?.queuedBytes = FionreadTests.unread
                one.psock?.queuedMessages = 1
                one.psock?.oldestMessage = 5
            }
            let other = node.socket(FionreadTests.peer, FionreadTests.reader, netns: 2, isMapped: false)
            for end in [one, other] { node.list(end) }
            if isMapped { node.file(one) }
            if isRedirected {
                node.snapshot.queueWatch = QueueWatch()
                node.snapshot.queueWatch?.readings = 5
                node.snapshot.queueWatch?.unchanged = [one.identity]
            } else {
                let read = isSlow ? UInt32(number) * 512 : 0
                node.change(one, UnexplainedTests.receive(FionreadTests.unread - read, read: read))
                node.change(other, UnexplainedTests.send(FionreadTests.unread))
                node.change(other) {
                    $0.writeSequence = $0.writeSequence.map { $0 &+ 172_043 }
                    $0.sendWindow = 0
                    $0.backoff = 5
                }
            }
            guard number == 1 else { return node.snapshot }
            if let call {
                node.snapshot.owners = [
                    SocketOwner(pid: 2210, command: "nginx", descriptor: 9, inode: one.inode, startTime: 5)
                ]
                var process = ObservedProcess(pid: 2210, startTime: 5, name: "nginx", state: .sleeping, takenAt: 103)
                var thread = ObservedThread(tid: 2210, name: "nginx", state: .sleeping, cpuTicks: 1)
                thread.systemCall = SystemCall(
                    number: 0, name: .init(rawValue: call.name), arguments: [call.descriptor, 0, 0, 0, 0, 0])
                process.threads = [thread]
                process.threadCount = 1
                node.snapshot.processes = [process]
            }
            node.snapshot.readable = said.map {
                [ReadableBytes(inode: one.inode, pid: 2210, descriptor: 9, bytes: $0, takenAt: 103)]
            }
            node.snapshot.kernelTrials = trial.map { [KernelTrial.countsStackBytes.rawValue: $0] }
            return node.snapshot
        }
    }

    private static let loop = (name: "epoll_wait", descriptor: UInt64(4))

    private func finding(_ node: Node) throws -> Finding { try #require(diagnose(node.samples).findings.first) }

    @Test func byTheReleaseAloneItIsSuspected() throws {
        let diagnosis = diagnose(Node().samples)
        let finding = try #require(diagnosis.findings.first)
        #expect(diagnosis.findings.map(\.code) == [.fionread])
        #expect(finding.severity == .critical && finding.certainty == .suspected && diagnosis.hasFindings)
        #expect(finding.summary.contains("suspected FIONREAD stall"))
        let facts = Dictionary(uniqueKeysWithValues: finding.evidence.map { ($0.label, $0.text) })
        #expect(facts["certainty"]?.contains("a slow reader is not excluded by this alone") == true)
        #expect(facts["FIONREAD"]?.contains("likely affected") == true)
        #expect(facts["sockmap"]?.contains("no verdict program") == true)
        #expect(facts["reader"] == "unknown")
        #expect(facts["window"] == "shut: 172043 bytes wait at the sender, probed 5 times in vain")
        #expect(finding.subject.entries.count == 1 && finding.connections?.first?.bytes == UInt64(Self.unread))
    }

    @Test(arguments: ["epoll_wait", "epoll_pwait", "poll", "pselect6"])
    func anEventLoopWhoseSocketSaysZero(_ call: String) throws {
        let finding = try finding(Node(call: (call, 4), said: 0))
        #expect(finding.code == .fionread && finding.severity == .critical && finding.certainty == .likely)
        #expect(finding.evidence.contains(Fact("FIONREAD", "says 0 of 119808 bytes (asked of fd 9 of process 2210)")))
        #expect(finding.evidence.contains(Fact("reader", "nginx[2210] fd 9: sleeping, in \(call)")))
        #expect(finding.remedy.contains("-p 2210"))
    }

    /// The kernel is proven, the reader was not seen; and the other way round.
    @Test func eitherHalfOfTheEvidenceIsASuspicion() throws {
        #expect(try finding(Node(said: 0)).certainty == .suspected)
        #expect(try finding(Node(call: Self.loop)).certainty == .suspected)
        #expect(try finding(Node(call: Self.loop, trial: false)).certainty == .likely)
    }

    // MARK: Control cases

    @Test func aSlowReaderIsNoFinding() {
        #expect(diagnose(Node(isSlow: true, call: Self.loop, said: 0).samples).findings.isEmpty)
    }

    /// Not one of them asks FIONREAD in vain; what is found instead is the reader.
    @Test func whatExcludesIt() throws {
        let controls: [(node: Node, by: String)] = [
            (Node(call: Self.loop, said: 119_808), "FIONREAD says 119808 bytes"),
            (Node(call: Self.loop, trial: true), "this kernel counts them"),
            (Node(call: ("futex", 0)), "nginx[2210] is sleeping, in futex, in no event loop"),
            (Node(recvmsg: "tcp_bpf_recvmsg_parser", call: Self.loop), "it has a verdict program"),
            (Node(release: "6.12.118", call: Self.loop), "is not older than 6.12.114, which has the fix"),
            (Node(release: "7.2.13"), "is not older than 7.2"),
            (Node(release: "6.12.74", ioctl: "tcp_ioctl"), "counts the bytes of the stack"),
            (Node(release: "5.10.218", ioctl: "tcp_ioctl"), "counts the bytes of the stack"),
            (Node(isMapped: false), "the reader is in no sockmap"),
        ]
        for (node, by) in controls {
            let finding = try finding(node)
            #expect(finding.code == .notReading, "\(node): \(finding.summary)")
            #expect(finding.ruledOut.contains { $0.hasPrefix("FIONREAD stall (") && $0.contains(by) }, "\(node)")
        }
    }

    /// Handlers that were not read say nothing, in either direction.
    @Test func withoutHandlersNothingIsSaid() throws {
        let finding = try finding(Node(ioctl: nil))
        #expect(finding.code == .notReading)
        #expect(!finding.ruledOut.contains { $0.hasPrefix("FIONREAD") })
    }

    /// A kernel does not wake one that waits for these very bytes: that is not this.
    @Test func aBlockingReadIsAnotherThing() throws {
        let finding = try finding(Node(call: ("recvfrom", 9), said: 0))
        #expect(finding.code == .unexplained)
        #expect(finding.ruledOut.contains("FIONREAD stall (nginx[2210] is blocked in recvfrom of fd 9)"))
    }

    // MARK: Redirected bytes

    /// Before 929e30f93125. Every slow reader looks like it until its socket was asked.
    @Test func redirectedBytesOnAnOldKernel() throws {
        var node = Node(release: "6.1.192", ioctl: "tcp_ioctl", call: Self.loop, said: 0, isRedirected: true)
        let finding = try finding(node)
        #expect(finding.code == .fionread && finding.certainty == .likely)
        #expect(finding.connections?.first?.place.queue == .redirected)
        #expect(finding.remedy.contains("6.6.128"))
        node.said = nil
        let unasked = try self.finding(node)
        #expect(unasked.code == .notReading)
        #expect(unasked.evidence.contains { $0.label == "may be" && $0.text.hasPrefix("FIONREAD stall (") })
        node.ioctl = "tcp_bpf_ioctl"
        let counting = try self.finding(node)
        #expect(counting.code == .notReading && !counting.evidence.contains { $0.label == "may be" })
    }

    // MARK: What is asked for

    /// A descriptor is duplicated for that: only where FIONREAD may say 0.
    @Test func onlySuspiciousSocketsAreAsked() {
        #expect(diagnose(Node().samples).wanted[.readable].count == 1)
        #expect(diagnose(Node(trial: false).samples).wanted[.readable].count == 1)
        for node in [
            Node(isMapped: false), Node(release: "7.2.13"), Node(recvmsg: "tcp_bpf_recvmsg_parser"),
            Node(ioctl: "tcp_ioctl"), Node(isSlow: true),
        ] {
            #expect(diagnose(node.samples).wanted[.readable].isEmpty, "\(node)")
        }
    }
}
