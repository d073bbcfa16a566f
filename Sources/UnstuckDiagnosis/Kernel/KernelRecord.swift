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
        guard bug.subject == .fix else { return byVersion }
        var likelihood = byVersion
        likelihood.words += "; the changelog does not list the fix"
        // A vendor that had picked it would have written so.
        if let upstream = identity.upstream, case .unfixed = bug.standing(of: upstream) {
            likelihood.status = .likelyAffected
            likelihood.basis = .changelog
        }
        return likelihood
    }

    private func versionLikelihood(of bug: KernelBug) -> Likelihood {
        guard let upstream = identity.upstream else {
            return Likelihood(words: "its version \"\(identity.package)\" names no release of kernel.org")
        }
        let subject =
            identity.package == upstream.description
            ? "\(identity.name) is" : "\(identity.name) is made of \(upstream),"
        switch bug.standing(of: upstream) {
        case .fixed(let fix):
            return Likelihood(
                status: .likelyFixed, basis: .version,
                words: upstream == fix
                    ? "\(subject) the release with the fix" : "\(subject) newer than \(fix), which has the fix")
        case .before(let start):
            return Likelihood(
                status: .likelyNotApplicable, basis: .version,
                words: "\(subject) older than \(start), which brought the bug")
        case .unfixed(let fix):
            let words = "\(subject) older than \(fix), which has the fix"
            guard identity.followsStable else { return Likelihood(words: words + "; its vendor may have picked it") }
            return Likelihood(status: .likelyAffected, basis: .version, words: words)
        case .open(let newest):
            return Likelihood(
                status: .likelyAffected, basis: .version,
                words: "\(subject) not newer than \(newest), and no release up to that has a fix")
        case .unknown:
            return Likelihood(
                words: bug.unfixedUpTo.map { "\(subject) newer than \($0), the newest that is known not to have a fix" }
                    ?? "of \(upstream.major).\(upstream.minor) no release with the fix is known")
        }
    }
}
