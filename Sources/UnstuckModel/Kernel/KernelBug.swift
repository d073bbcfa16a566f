/// One mistake in the kernel's sockmap code: data of ``KernelBug/history``.
public struct KernelBug: Sendable {
    /// Short and stable.
    public var id: String
    /// The commit that mends it, upstream, and its subject; of a mistake that nobody has mended, the one that made it.
    public var commit: String?
    public var title: String
    /// Where mistake and remedy are: mainline and stable releases, for people. Nothing is decided by them.
    public var window: String
    public var symptom: String
    /// In their order: the first that holds decides.
    public var fingerprint: [Rule]

    public struct Rule: Sendable {
        public var clue: Clue
        public var status: BugStatus

        init(_ clue: Clue, _ status: BugStatus) {
            self.clue = clue
            self.status = status
        }
    }
}

/// What a kernel is to a bug.
public enum BugStatus: String, Sendable, Codable, CaseIterable {
    case affected, fixed
    /// The kernel lacks what the mistake is in.
    case notApplicable = "not-applicable"
    case inconclusive
}

/// Something about a kernel that is there, is not there, or could not be seen.
public indirect enum Clue: Sendable {
    /// In the symbol table.
    case symbol(String)
    /// `structure.member`, in BTF.
    case member(String)
    /// A handler of a mapped socket has one of these names.
    case handler(HandlerSlot, Set<String>)
    /// A `CONFIG_` option is set, built in or as a module.
    case option(String)
    case trial(KernelTrial)
    case not(Clue)
    case all([Clue])
    case any([Clue])

    public enum HandlerSlot: String, Sendable { case close, destroy, unhash, ioctl }

    /// Every symbol that it asks for.
    var symbols: [String] {
        switch self {
        case .symbol(let name): [name]
        case .not(let clue): clue.symbols
        case .all(let clues), .any(let clues): clues.flatMap(\.symbols)
        default: []
        }
    }

    var members: [String] {
        switch self {
        case .member(let name): [name]
        case .not(let clue): clue.members
        case .all(let clues), .any(let clues): clues.flatMap(\.members)
        default: []
        }
    }
}

extension KernelBug {
    /// What the fingerprints of all bugs ask for, to be read in one pass.
    public static var askedSymbols: Set<String> { Set(history.flatMap(\.fingerprint).flatMap(\.clue.symbols)) }
    public static var askedMembers: Set<String> { Set(history.flatMap(\.fingerprint).flatMap(\.clue.members)) }
}

/// What was concluded about one bug.
public struct BugVerdict: Hashable, Sendable, Codable {
    public var id: String
    public var commit: String?
    public var title: String
    public var window: String
    public var symptom: String
    public var status: BugStatus
    /// What was seen of it; of an inconclusive one, why that is not enough.
    public var how: String

    public init(_ bug: KernelBug, _ status: BugStatus, how: String) {
        id = bug.id
        commit = bug.commit
        title = bug.title
        window = bug.window
        symptom = bug.symptom
        self.status = status
        self.how = how
    }
}
