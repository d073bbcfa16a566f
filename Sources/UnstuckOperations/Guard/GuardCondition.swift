import UnstuckKernel
import UnstuckModel
import UnstuckRepair

/// Whether a guard does its work, and what is to be run where it does not.
struct GuardCondition {
    /// The inode of this process's PID namespace; `nil`: it cannot be seen.
    static var ownPIDNamespace: UInt64? { inodeNumber("/proc/self/ns/pid") }

    /// A guard writes its record each second; where a pass over a large map takes long, later.
    private static let longestSilence = 30.0

    private let registry: GuardRegistry

    init(_ registry: GuardRegistry) { self.registry = registry }

    /// Adds its condition to a guard's state, and a reason where it does not work.
    func note(in state: inout GuardState) {
        state.condition = state.isPinned ? (state.paths.isEmpty ? .severed : .working) : condition(of: &state)
        // What a guard without a process keeps is not tried again; a process's is.
        if state.isPinned, !state.held.isEmpty {
            state.add(
                ["unstuck", "repair", "--map", "\(state.map)"],
                note: "a pinned guard does not try again: the dry run says what it takes to delete what is held")
        }
    }

    private func condition(of state: inout GuardState) -> GuardState.Condition {
        guard let pid = state.process else { return .ended }
        guard state.pidNamespace == nil || state.pidNamespace == Self.ownPIDNamespace else {
            state.reasons.append("process \(pid) is of another PID namespace (a container's)")
            // The kernel alone knows: the lock goes with the process.
            switch registry.isLocked(state.map) {
            case true?: return silence(of: state).map { note(silence: $0, in: &state) } ?? .working
            case false?:
                end(&state)
                return .ended
            case nil:
                state.reasons.append("whether it works could not be seen")
                return .unknown
            }
        }
        guard let status = ProcessStatus(of: pid), status.startTime == state.startTime else {
            end(&state)
            return .ended
        }
        if status.state == .stopped || status.state == .traced {
            state.reasons.append("process \(pid) is stopped: what the kernel side does not remove stays")
            if status.state == .stopped { state.add(["kill", "-CONT", "\(pid)"]) }
            return .stopped
        }
        return silence(of: state).map { note(silence: $0, in: &state) } ?? .working
    }

    private func end(_ state: inout GuardState) {
        state.process = nil
        state.add(["unstuck", "guard", "down", "--map", "\(state.map)"], note: "tidies up; then guard up again")
    }

    private func silence(of state: GuardState) -> Double? {
        registry.age(of: state.map).flatMap { $0 > Self.longestSilence ? $0 : nil }
    }

    private func note(silence: Double, in state: inout GuardState) -> GuardState.Condition {
        state.reasons.append("it has not written its state for \(durationText(silence))")
        return .stopped
    }
}

extension GuardState {
    fileprivate mutating func add(_ argv: [String], note: String? = nil) {
        toRun = (toRun ?? []) + [Remedy.Command(argv, note: note)]
    }
}
