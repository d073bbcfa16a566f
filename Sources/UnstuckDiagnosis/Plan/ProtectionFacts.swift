import UnstuckModel

/// What is on for a map that a finding is about: a guard, a bypass.
struct ProtectionFacts {
    private let view: NodeView

    init(_ view: NodeView) { self.view = view }

    func facts(of maps: [UInt32]) -> [Fact] {
        guard let protection = view.now.protection else { return [] }
        return maps.flatMap { map in
            protection.guards.filter { $0.map == map }.map { Fact("guard", text($0)) }
                + protection.bypasses.filter { $0.map == map }.map { Fact("bypass", text($0)) }
        }
    }

    private func text(_ guarded: MapProtection.Guard) -> String {
        let holder = guarded.isPinned ? "pinned" : guarded.process.map { "process \($0)" } ?? "without a process"
        let on = "sockmap \(guarded.map) is guarded (mode \(guarded.mode.rawValue), \(holder))"
        switch guarded.condition {
        case .working:
            let held =
                guarded.mode == .evict
                ? ""
                : guarded.isPinned
                    ? "; it keeps entries with unread bytes, and does not try again"
                    : "; it keeps entries with unread bytes"
            return on + held
        case .stopped: return on + ", but the guard is stopped: unstuck guard status"
        case .ended, .severed: return on + ", but the guard has ended: unstuck guard down --map \(guarded.map)"
        default: return on + "; whether it works could not be seen"
        }
    }

    private func text(_ bypass: MapProtection.Bypass) -> String {
        guard bypass.isComplete else {
            return "sockmap \(bypass.map) was bypassed, and is not any more everywhere: unstuck bypass status"
        }
        let left = bypass.until.map { max(0, $0 - view.now.takenAt) }
        return "sockmap \(bypass.map) is bypassed"
            + (left.map { ", for another \(Label.duration(seconds: $0))" } ?? " until unstuck bypass off")
            + ": new connections are plain TCP"
    }
}
