import UnstuckDiagnosis
import UnstuckModel
import UnstuckRender

/// A text of every command but `diagnose`, of one node, with IPv4 and IPv6.
enum RenderedTexts {
    private static let server6 = "[2001:db8:1234:5678:9abc:def0:1234:5678]:8443"
    private static let client6 = "[2001:db8:1111:2222:3333:4444:5555:6666]:50504"

    static let looks = [100.0, 103.0].map { time in
        var node = NodeFixture(at: time)
        for port in 0..<3 { node.healthy("192.0.2.10:4000\(port)", "203.0.113.7:8080") }
        node.zombie("203.0.113.7:8080", "192.0.2.10:50505", queued: 18)
        node.zombie("203.0.113.7:8080", "192.0.2.10:50504", queued: 18)
        node.halfAccelerated("192.0.2.10:50504", "203.0.113.7:8080")
        node.zombie(server6, client6)
        return node.snapshot
    }

    static func plan(_ style: Style, isVerbose: Bool = false) -> String {
        guard let view = NodeView(looks) else { return "" }
        var options = PlanOptions()
        options.resetsStuck = true
        return PlanText(style: style, isVerbose: isVerbose).render(makePlan(view, diagnose(looks), options))
    }

    static func entries(_ style: Style) -> String {
        var text = EntryText(style: style)
        guard let map = looks.last?.sockmaps.first else { return "" }
        for entry in map.entries.reversed() {
            text.add(entry, of: map.id, claim: KeyLayout.cilium.decode(entry.key), state: .live)
        }
        return text.render()
    }

    static func forecast(_ style: Style) -> String { ForecastText(style: style).render(makeForecast(looks)) }

    static func graph(_ style: Style) -> String {
        guard let view = NodeView(looks) else { return "" }
        let senders = view.now.sockets.filter { $0.socket.handlers == 1 }
        return senders.map { RedirectText(style: style).render(RedirectPath(of: $0, in: view)) }.joined()
    }

    static let guards: [GuardState] = [52, 35].map { (map: UInt32) in
        var state = GuardState(map: map, mapName: "cilium_sock_ops", mode: .preserve, isPinned: false, since: 0)
        state.paths = [.socketOperations, .events, .sweep]
        state.process = map == 35 ? 812 : nil
        state.counts.remove(.events, 12)
        state.counts.raced = 1
        state.cgroups = ["/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0c0a7f3e.slice"]
        state.reasons = ["the program of the sock_ops path was refused, which a kernel of this version does not do"]
        state.held = [1, 0].map { port in
            GuardState.Held(
                key: SockmapKey([1]), tuple: NodeFixture.tuple("203.0.113.7:8080", "192.0.2.10:5050\(port)"), netns: 4,
                unreadBytes: 18, seconds: 130)
        }
        return state
    }

    static func guards(_ style: Style) -> String {
        GuardText(style: style).render(guards) + guards.map(GuardText(style: style).begun).joined()
    }

    static func bypass(_ style: Style) -> String {
        var place = BypassState.Place(
            cgroup: "/kubepods.slice/kubepods-burstable.slice", group: 1, mode: "multi", link: 3, original: 12,
            originalName: "sockops", before: [12])
        place.condition = .bypassed
        place.shim = 40
        place.restarted = [44]
        place.notInserted = 3
        var state = BypassState(map: 35, mapName: "cilium_sock_ops", since: 0, places: [place])
        state.until = 1_700_000_000
        state.keeper = 812
        (state.liveEntries, state.deadEntries) = (3, 2)
        return BypassText(style: style).render([state]) + BypassText(style: style).renderUndone([state])
    }

    static func canary(_ style: Style) -> String {
        var report = CanaryReport(kernelRelease: "6.12")
        report.trials = [
            .init(
                fault: "leak", word: .present,
                evidence: [
                    "IPv4: 5 connections that were never accepted, the listener closed: 5 entries stayed in the map"
                ],
                milliseconds: 31),
            .init(fault: "fionread-stack", word: .absent, evidence: [], milliseconds: 1400),
        ]
        report.foreign = [BPFProgram(id: 8, name: "other", maps: [35], type: "sock_ops")]
        return CanaryText(style: style).render(report)
    }

    static func facts(_ style: Style) -> String {
        var facts = KernelFacts(
            host: "node-a", release: "6.12", version: "#1 SMP PREEMPT_DYNAMIC Debian 6.12.117-1 (2026-11-02)",
            machine: "x86_64", typeInformation: .supported("/sys/kernel/btf/vmlinux, 5.5 MB, read and indexed"),
            symbolTable: .inconclusive("kptr_restrict hides all addresses of the symbols that were asked for here"),
            tracefs: .unsupported("not mounted"), evidence: KernelEvidence())
        facts.features = [
            .init(
                "iter/sockmap",
                neededFor: "every entry in one pass; else keys are looked up one by one, which is slower",
                .unsupported("the kernel refused the program with a message that is long enough for two lines"))
        ]
        facts.capabilities = [
            .init(name: "CAP_BPF", isPresent: true, neededFor: "everything that reads maps and programs")
        ]
        return KernelFactsText(style: style).render(facts)
    }

    static func features(_ style: Style) -> String {
        var left = FeatureSet(kernel: "6.12", prober: "libbpf 1.5")
        var right = FeatureSet(kernel: "5.10", prober: "libbpf 1.5")
        for name in 0..<40 {
            let feature = FeatureSet.Feature(.programType, "program_type_\(name)")
            left[feature] = Support.Answer.supported.rawValue
            right[feature] = (name < 38 ? Support.Answer.supported : .unsupported).rawValue
        }
        let text = FeatureText(style: style)
        return text.render(left)
            + text.render(FeatureComparison(left, right), names: ("/var/lib/features/node-a.json", "node-b.json"))
    }

    static func maps(_ style: Style) -> String {
        guard let look = looks.last, let map = look.sockmaps.first else { return "" }
        let decision = LayoutDecision(for: map)
        let pods = PodIndex(of: look)
        var other = map
        other.id = 7
        return SockmapText(style: style).render(
            [map, other].map { SockmapSummary($0, decision, entries: $0.entries, pods: pods) })
    }

    static func kubelet(_ style: Style, isVerbose: Bool = false) -> String {
        var groups = ProbeFailureGroups()
        for (number, suspicion) in ProbeFailureCause.Suspicion.allCases.enumerated() {
            for target in ["203.0.113.7:8080", server6] {
                let cause = ProbeFailureCause(
                    .http, suspicion, "a reason that is long enough for two lines on a terminal of eighty columns",
                    url: "http://\(target)/healthz", target: Endpoint(target))
                var failure = ProbeFailure(
                    line: number + 1, result: number == 1 ? .errored : .failure, source: .log,
                    output: "Get \"http://\(target)/healthz\": context deadline exceeded", cause: cause)
                (failure.pod, failure.kind, failure.container) = ("shop/web-0", .readiness, "web")
                failure.time = LogTime(seconds: 1_796_000_000 + Double(number))
                groups.add(failure)
            }
        }
        var log = KubeletLog()
        (log.lines, log.cutLines, log.notUnderstood, log.groups) = (1200, 1, 2, groups.sorted)
        guard let view = NodeView(looks) else { return "" }
        let diagnosis = diagnose(looks)
        var trial = CandidateTrial(
            target: NodeFixture.endpoint("203.0.113.7:8080"), url: "http://203.0.113.7:8080/healthz")
        (trial.passed, trial.failed, trial.unanswered, trial.output) = (
            6, 1, 1, "HTTP probe failed with statuscode: 500"
        )
        let found = CandidateLookups(of: log, in: view, diagnosis, trials: [trial])
        let text = KubeletText(style: style, isVerbose: isVerbose)
        return text.log(log, name: "/var/log/kubelet.log")
            + text.lookups(
                found.lookups, found.findings, diagnosis, trials: [trial], looks: looks, canProbe: true)
            + text.lookups(
                [CandidateLookup(target: trial.target, pods: ["shop/web-0"], verdict: .notHere)], [], diagnosis,
                trials: nil, looks: looks, canProbe: true)
    }

    static func resumed(_ style: Style) -> String {
        var line = JournalLine(time: 0, run: "20261129T101500Z-812-0c0a7f3e", event: .intend, step: .delete)
        line.map = 35
        return ResumedText(style: style).render(
            [.done, .undone, .changed, .unknown, .otherBoot].map { ResumedStep(line, $0, "") })
    }

    /// All of them, by the command that prints them.
    static let all: [(name: String, text: @Sendable (Style) -> String)] = [
        ("repair", { plan($0) }), ("repair -v", { plan($0, isVerbose: true) }), ("repair, resumed", resumed),
        ("diagnose --kubelet-log", { kubelet($0) }), ("diagnose --kubelet-log -v", { kubelet($0, isVerbose: true) }),
        ("sockmaps list", maps), ("sockmaps entries", entries), ("sockmaps graph", graph),
        ("sockmaps forecast", forecast), ("guard", { guards($0) }), ("bypass", bypass), ("kernel canary", canary),
        ("kernel facts", facts), ("kernel features, diff", features),
    ]
}
