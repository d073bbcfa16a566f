import UnstuckModel

/// The plain text of `bpftool feature probe`, as tools/bpf/bpftool/feature.c of the kernel writes it.
enum FeatureProbeText {
    /// A line that no header has.
    static func isOne(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        return [programType, mapType, helpers].contains { text.contains($0) }
    }

    static let programType = "eBPF program_type "
    static let mapType = "eBPF map_type "
    static let helpers = "eBPF helpers supported for program type "
    static let available = " is available"
    static let missing = " is NOT available"

    /// What the section "miscellaneous" and the system call are called in macros and JSON.
    static let names = [
        "bpf() syscall": "bpf_syscall", "Large program size limit": "large_insn_limit",
        "Bounded loop support": "bounded_loops", "ISA extension v2": "v2_isa_extension",
        "ISA extension v3": "v3_isa_extension", "ISA extension v4": "v4_isa_extension",
    ]

    /// Sentences about settings, with the names and values that JSON has for them.
    static let settings: [String: (name: String, value: String)] = [
        "bpf() syscall for unprivileged users is enabled": ("unprivileged_bpf_disabled", "0"),
        "bpf() syscall restricted to privileged users (without recovery)": ("unprivileged_bpf_disabled", "1"),
        "bpf() syscall restricted to privileged users (admin can change)": ("unprivileged_bpf_disabled", "2"),
        "JIT compiler is disabled": ("bpf_jit_enable", "0"),
        "JIT compiler is enabled": ("bpf_jit_enable", "1"),
        "JIT compiler is enabled with debugging traces in kernel logs": ("bpf_jit_enable", "2"),
        "JIT compiler hardening is disabled": ("bpf_jit_harden", "0"),
        "JIT compiler hardening is enabled for unprivileged users": ("bpf_jit_harden", "1"),
        "JIT compiler hardening is enabled for all users": ("bpf_jit_harden", "2"),
        "JIT compiler kallsyms exports are disabled": ("bpf_jit_kallsyms", "0"),
        "JIT compiler kallsyms exports are enabled for root": ("bpf_jit_kallsyms", "1"),
    ]
    static let limit = "Global memory limit for JIT compiler for unprivileged users is "

    /// Lines that say nothing of the kernel: headings, and what bpftool could not do.
    static func saysNothing(_ line: Substring) -> Bool {
        ["Scanning ", "Unable to retrieve ", "skipping kernel config", "Program type not supported"]
            .contains { line.hasPrefix($0) } || line.hasPrefix("Could not determine which helpers")
    }
}

extension FeatureFile {
    mutating func readText(_ bytes: [UInt8]) {
        var program: String?
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, raw) in lines.enumerated() {
            let text = String(decoding: raw, as: UTF8.self)
            let line = Substring(text).trimmed
            guard !line.isEmpty else { continue }
            if line.hasPrefix(FeatureProbeText.helpers) {
                let name = line.dropFirst(FeatureProbeText.helpers.count).prefix { $0 != ":" }.trimmed.lowercased()
                program = name
                features.partsOfSupported.insert(.helpers(program: name))
            } else if line.hasPrefix("- "), let program {
                let helper = Self.withoutPrefix(line.dropFirst(2).trimmed)
                set(FeatureSet.Feature(.helper, helper, program: program), true, index + 1)
            } else if !readAnswer(line, index + 1), !FeatureProbeText.saysNothing(line) {
                note(index + 1, "no line of `bpftool feature probe`", raw)
            }
        }
    }

    /// - Returns: false if the line is no answer.
    private mutating func readAnswer(_ line: Substring, _ number: Int) -> Bool {
        if let setting = FeatureProbeText.settings[String(line)] {
            set(FeatureSet.Feature(.other, setting.name), to: setting.value, number)
            return true
        }
        if line.hasPrefix(FeatureProbeText.limit) {
            let value = line.dropFirst(FeatureProbeText.limit.count).prefix { $0.isNumber }
            set(FeatureSet.Feature(.other, "bpf_jit_limit"), to: String(value), number)
            return true
        }
        if line.hasPrefix("CONFIG_"), let name = line.split(separator: " ").first {
            if line.hasSuffix(" is not set") {
                set(FeatureSet.Feature(.other, String(name)), to: "n", number)
            } else if let found = line.firstRange(of: " is set to ") {
                set(FeatureSet.Feature(.other, String(name)), to: String(line[found.upperBound...]), number)
            } else {
                return false
            }
            return true
        }
        // The longer ending first: one is not the end of the other, but a name may hold either.
        let isMissing = line.hasSuffix(FeatureProbeText.missing)
        guard isMissing || line.hasSuffix(FeatureProbeText.available) else { return false }
        let subject = line.dropLast((isMissing ? FeatureProbeText.missing : FeatureProbeText.available).count)
        let feature =
            if subject.hasPrefix(FeatureProbeText.programType) {
                FeatureSet.Feature(.programType, subject.dropFirst(FeatureProbeText.programType.count).lowercased())
            } else if subject.hasPrefix(FeatureProbeText.mapType) {
                FeatureSet.Feature(.mapType, subject.dropFirst(FeatureProbeText.mapType.count).lowercased())
            } else {
                FeatureSet.Feature(
                    .other, FeatureProbeText.names[String(subject)] ?? subject.lowercased().replacing(" ", with: "_"))
            }
        set(feature, !isMissing, number)
        return true
    }
}

extension Substring {
    var trimmed: Substring {
        var part = self
        while part.first?.isWhitespace == true { part.removeFirst() }
        while part.last?.isWhitespace == true { part.removeLast() }
        return part
    }
}
