import UnstuckModel

/// In which cgroups a guard's sock_ops program can run beside an accelerator's, so that the accelerator can still be
/// detached and attached again as it is now.
///
/// `hierarchy_allows_attach` and `__cgroup_bpf_attach` (kernel/bpf/cgroup.c): a second program is let in where the first
/// one was attached with BPF_F_ALLOW_MULTI; where it was not, ours goes one level up, with BPF_F_ALLOW_MULTI: programs of
/// the levels above run too, and an attachment below one that allows many is always allowed.
public enum GuardPlacement {
    public struct Choice: Hashable, Sendable {
        /// Below the cgroup v2 mount; empty: nowhere.
        public var cgroups: [String]
        /// What is in the way.
        public var reasons: [String]
    }

    /// - Parameter programs: the sock_ops programs that use the map, with their attachments.
    public static func choose(_ programs: [BPFProgram]) -> Choice {
        var choice = Choice(cgroups: [], reasons: [])
        let attachments = programs.filter { $0.type == "sock_ops" }.flatMap { $0.attachments ?? [] }
            .filter { $0.hook == "sock_ops" }
        for attachment in attachments {
            guard let cgroup = attachment.cgroup else { continue }
            if attachment.mode == "multi" {
                choice.cgroups.append(cgroup)
            } else if cgroup == "/" {
                choice.reasons.append(
                    "the accelerator's sock_ops program is attached to the root cgroup and keeps others out "
                        + "(no BPF_F_ALLOW_MULTI)")
            } else {
                let parent = cgroup.split(separator: "/").dropLast().joined(separator: "/")
                choice.cgroups.append("/" + parent)
            }
        }
        if attachments.isEmpty {
            choice.reasons.append("no sock_ops program that inserts sockets into the map is attached to any cgroup")
        }
        // One above another sees all that the lower one does.
        let distinct = Set(choice.cgroups)
        choice.cgroups = distinct.filter { one in !distinct.contains { $0 != one && isAbove($0, one) } }.sorted()
        return choice
    }

    private static func isAbove(_ upper: String, _ lower: String) -> Bool {
        upper == "/" || lower.hasPrefix(upper + "/")
    }
}
