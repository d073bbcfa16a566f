/// One bug of the kernel's sockmap code, or of what sockmaps meet: data of ``KernelBug/history``.
public struct KernelBug: Sendable {
    /// Short and stable.
    public var id: String
    /// The commit that fixes it, upstream; of a bug that nobody has fixed, the one that made it.
    public var commit: String?
    /// That commit's subject; of a bug without a commit, a title of ours.
    public var title: String
    public var subject: Subject
    /// Releases that brought it: mainline (two numbers) and stable (three); empty: not known.
    public var since: [KernelRelease]
    /// Releases that fixed it, likewise; empty: none is known.
    public var fixed: [KernelRelease]
    /// The first mainline release after the date of a stable one with the fix, where the mainline's own is not known: stable
    /// releases take only what the mainline has (Linux Documentation/process/stable-kernel-rules.rst).
    public var fixedBy: KernelRelease?
    /// The newest release that was read and has the bug, where none with a fix is known.
    public var unfixedUpTo: KernelRelease?
    public var cves: [String]
    /// More about the releases, for people.
    public var note: String?
    public var symptom: String
    /// In their order: the first that holds decides.
    public var fingerprint: [Rule]

    /// What ``title`` is the subject of, and so what a changelog that lists it says.
    public enum Subject: Sendable { case fix, cause, none }

    init(
        id: String, commit: String? = nil, title: String, subject: Subject = .fix, since: String = "",
        fixed: String = "", by: String? = nil, unfixedUpTo: String? = nil, cves: [String] = [], note: String? = nil,
        symptom: String, fingerprint: [Rule] = []
    ) {
        self.id = id
        self.commit = commit
        self.title = title
        self.subject = subject
        self.since = since.split(separator: " ").compactMap { KernelRelease($0) }
        self.fixed = fixed.split(separator: " ").compactMap { KernelRelease($0) }
        fixedBy = by.flatMap { KernelRelease($0) }
        self.unfixedUpTo = unfixedUpTo.flatMap { KernelRelease($0) }
        self.cves = cves
        self.note = note
        self.symptom = symptom
        self.fingerprint = fingerprint
    }

    /// The releases in words.
    public var window: String {
        var parts: [String] = []
        if !since.isEmpty { parts.append("since \(since.map(\.description).joined(separator: ", "))") }
        if let unfixedUpTo {
            parts.append("not fixed as of \(unfixedUpTo)")
        } else {
            let mainline = fixedBy.map { " and the mainline by \($0)" } ?? ""
            parts.append("fixed in \(fixed.map(\.description).joined(separator: ", "))\(mainline)")
        }
        if let note { parts.append(note) }
        return parts.joined(separator: "; ") + (cves.isEmpty ? "" : " (\(cves.joined(separator: ", ")))")
    }

    public struct Rule: Sendable {
        public var clue: Clue
        public var status: BugStatus

        init(_ clue: Clue, _ status: BugStatus) {
            self.clue = clue
            self.status = status
        }
    }
}

/// What a kernel is to a bug. Only what the kernel itself shows is proven; versions and changelogs make it likely.
public enum BugStatus: String, Sendable, Codable, CaseIterable {
    case affected
    case likelyAffected = "likely-affected"
    case inconclusive
    case likelyFixed = "likely-fixed"
    /// Its version is older than the bug.
    case likelyNotApplicable = "likely-not-applicable"
    case fixed
    /// The kernel lacks the code that the bug is in.
    case notApplicable = "not-applicable"
}

/// What a status rests on.
public enum BugBasis: String, Sendable, Codable {
    /// What the kernel shows: proven.
    case kernel
    case changelog, version
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
    public var cves: [String]
    public var window: String
    public var symptom: String
    public var status: BugStatus
    /// `nil`: inconclusive.
    public var basis: BugBasis?
    /// What was seen or read; of an inconclusive one, why that is not enough.
    public var how: String
    /// Of a proven one: what version or changelog say beside.
    public var record: String?

    public init(_ bug: KernelBug, _ status: BugStatus, basis: BugBasis?, how: String, record: String? = nil) {
        id = bug.id
        commit = bug.commit
        title = bug.title
        cves = bug.cves
        window = bug.window
        symptom = bug.symptom
        self.status = status
        self.basis = basis
        self.how = how
        self.record = record
    }
}
