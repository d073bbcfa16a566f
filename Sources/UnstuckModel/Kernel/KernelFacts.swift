/// What a kernel is and has, as far as Unstuck depends on it: `unstuck kernel facts`.
public struct KernelFacts: Sendable, Codable {
    public var host: String
    /// `uname -r`, `-v` and `-m`: for people, nothing is decided by them.
    public var release: String
    public var version: String
    public var machine: String
    /// `/proc/version`: who built it, with what.
    public var build: String?
    /// `/proc/version_signature`, which Ubuntu's kernels have: the upstream version they are made of.
    public var signature: String?
    /// `PRETTY_NAME` of os-release.
    public var vendor: String?
    /// Where the configuration was read: `/proc/config.gz`, `/boot/config-…`; `nil`: nowhere.
    public var configurationSource: String?
    public var typeInformation: Support
    public var symbolTable: Support
    public var tracefs: Support
    public var capabilities: [Capability]
    public var features: [Feature]
    public var evidence: KernelEvidence

    /// A right of this process that some command needs.
    public struct Capability: Hashable, Sendable, Codable {
        public var name: String
        /// In the effective set.
        public var isPresent: Bool
        public var neededFor: String

        public init(name: String, isPresent: Bool, neededFor: String) {
            self.name = name
            self.isPresent = isPresent
            self.neededFor = neededFor
        }
    }

    /// Something that Unstuck does in a certain way where the kernel lets it.
    public struct Feature: Hashable, Sendable, Codable {
        public var name: String
        /// What of Unstuck uses it, and what happens without.
        public var neededFor: String
        public var support: Support

        public init(_ name: String, neededFor: String, _ support: Support) {
            self.name = name
            self.neededFor = neededFor
            self.support = support
        }
    }

    public init(
        host: String, release: String, version: String, machine: String, typeInformation: Support,
        symbolTable: Support, tracefs: Support, evidence: KernelEvidence
    ) {
        self.host = host
        self.release = release
        self.version = version
        self.machine = machine
        self.typeInformation = typeInformation
        self.symbolTable = symbolTable
        self.tracefs = tracefs
        self.evidence = evidence
        capabilities = []
        features = []
    }
}

/// What bugs are evaluated by: what was found of everything that some clue asks for, and why the rest is not known.
public struct KernelEvidence: Sendable, Codable {
    /// By name, of those that were asked for: whether the kernel's symbol table has it. Empty where it was not read.
    public var symbols: [String: Bool] = [:]
    /// As `structure.member`: whether the kernel's BTF has it.
    public var members: [String: Bool] = [:]
    /// Of a TCP socket that was inserted into a private sockmap.
    public var handlers: Handlers?
    /// `CONFIG_` options without the prefix: `y`, `m`, `n`.
    public var options: [String: String] = [:]
    public var trials: [KernelTrial: Bool] = [:]
    /// Why there are no symbols, members, handlers, options, or no result of a trial (by its name).
    public var unknown: [String: String] = [:]

    public init() {}
}

/// What is tried, in places of our own, because nothing that can be read tells it.
public enum KernelTrial: String, Hashable, Sendable, Codable, CodingKeyRepresentable, CaseIterable {
    /// A byte that came through the stack is counted by FIONREAD of a mapped socket without a verdict program.
    case countsStackBytes
    /// A signal that is handled, with SA_RESTART, ends a blocking recv of a mapped socket with EAGAIN.
    case endsReceiveOnSignal
    /// The verifier lets a tracepoint program delete from a sockmap; it is loaded, never attached.
    case deletesFromTracepoint
    /// The verifier lets a tc program delete from a sockmap; it is loaded, never attached and never run.
    case deletesFromTC
}
