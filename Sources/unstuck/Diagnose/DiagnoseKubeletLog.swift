import ArgumentParser
import Glibc
import UnstuckDiagnosis
import UnstuckModel
import UnstuckOperations
import UnstuckRender

extension DiagnoseCommand {
    /// What a kubelet's log, or lines of it, say; and what the node shows of its candidates.
    func diagnoseKubeletLog(_ context: CommandContext) throws {
        let log = try kubeletLog.map(KubeletLogFile.read) ?? given()
        let name = kubeletLog.map { $0 == BundleFile.standardInput ? "standard input" : $0 } ?? "arguments"
        let text = KubeletText(style: context.style, isVerbose: verbose)
        var document = KubeletDocument(log)
        if output.output == .text { try context.writeText(text.log(log, name: name)) }
        guard log.count(.candidate) > 0 else {
            if output.output == .json { try print(document, context) }
            return
        }
        var probes: CandidateTrials?
        if probe {
            probes = CandidateTrials(of: log.groups, timeout: probeTimeout.seconds) { target in
                if !look.quiet { context.printProgress(target) }
            }
        }
        let hasHanging = probes?.trials.contains(where: \.hangs) ?? false
        let (view, diagnosis, snapshots) = try lookedAt(context, always: hasHanging)
        probes?.settle()
        let trials = probes?.trials
        let result = CandidateLookups(
            of: log, in: view, diagnosis, trials: trials ?? [], probing: probe ? getpid() : nil)
        switch output.output {
        case .text:
            try context.writeText(
                text.lookups(
                    result.lookups, result.findings, diagnosis, trials: trials, looks: snapshots, canProbe: from.isEmpty
                ))
        case .json:
            document.lookups = result.lookups
            document.probes = trials
            document.findings = result.findings
            document.unknown = diagnosis.unknown
            document.checked = diagnosis.checked
            try print(document, context)
        }
        if result.hasFindings { throw Exit.findings }
        if result.isInconclusive { throw Exit.couldNotTell }
    }

    private func given() throws -> KubeletLog {
        do {
            return try KubeletLogFile.read(lines: lines)
        } catch {
            throw ValidationError("\(error): a line of kubelet's log, or of an event, about one is wanted")
        }
    }

    private func print(_ document: KubeletDocument, _ context: CommandContext) throws {
        try context.write(JSON.document(document, command: "diagnose.kubelet"))
    }

    /// This node now, or saved snapshots of it.
    ///
    /// - Parameter always: two samples in any case.
    private func lookedAt(
        _ context: CommandContext, always: Bool
    ) throws -> (NodeView, Diagnosis, [Snapshot]) {
        guard !from.isEmpty else {
            let result = try look.session(look.observer(node, context), context).run(always: always)
            return (result.view, result.diagnosis, result.looks)
        }
        let snapshots = try BundleFile.snapshots(in: from, for: "a kubelet's log").map {
            $0.reading(keysAs: look.layout)
        }
        guard let view = NodeView(snapshots) else { throw OperationError(.noSnapshots, "there is no snapshot") }
        return (view, UnstuckDiagnosis.diagnose(snapshots), snapshots)
    }
}
