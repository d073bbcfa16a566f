/// Answers of one list that cannot be true, whatever the kernel: they are compared with nothing.
public struct RefusedAnswers: Hashable, Sendable, Codable {
    public var kind: FeatureSet.Kind
    /// The program type whose helpers they are about; `nil`: every answer of the kind.
    public var program: String?
    /// How many answers were dropped.
    public var count: Int
    public var reason: String
}

extension FeatureSet {
    /// Drops what cannot be true. A probe that fails (missing capabilities, a locked-memory limit, a verifier whose
    /// messages the prober does not know) looks like a kernel that lacks everything, or has everything.
    public mutating func refuseWhatCannotBeTrue() {
        refuseProgramTypes()
        refuseMapTypes()
        guard !refused.contains(where: { $0.kind == .programType }) else {
            // A prober that could load no program could ask for no helper either.
            if hasHelpers { refuse(.helper, reason: "the probe of program types failed") }
            return
        }
        doubtTracing()
        for program in helperPrograms.sorted() {
            guard let reason = impossible(helpersOf: program) else { continue }
            refuse(.helper, program: program, reason: reason)
        }
    }

    /// Since Linux 3.19 every kernel that has bpf(2) has them, whatever else it was built without.
    private mutating func refuseProgramTypes() {
        let (supported, all) = count(.programType)
        guard all > 1, self[Feature(.other, "bpf_syscall")] != Support.Answer.unsupported.rawValue else { return }
        if supported == 0, unsupported(.programType) == all {
            refuse(.programType, reason: "not one program type is available: the probe failed")
        } else if self[Feature(.programType, "socket_filter")] == Support.Answer.unsupported.rawValue {
            refuse(.programType, reason: "socket_filter is in every kernel that has bpf(2): the probe failed")
        }
    }

    private mutating func refuseMapTypes() {
        let (supported, all) = count(.mapType)
        guard all > 1, self[Feature(.other, "bpf_syscall")] != Support.Answer.unsupported.rawValue else { return }
        if supported == 0, unsupported(.mapType) == all {
            refuse(.mapType, reason: "not one map type is available: the probe failed")
        } else if supported > 0 {
            let missing = ["hash", "array"].first {
                self[Feature(.mapType, $0)] == Support.Answer.unsupported.rawValue
            }
            if let missing {
                refuse(.mapType, reason: "\(missing) is in every kernel that has bpf(2): the probe failed")
            }
        }
    }

    /// `BPF_PROG_TYPE_TRACING` (5.5) is built with `kprobe` by CONFIG_BPF_EVENTS (Linux include/linux/bpf_types.h), and a
    /// kernel with `sk_lookup` (5.9) is newer. libbpf 1.1 asks for it by a function's entry and says no where only that is
    /// refused.
    private mutating func doubtTracing() {
        let (yes, no) = (Support.Answer.supported.rawValue, Support.Answer.unsupported.rawValue)
        let tracing = Feature(.programType, "tracing")
        guard self[tracing] == no, self[Feature(.programType, "kprobe")] == yes,
            self[Feature(.programType, "sk_lookup")] == yes
        else { return }
        set(tracing, .inconclusive)
        if helperPrograms.contains("tracing") {
            refuse(.helper, program: "tracing", reason: "the type was asked for by fentry, which alone is refused")
        }
    }

    private func unsupported(_ kind: Kind) -> Int {
        answers.count { $0.key.kind == kind && $0.value == Support.Answer.unsupported.rawValue }
    }

    private var hasHelpers: Bool { !helperPrograms.isEmpty }

    private var helperPrograms: Set<String> {
        var programs = Set(answers.keys.filter { $0.kind == .helper }.map { $0.program ?? "" })
        for case .helpers(let program) in partsOfSupported { programs.insert(program) }
        return programs
    }

    /// Why the helpers of a program type cannot be those that it has; `nil` if they can.
    private func impossible(helpersOf program: String) -> String? {
        let helpers = answers.filter { $0.key.kind == .helper && $0.key.program == program }
        let supported = Set(helpers.filter { $0.value == Support.Answer.supported.rawValue }.map(\.key.name))
        let isTypeSupported = self[Feature(.programType, program)].map { $0 == Support.Answer.supported.rawValue }
        guard !supported.isEmpty else {
            // Where the type is missing, so are its helpers; where nothing says so, the lookup of a map tells.
            guard isTypeSupported != false, helpers.allSatisfy({ $0.value == Support.Answer.unsupported.rawValue })
            else { return nil }
            let asksForLookup = helpers.keys.contains { $0.name == Self.helperOfAll }
            let isWhole = partsOfSupported.contains(.helpers(program: program)) && isTypeSupported == true
            guard asksForLookup || isWhole || helpers.count >= Self.manyHelpers else { return nil }
            return "no helper at all, though every program type may call \(Self.helperOfAll): the probe failed"
        }
        if isTypeSupported == false { return "helpers of a program type that is not available" }
        if let foreign = Self.helpersOfOne.first(where: { $0.program != program && supported.contains($0.helper) }) {
            return "\(foreign.helper), which only \(foreign.program) may call: the probe takes every answer for yes"
        }
        return nil
    }

    /// In `bpf_base_func_proto()`, which every program type falls back to (Linux kernel/bpf/helpers.c).
    private static let helperOfAll = "map_lookup_elem"
    /// No program type lacks so many at once.
    private static let manyHelpers = 20

    /// Each is in the `get_func_proto` of one program type alone: `sk_msg_func_proto`, `sk_skb_func_proto`,
    /// `sock_ops_func_proto`, `xdp_func_proto` and `sk_reuseport_func_proto` (Linux net/core/filter.c). libbpf 1.1 takes
    /// the refusal of newer verifiers ("program of this type cannot use helper") for an answer of yes.
    private static let helpersOfOne: [(helper: String, program: String)] = [
        ("msg_redirect_hash", "sk_msg"), ("msg_redirect_map", "sk_msg"), ("msg_apply_bytes", "sk_msg"),
        ("sk_redirect_hash", "sk_skb"), ("sk_redirect_map", "sk_skb"),
        ("sock_hash_update", "sock_ops"), ("sock_map_update", "sock_ops"), ("sock_ops_cb_flags_set", "sock_ops"),
        ("xdp_adjust_head", "xdp"), ("xdp_adjust_meta", "xdp"), ("sk_select_reuseport", "sk_reuseport"),
    ]
}
