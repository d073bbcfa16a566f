/// What executes a guest's instructions.
public enum GuestEngine: String, Sendable, CaseIterable {
    /// The processor itself; not every machine that has /dev/kvm can.
    case kvm
    /// QEMU's emulation: slower, and everywhere.
    case tcg

    /// For QEMU.
    var arguments: [String] {
        switch self {
        // Inside another virtual machine KVM may refuse that register, upon which QEMU aborts; no test needs it.
        case .kvm: ["-accel", "kvm", "-cpu", "max,-arch-capabilities"]
        case .tcg: ["-accel", "tcg,thread=multi", "-cpu", "max"]
        }
    }

    /// For the guest's kernel. Emulated processors stand still while the host has other work, which is no stall of that
    /// kernel's: its watchdogs are reported to wait longer.
    var bootWords: String {
        switch self {
        case .kvm: ""
        case .tcg: "watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=300"
        }
    }
}
