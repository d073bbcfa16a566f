import Glibc
import UnstuckKernel

/// Whether this machine's KVM runs guests. /dev/kvm may be there and hang them all the same, so one is tried, with a
/// deadline; the answer is kept until the machine is started again.
public struct KVMProbe: Sendable {
    private static let limit: Duration = .seconds(10)
    private let answerPath: String
    private let progress: @Sendable (String) -> Void

    /// - Parameters:
    ///   - cache: the folder of the fetched kernels; the answer is kept beside them.
    ///   - progress: told of a guest that is tried, and how it went.
    public init(cache: String, progress: @escaping @Sendable (String) -> Void) {
        answerPath = "\(cache)/kvm-answer"
        self.progress = progress
    }

    /// KVM if it runs a guest, else emulation.
    /// - Parameters:
    ///   - kernel: a kernel that is known to start under emulation.
    ///   - lab: our own program.
    public func engine(trying kernel: KernelImage, lab: String) throws -> GuestEngine {
        guard unsafe access("/dev/kvm", R_OK | W_OK) == 0 else { return .tcg }
        let boot = (readText("/proc/sys/kernel/random/boot_id") ?? "").filter { !$0.isWhitespace }
        let kept = (readText(answerPath) ?? "").split(whereSeparator: \.isWhitespace).map(String.init)
        if kept.count == 2, kept[0] == boot, let engine = GuestEngine(rawValue: kept[1]) { return engine }

        progress("trying whether KVM runs a guest here (once until this machine is started again)")
        let failure = try failureOfGuest(kernel, lab)
        let engine: GuestEngine = failure == nil ? .kvm : .tcg
        progress(failure.map { "it does not (\($0)): emulation" } ?? "it does")
        try Files.publish("\(boot) \(engine.rawValue)\n", at: answerPath)
        return engine
    }

    /// One guest that does nothing: why it could not, or `nil`.
    private func failureOfGuest(_ kernel: KernelImage, _ lab: String) throws -> String? {
        var machine = VirtualMachine(kernel: kernel, command: ["true"])
        machine.programs = ["true"]
        machine.engine = .kvm
        machine.megabytes = 512
        machine.limit = Self.limit
        machine.keepsConsole = false
        switch try machine.run(lab: lab, streams: { _, _ in }).outcome {
        case .ended(let status): return status == 0 ? nil : "a guest's command ended with status \(status)"
        case .splat(let lines, _): return "the guest's kernel complained: \(lines[0])"
        case .lost(let why): return "the guest was lost: \(why)"
        }
    }
}
