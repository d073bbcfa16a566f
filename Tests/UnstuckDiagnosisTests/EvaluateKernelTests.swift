import Testing
import UnstuckDiagnosis
import UnstuckModel
import UnstuckRender

@Suite("The kernel's known bugs")
struct EvaluateKernelTests {
    /// What 5.10.218 shows: it leaks.
    static var leaking: KernelEvidence {
        var evidence = KernelEvidence()
        for name in KernelBug.askedSymbols { evidence.symbols[name] = false }
        for name in KernelBug.askedMembers { evidence.members[name] = false }
        evidence.handlers = handlers(destroy: "tcp_v4_destroy_sock", unhash: "inet_unhash", ioctl: "tcp_ioctl")
        evidence.options = ["MPTCP": "n", "TLS": "n"]
        evidence.trials = [.countsStackBytes: true, .deletesFromTracepoint: true, .deletesFromTC: true]
        return evidence
    }

    /// What 6.18.44 shows.
    static var broken: KernelEvidence {
        var evidence = leaking
        for name in KernelBug.askedSymbols { evidence.symbols[name] = true }
        for name in KernelBug.askedMembers { evidence.members[name] = true }
        evidence.handlers = handlers(destroy: "sock_map_destroy", unhash: "inet_unhash", ioctl: "tcp_bpf_ioctl")
        evidence.options = ["MPTCP": "y", "TLS": "m"]
        evidence.trials = [.countsStackBytes: false, .deletesFromTracepoint: false, .deletesFromTC: false]
        return evidence
    }

    static func handlers(destroy: String?, unhash: String?, ioctl: String?) -> Handlers {
        Handlers(
            recvmsg: "tcp_bpf_recvmsg", sendmsg: "tcp_sendmsg", close: "sock_map_close", destroy: destroy,
            unhash: unhash, ioctl: ioctl)
    }

    private func verdict(_ id: String, _ evidence: KernelEvidence) throws -> BugVerdict {
        try #require(evaluateKernel(evidence).first { $0.id == id })
    }

    private func statuses(_ evidence: KernelEvidence) -> [String: BugStatus] {
        Dictionary(uniqueKeysWithValues: evaluateKernel(evidence).map { ($0.id, $0.status) })
    }

    @Test func aKernelThatLeaks() throws {
        let found = statuses(Self.leaking)
        #expect(found["leak"] == .affected)
        #expect(found["zombie"] == .affected)
        #expect(found["fionread"] == .affected)
        #expect(found["fionread-stack"] == .notApplicable)
        #expect(found["copied-seq"] == .notApplicable)
        #expect(found["foreign-delete"] == .affected)
        #expect(found["mptcp"] == .notApplicable)
        #expect(found["tc-delete"] == .affected)
        #expect(found["iter-tcp"] == .notApplicable)
        #expect(found["iter-tcp-batch"] == .notApplicable)
        let how = try verdict("leak", Self.leaking).how
        #expect(how == "unhash of a mapped socket is inet_unhash, destroy of a mapped socket is tcp_v4_destroy_sock")
    }

    @Test func aKernelThatMiscounts() throws {
        let found = statuses(Self.broken)
        #expect(found["leak"] == .fixed)
        #expect(found["zombie"] == .affected)
        #expect(found["fionread"] == .fixed)
        #expect(found["fionread-stack"] == .affected)
        #expect(found["copied-seq"] == .fixed)
        #expect(found["foreign-delete"] == .fixed)
        #expect(found["mptcp"] == .inconclusive)
        var mended = Self.broken
        mended.trials[.countsStackBytes] = true
        #expect(try verdict("fionread-stack", mended).status == .fixed)
    }

    /// Before b8b8315e39ff: neither class exists.
    @Test func aKernelThatUnhashes() throws {
        var evidence = Self.leaking
        evidence.handlers?.unhash = "sock_map_unhash"
        #expect(try verdict("leak", evidence).status == .notApplicable)
        #expect(try verdict("zombie", evidence).status == .notApplicable)
    }

    /// UDP keeps sock_map_unhash: the symbol decides nothing, and without handlers its absence from a socket is not known.
    @Test func withoutHandlers() throws {
        var evidence = Self.leaking
        evidence.handlers = nil
        evidence.unknown["handlers"] = "needs CAP_BPF"
        #expect(try verdict("zombie", evidence).status == .inconclusive)
        #expect(try verdict("leak", evidence).status == .inconclusive, "it may be older than the bug")
        #expect(try verdict("leak", evidence).how.contains("needs CAP_BPF"))
        evidence.symbols["sock_map_destroy"] = true
        #expect(try verdict("leak", evidence).status == .fixed)
        evidence.symbols = [:]
        evidence.members["sk_psock.saved_destroy"] = true
        #expect(try verdict("leak", evidence).how == "BTF has sk_psock.saved_destroy")
    }

    /// A handler whose name is hidden is not a handler of another name.
    @Test func hiddenNames() throws {
        var evidence = Self.leaking
        evidence.handlers = Self.handlers(destroy: nil, unhash: nil, ioctl: nil)
        #expect(try verdict("zombie", evidence).status == .inconclusive)
        #expect(try verdict("leak", evidence).status == .inconclusive)
    }

    /// Whether a kernel that batches sockets holds them rightly leaves no trace.
    @Test func aKernelThatReadsSocketsInBatches() throws {
        let found = statuses(Self.broken)
        #expect(found["iter-tcp"] == .inconclusive)
        #expect(found["iter-tcp-batch"] == .inconclusive)
        #expect(found["tc-delete"] == .fixed)
        for id in ["iter-tcp", "iter-tcp-batch"] {
            #expect(try verdict(id, Self.broken).symptom.hasPrefix("reading by iter/tcp (Unstuck does not use it): "))
        }
    }

    @Test func nothingIsKnown() {
        let all = evaluateKernel(KernelEvidence())
        #expect(all.allSatisfy { $0.status == .inconclusive && !$0.how.isEmpty })
    }

    @Test func theTable() {
        let ids = KernelBug.history.map(\.id)
        #expect(Set(ids).count == ids.count)
        #expect(KernelBug.history.allSatisfy { $0.commit.map { $0.count == 12 } ?? true })
        #expect(KernelBug.askedMembers.allSatisfy { $0.split(separator: ".").count == 2 })
        #expect(KernelBug.askedSymbols.contains("sock_map_destroy"))
    }

    // What is on record: likely, never proven.

    private func record(_ identity: KernelIdentity, _ changelog: ChangelogRecord? = nil) -> KernelRecord {
        KernelRecord(identity: identity, changelog: changelog)
    }

    private func verdict(_ id: String, _ evidence: KernelEvidence, _ record: KernelRecord) throws -> BugVerdict {
        try #require(evaluateKernel(evidence, record: record).first { $0.id == id })
    }

    private static let debian = KernelIdentity(
        release: "6.1.0-50-amd64", version: "#1 SMP PREEMPT_DYNAMIC Debian 6.1.187-1 (2026-09-07)")

    @Test func likelyByTheVersion() throws {
        let known = record(Self.debian)
        let cork = try verdict("cork", Self.leaking, known)
        #expect(cork.status == .likelyFixed && cork.basis == .version)
        #expect(cork.how == "Debian's 6.1.187-1 is made of 6.1.187, newer than 6.1.183, which has the fix")
        let udp = try verdict("udp-receive", Self.leaking, known)
        #expect(udp.status == .likelyAffected)
        #expect(udp.how == "Debian's 6.1.187-1 is made of 6.1.187, older than 6.1.191, which has the fix")
        #expect(try verdict("splice", Self.leaking, known).status == .likelyAffected)
        // A vendor that picks single fixes has perhaps this one.
        let picking = try verdict("udp-receive", Self.leaking, record(KernelIdentity(release: "6.1.187-5.custom")))
        #expect(picking.status == .inconclusive && picking.basis == nil)
        #expect(picking.how.hasSuffix("its vendor may have picked it"))
        let red = record(KernelIdentity(release: "5.14.0-503.11.1.el9_5.x86_64"))
        #expect(try verdict("cork", Self.leaking, red).status == .inconclusive)
        #expect(try verdict("iter-tcp", Self.broken, red).status == .likelyNotApplicable)
        let nameless = try verdict("cork", Self.leaking, record(KernelIdentity(release: "custom")))
        #expect(nameless.how.hasSuffix("its version \"custom\" names no release of kernel.org"))
    }

    /// The kernel's own word stands, whatever the version says; both are shown.
    @Test func provenBesideLikely() throws {
        let leak = try verdict("leak", Self.leaking, record(Self.debian))
        #expect(leak.status == .affected && leak.basis == .kernel)
        #expect(leak.record == "Debian's 6.1.187-1 is made of 6.1.187, newer than 6.0, which has the fix")
        let text = KernelBugsText(style: Style(isColoured: false, width: 200)).render([leak])
        #expect(text.contains("proven by  unhash of a mapped socket is inet_unhash"))
        #expect(text.contains("on record  Debian's 6.1.187-1"))
    }

    private func changelog(
        _ bug: String, covers: Bool = true, newer: Bool = false, isRevert: Bool = false, cve: String? = nil
    ) -> ChangelogRecord {
        let item = ChangelogRecord.Item(version: "6.1.187-1", upstream: "6.1.183", cve: cve, isRevert: isRevert)
        return ChangelogRecord(
            coversKernel: covers, items: newer ? [:] : [bug: [item]], newerItems: newer ? [bug: [item]] : [:])
    }

    @Test func likelyByTheChangelog() throws {
        let red = KernelIdentity(release: "5.14.0-503.el9.x86_64")
        let listed = try verdict("cork", Self.leaking, record(red, changelog("cork")))
        #expect(listed.status == .likelyFixed && listed.basis == .changelog)
        #expect(listed.how == "the changelog lists the fix under 6.1.187-1 (with 6.1.183)")
        let byCVE = try verdict("cork", Self.leaking, record(red, changelog("cork", cve: "CVE-2026-68284")))
        #expect(byCVE.how == "the changelog lists CVE-2026-68284 under 6.1.187-1 (with 6.1.183)")
        let newer = try verdict("cork", Self.leaking, record(red, changelog("cork", newer: true)))
        #expect(newer.status == .likelyAffected)
        let reverted = try verdict("cork", Self.leaking, record(red, changelog("cork", isRevert: true)))
        #expect(reverted.status == .likelyAffected)
        // What made the zombie is no fix of it.
        var blind = Self.leaking
        blind.handlers = nil
        #expect(try verdict("zombie", blind, record(red, changelog("zombie"))).status == .likelyAffected)
        // Not listed: older than the fix, and nobody wrote that it was picked.
        let picking = KernelIdentity(release: "6.1.150-5.custom")
        let missing = try verdict("cork", Self.leaking, record(picking, changelog("fin")))
        #expect(missing.status == .likelyAffected && missing.basis == .changelog)
        #expect(missing.how.hasSuffix("the changelog does not list the fix"))
    }

    /// The incident's kernel, by its version alone: made of 5.10.134, which leaks, unless its vendor picked the fix. Its
    /// changelog, which the incident's authors read by hand, lists two changes that have nothing to do with sockmaps.
    @Test func theIncident() throws {
        let kernel = KernelIdentity(release: "5.10.134-16.al8.x86_64")
        let nothing = KernelEvidence()
        let byVersion = try verdict("leak", nothing, record(kernel))
        #expect(byVersion.status == .inconclusive)
        #expect(byVersion.how.contains("is made of 5.10.134, older than 5.10.222, which has the fix"))
        let silent = ChangelogRecord(coversKernel: true, items: [:], newerItems: [:])
        let byChangelog = try verdict("leak", nothing, record(kernel, silent))
        #expect(byChangelog.status == .likelyAffected && byChangelog.basis == .changelog)
        // The older one that had no trouble.
        let old = try verdict("leak", nothing, record(KernelIdentity(release: "5.10.56")))
        #expect(old.status == .likelyNotApplicable)
        #expect(old.how == "5.10.56 is older than 5.10.80, which brought the bug")
        #expect(try verdict("leak", Self.leaking, record(kernel)).status == .affected)
    }

    /// Another kernel's changelog says nothing of this one.
    @Test func aChangelogOfAnotherKernel() throws {
        let found = try verdict(
            "cork", Self.leaking, record(KernelIdentity(release: "custom"), changelog("cork", covers: false)))
        #expect(found.status == .inconclusive)
        #expect(
            found.how.hasSuffix("the changelog, which does not list this kernel, has it under 6.1.187-1 (with 6.1.183)")
        )
    }

    @Test func whatAPersonReads() {
        let text = KernelBugsText(style: Style(isColoured: false, width: 300)).render(evaluateKernel(Self.leaking))
        #expect(text.hasPrefix("✗ leak"))
        for part in [
            "d8616ee2affc (\"bpf, sockmap: Fix sk->sk_forward_alloc warn_on in sk_stream_kill_queues\")",
            "5.10.222", "proven by  unhash of a mapped socket is inet_unhash",
            "proven not applicable: CONFIG_TLS is not set", "--changelog",
        ] { #expect(text.contains(part), "\(part) is missing:\n\(text)") }
        for line in KernelBugsText(style: .plain).render(evaluateKernel(Self.leaking)).split(separator: "\n") {
            #expect(line.count <= 100, "\(line)")
        }
    }
}
