import UnstuckModel

/// What is on record of a kernel: its version, and its package's changelog. It makes a status likely, never proven.
public struct KernelRecord: Sendable {
    public var identity: KernelIdentity
    /// What the changelog lists; `nil`: none was given.
    public var changelog: ChangelogRecord?

    public init(identity: KernelIdentity, changelog: ChangelogRecord? = nil) {
        self.identity = identity
        self.changelog = changelog
    }
}

/// A changelog, as it is about one kernel.
public struct ChangelogRecord: Sendable {
    /// An item that names a bug, with the version it is listed under.
    public struct Item: Sendable {
        public var version: String
        public var upstream: String?
        public var cve: String?
        public var isRevert: Bool

        public init(version: String, upstream: String?, cve: String?, isRevert: Bool) {
            self.version = version
            self.upstream = upstream
            self.cve = cve
            self.isRevert = isRevert
        }

        /// In a sentence: `6.1.187-1 (with 6.1.183)`.
        var place: String { version + (upstream.map { " (with \($0))" } ?? "") }
    }

    /// The kernel's own version is in it: what stands there, and below, is in the kernel.
    public var coversKernel: Bool
    /// By the bug, newest first: what is in the kernel (in any version, where its own is not listed).
    public var items: [String: [Item]]
    /// What came with a newer version.
    public var newerItems: [String: [Item]]

    public init(coversKernel: Bool, items: [String: [Item]], newerItems: [String: [Item]]) {
        self.coversKernel = coversKernel
        self.items = items
        self.newerItems = newerItems
    }
}

/// What a record makes of one bug.
struct Likelihood {
    /// `nil`: the record does not say.
    var status: BugStatus?
    var basis: BugBasis?
    var words: String
}

extension KernelRecord {
    /// The changelog before the version: a vendor that picks single fixes says so there.
    func likelihood(of bug: KernelBug) -> Likelihood {
        let byVersion = versionLikelihood(of: bug)
        guard let changelog else { return byVersion }
        guard changelog.coversKernel else {
            guard let item = changelog.items[bug.id]?.first else { return byVersion }
            return Likelihood(
                status: byVersion.status, basis: byVersion.basis,
                words: byVersion.words + "; the changelog, which does not list this kernel, has it under \(item.place)")
        }
        if let item = changelog.items[bug.id]?.first {
            let isIn = (bug.subject == .fix) != item.isRevert
            let what =
                switch (bug.subject, item.isRevert) {
                case (.cause, false): "what brought it"
                case (_, true): "that it was reverted"
                default: item.cve.map { "\($0)" } ?? "the fix"
                }
            return Likelihood(
                status: isIn ? .likelyFixed : .likelyAffected, basis: .changelog,
                words: "the changelog lists \(what) under \(item.place)")
        }
        // The oldest of the newer ones is the update to take.
        if bug.subject == .fix, let item = changelog.newerItems[bug.id]?.last(where: { !$0.isRevert }) {
            return Likelihood(
                status: .likelyAffected, basis: .changelog,
                words: "the changelog lists the fix under the newer \(item.place)")
        }
        guard bug.subject != .none else { return byVersion }
        return Likelihood(
            status: byVersion.status, basis: byVersion.basis,
            words: byVersion.words + "; the changelog does not list \(bug.subject == .fix ? "the fix" : "what brought it")")
    }

    private func versionLikelihood(of bug: KernelBug) -> Likelihood {
        guard let upstream = identity.upstream else {
            return Likelihood(words: "its version \"\(identity.package)\" names no release of kernel.org")
        }
        let base = identity.package == upstream.description ? "" : " is made of \(upstream), which"
        switch bug.standing(of: upstream) {
        case .fixed(let fix):
            return Likelihood(
                status: .likelyFixed, basis: .version,
                words: "\(identity.name)\(base) is \(upstream == fix ? "the release" : "newer than \(fix),") with the fix")
        case .before(let start):
            return Likelihood(
                status: .likelyNotApplicable, basis: .version,
                words: "\(identity.name)\(base) is older than \(start), which brought the bug")
        case .unfixed(let fix) where identity.followsStable:
            return Likelihood(
                status: .likelyAffected, basis: .version,
                words: "\(identity.name)\(base) is older than \(fix), which has the fix")
        case .unfixed(let fix):
            return Likelihood(
                words: "\(identity.name)\(base) is older than \(fix), which has the fix; its vendor may have picked it")
        case .unknown:
            return Likelihood(
                words: bug.fixed.isEmpty
                    ? "no release with a fix is known" : "of \(upstream.major).\(upstream.minor) no release with the fix is known")
        }
    }
}
