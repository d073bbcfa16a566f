import Testing
import UnstuckDiagnosis
import UnstuckModel

/// What is wrong with no connection yet: `sockmap.fionread` before a stall, and `sockmap.spurious-eagain`.
@Suite("Risks of mapped sockets")
struct SockmapRiskTests {
    /// A server in a sockmap; bytes came to it through the stack and were read.
    private func node(
        release: String = "6.18.44", recvmsg: String = "tcp_bpf_recvmsg", ioctl: String = "tcp_bpf_ioctl",
        received: UInt64 = 100, state: TCPState = .established, hasSocket: Bool = true, command: String? = nil,
        trial: Bool? = nil
    ) -> Diagnosis {
        var node = NodeFixture()
        node.snapshot.kernelRelease = release
        node.snapshot.handlers[1].recvmsg = recvmsg
        node.snapshot.handlers[1].ioctl = ioctl
        let server = node.socket("203.0.113.7:8080", "192.0.2.10:50504", state: state, hasSocket: hasSocket)
        node.list(server)
        node.change(server) { $0.bytesReceived = received }
        node.file(server)
        if let command {
            node.snapshot.owners = [
                SocketOwner(pid: 2210, command: command, descriptor: 9, inode: server.inode, startTime: 5)
            ]
        }
        node.snapshot.kernelTrials = trial.map { [KernelTrial.countsStackBytes.rawValue: $0] }
        return diagnose([node.snapshot])
    }

    @Test(arguments: ["nginx", "java"])
    func aReaderThatIsKnownToAskIsAWarningOnAProvenKernel(_ command: String) throws {
        let diagnosis = node(command: command, trial: false)
        let finding = try #require(diagnosis.findings.first)
        #expect(diagnosis.findings.map(\.code) == [.fionread])
        #expect(finding.severity == .warning && finding.certainty == .likely && !finding.isRepairable)
        #expect(finding.evidence.contains(Fact("reader", "\(command)[2210] is known to ask")))
        #expect(finding.subject.holders.map(\.pid) == [2210] && finding.subject.entries.count == 1)
        // Nothing is stale: neither repair nor guard helps.
        #expect(Set(finding.remedies.map(\.kind)).isDisjoint(with: [.repair, .guard]))
    }

    /// By the release alone, or with another reader, it is a note.
    @Test func lessEvidenceIsANote() throws {
        for diagnosis in [node(command: "nginx"), node(command: "kubelet", trial: false), node(trial: false)] {
            let finding = try #require(diagnosis.findings.first)
            #expect(finding.code == .fionread && finding.severity == .note && finding.certainty == .suspected)
            #expect(!diagnosis.hasFindings)
        }
    }

    @Test func whereNothingIsSaid() {
        for diagnosis in [
            node(command: "nginx", trial: true), node(release: "6.12.118", command: "nginx"),
            node(ioctl: "tcp_ioctl", command: "nginx"), node(recvmsg: "tcp_bpf_recvmsg_parser", command: "nginx"),
            // Redirected bytes alone.
            node(received: 0, command: "nginx", trial: false), node(state: .closeWait, command: "nginx", trial: false),
        ] {
            #expect(diagnosis.findings.isEmpty, "\(diagnosis.findings.map(\.summary))")
        }
    }

    /// Its first bytes came with the SYN, or before its peer was in the map: the next are redirected, and counted.
    @Test func aPeerThatRedirectsIsNoRisk() {
        for isRedirected in [false, true] {
            var node = NodeFixture()
            node.snapshot.kernelRelease = "6.18.44"
            node.snapshot.handlers[1].ioctl = "tcp_bpf_ioctl"
            let (_, server) = node.healthy("192.0.2.10:50504", "203.0.113.7:8080")
            node.change(server) { $0.bytesReceived = 100 }
            // OBI's program does not look up the map that its sockets are in.
            if !isRedirected { node.snapshot.programs[0].maps = [NodeFixture.map + 1] }
            #expect(diagnose([node.snapshot]).findings.map(\.code) == (isRedirected ? [] : [.fionread]))
        }
    }

    /// The trial makes a connection of its own: it is asked for where it decides something.
    @Test func theKernelIsTriedWhereItMatters() {
        #expect(node().wanted[.kernel] == [.kernel])
        for diagnosis in [
            node(trial: false), node(trial: true), node(received: 0), node(release: "7.2.13"), node(ioctl: "tcp_ioctl"),
        ] {
            #expect(diagnosis.wanted[.kernel].isEmpty)
        }
    }

    // MARK: EAGAIN

    @Test(arguments: [TCPState.finWait1, .finWait2])
    func aHalfClosedSocketIsANote(_ state: TCPState) throws {
        let diagnosis = node(state: state)
        let finding = try #require(diagnosis.findings.first)
        #expect(diagnosis.findings.map(\.code) == [.spuriousEagain])
        #expect(finding.severity == .note && finding.certainty == .suspected && !diagnosis.hasFindings)
        #expect(finding.evidence.contains { $0.label == "kernel" && $0.text.contains("every release up to 7.2.13") })
        #expect(finding.subject.entries.count == 1)
    }

    /// Its own side is open; nobody can call recv any more; it is plain.
    @Test func otherSocketsAreNot() {
        #expect(node(received: 0, state: .closeWait).findings.isEmpty)
        #expect(node(state: .finWait2, hasSocket: false).findings.isEmpty)
        #expect(node(recvmsg: "tcp_recvmsg", state: .finWait2).findings.isEmpty)
    }
}
