import UnstuckModel

/// What only a trial shows of the kernel: on a loopback connection and a sockmap of our own, both closed at once.
struct KernelTrialCollector: Collector {
    let brings = MissingEvidence.Evidence.kernel

    func collect(_ subjects: Set<EvidenceRequest.Subject>, into snapshot: inout Snapshot) {
        guard subjects.contains(.kernel) else { return }
        var trials = snapshot.kernelTrials ?? [:]
        do {
            let pair = try MappedPair()
            if try pair.handlers().isSharedWithOthers {
                snapshot.add([gap(.needs("a connection that no accelerator of this node inserts"))])
            } else if let counts = try pair.countsStackBytes() {
                trials[KernelTrial.countsStackBytes.rawValue] = counts
            } else {
                snapshot.add([gap(.failed("the byte that was sent did not arrive"))])
            }
        } catch {
            snapshot.add([MissingEvidence(brings, action: Self.action, error: error)])
        }
        snapshot.kernelTrials = trials
    }

    private static let action = "try FIONREAD on a socket of our own"

    private func gap(_ reason: MissingEvidence.Reason) -> MissingEvidence {
        MissingEvidence(brings, action: Self.action, reason)
    }
}
