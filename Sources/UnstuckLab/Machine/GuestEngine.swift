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
}
