/// Finds in a kernel's console what must never be there: warnings, bugs, oopses, stalls, lockdep's complaints.
public struct SplatScanner: Sendable {
    /// A line that looks like a splat and is none, with the reason.
    public struct Exception: Sendable {
        var text: String
        var reason: String
    }

    /// Empty until a kernel needs one.
    public static let exceptions: [Exception] = []

    /// How each kind begins (kernel/panic.c, lib/bug.c, arch/x86/mm/fault.c, kernel/rcu/tree_stall.h, kernel/watchdog.c,
    /// kernel/hung_task.c, kernel/locking/lockdep.c, mm/kasan/report.c, mm/slub.c).
    private static let signs = [
        "BUG: ", "kernel BUG at", "Oops: ", "Oops:", "Kernel panic - not syncing",
        "general protection fault", "Unable to handle kernel", "rcu_sched self-detected stall",
        "rcu_preempt self-detected stall", "detected stalls on CPUs", "soft lockup", "hard LOCKUP", "hung task",
        "blocked for more than", "INFO: possible recursive locking", "possible circular locking dependency",
        "inconsistent lock state", "suspicious RCU usage", "refcount_t: ", "unregister_netdevice: waiting",
        "list_add corruption", "list_del corruption", "use-after-free", "Call Trace:",
    ]

    /// The lines that begin a splat, without their time stamps.
    public static func splats(in console: String) -> [String] {
        console.split(whereSeparator: \.isNewline).compactMap { line in
            let text = withoutStamp(line)
            // Elsewhere in a line the word is only advice: "Spectre V2 : WARNING: …".
            guard text.hasPrefix("WARNING: ") || signs.contains(where: text.contains),
                !exceptions.contains(where: { text.contains($0.text) })
            else {
                return nil
            }
            return String(text)
        }
    }

    /// `[   82.309417] text` and `[   82.309417][  T12] text`.
    private static func withoutStamp(_ line: Substring) -> Substring {
        var rest = line
        while rest.first == "[", let end = rest.firstIndex(of: "]") {
            let inside = rest[rest.index(after: rest.startIndex)..<end]
            guard inside.allSatisfy({ $0.isNumber || " .TC".contains($0) }) else { break }
            rest = rest[rest.index(after: end)...].drop { $0 == " " }
        }
        return rest
    }
}
