/// What a kernel's BPF has, by name: `unstuck kernel features`, or another's list of the same.
public struct FeatureSet: Hashable, Sendable, Codable {
    public enum Kind: String, Sendable, Codable, CaseIterable {
        case programType = "program-type"
        case mapType = "map-type"
        case helper
        case attachType = "attach-type"
        /// Whatever else a list tells: the system call, instructions, build options.
        case other
    }

    /// One thing that a kernel may have. Names are libbpf's: `sock_ops`, `sockhash`, `msg_redirect_hash`.
    public struct Feature: Hashable, Sendable, Codable {
        public var kind: Kind
        public var name: String
        /// Of a helper: the program type that may call it.
        public var program: String?

        public init(_ kind: Kind, _ name: String, program: String? = nil) {
            self.kind = kind
            self.name = name
            self.program = program
        }
    }

    /// The kernel's release, where it is known.
    public var kernel: String?
    /// Who asked the kernel: `libbpf 1.1`, `bpf_features.h`.
    public var prober: String
    /// What is not listed was not asked, but for ``partsOfSupported``.
    public private(set) var answers: [Feature: String] = [:]
    /// Parts that list only what is supported: what is missing there is not supported, as far as the prober asked.
    public var partsOfSupported: Set<Part> = []
    /// Answers that were dropped because they cannot be true.
    public private(set) var refused: [RefusedAnswers] = []

    /// A part of a list that some formats write by its supported names alone.
    public enum Part: Hashable, Sendable {
        /// Cilium 1.13 and later writes a macro for what the kernel has, and nothing else.
        case others
        /// bpftool's text and JSON list the available helpers of each program type.
        case helpers(program: String)
    }

    public init(kernel: String?, prober: String) {
        self.kernel = kernel
        self.prober = prober
    }

    /// The answer to one feature: a ``Support/Answer``, or of the kind ``Kind/other`` any value.
    public subscript(_ feature: Feature) -> String? {
        get { answers[feature] }
        set { answers[feature] = newValue }
    }

    public mutating func set(_ feature: Feature, _ answer: Support.Answer) { answers[feature] = answer.rawValue }

    /// Whether a name that is missing is one that is not supported.
    func listsOnlySupported(like feature: Feature) -> Bool {
        switch feature.kind {
        case .other: partsOfSupported.contains(.others)
        case .helper: partsOfSupported.contains(.helpers(program: feature.program ?? ""))
        case .programType, .mapType, .attachType: false
        }
    }

    /// Whether answers about such a feature were dropped.
    func refuses(_ feature: Feature) -> Bool {
        refused.contains { $0.kind == feature.kind && ($0.program == nil || $0.program == feature.program) }
    }

    /// Drops the answers of a kind, or the helpers of one program type, as ones that cannot be true.
    mutating func refuse(_ kind: Kind, program: String? = nil, reason: String) {
        let affected = answers.keys.filter { $0.kind == kind && (program == nil || $0.program == program) }
        for feature in affected { answers[feature] = nil }
        if kind == .helper {
            partsOfSupported = partsOfSupported.filter { part in
                guard case .helpers(let name) = part else { return true }
                return program != nil && name != program
            }
        }
        refused.append(RefusedAnswers(kind: kind, program: program, count: affected.count, reason: reason))
    }

    public func count(_ kind: Kind) -> (supported: Int, all: Int) {
        let ofKind = answers.filter { $0.key.kind == kind }
        return (ofKind.count { $0.value == Support.Answer.supported.rawValue }, ofKind.count)
    }

    // As JSON: one object a kind, `helper` one object a program type.
    private enum Keys: String, CodingKey {
        case kernel, prober, programTypes, mapTypes, helpers, attachTypes, others
    }

    private static let flat: [(Kind, Keys)] = [
        (.programType, .programTypes), (.mapType, .mapTypes), (.attachType, .attachTypes), (.other, .others),
    ]

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Keys.self)
        kernel = try values.decodeIfPresent(String.self, forKey: .kernel)
        prober = try values.decode(String.self, forKey: .prober)
        for (kind, key) in Self.flat {
            for (name, answer) in try values.decodeIfPresent([String: String].self, forKey: key) ?? [:] {
                answers[Feature(kind, name)] = answer
            }
        }
        for (program, helpers) in try values.decodeIfPresent([String: [String: String]].self, forKey: .helpers) ?? [:] {
            for (name, answer) in helpers { answers[Feature(.helper, name, program: program)] = answer }
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Keys.self)
        try values.encodeIfPresent(kernel, forKey: .kernel)
        try values.encode(prober, forKey: .prober)
        for (kind, key) in Self.flat {
            let ofKind = answers.filter { $0.key.kind == kind }.map { ($0.key.name, $0.value) }
            try values.encode(Dictionary(uniqueKeysWithValues: ofKind), forKey: key)
        }
        var helpers: [String: [String: String]] = [:]
        for (feature, answer) in answers where feature.kind == .helper {
            helpers[feature.program ?? "", default: [:]][feature.name] = answer
        }
        try values.encode(helpers, forKey: .helpers)
    }
}
