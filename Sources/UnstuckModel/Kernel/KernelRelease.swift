/// A release of kernel.org: `6.1` of the mainline, `6.1.183` of a stable series.
public struct KernelRelease: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var major: Int
    public var minor: Int
    /// Of a stable release; `nil`: mainline.
    public var patch: Int?

    /// The numbers that a version begins with: of `6.1.183-1~bpo11+1` 6.1.183. `nil` without two of them.
    public init?(_ text: some StringProtocol) {
        var numbers: [Int] = []
        for part in text.split(separator: ".", maxSplits: 3, omittingEmptySubsequences: false).prefix(3) {
            let digits = part.prefix { $0.isASCII && $0.isNumber }
            guard let number = Int(digits) else { break }
            numbers.append(number)
            if digits.count < part.count { break }
        }
        guard numbers.count >= 2 else { return nil }
        (major, minor) = (numbers[0], numbers[1])
        patch = numbers.count > 2 ? numbers[2] : nil
    }

    public var description: String { "\(major).\(minor)" + (patch.map { ".\($0)" } ?? "") }

    public func isSameSeries(as other: KernelRelease) -> Bool { major == other.major && minor == other.minor }

    public static func < (left: KernelRelease, right: KernelRelease) -> Bool {
        (left.major, left.minor, left.patch ?? 0) < (right.major, right.minor, right.patch ?? 0)
    }
}

/// How a release stands to a bug, by the lists of releases alone.
public enum ReleaseStanding: Hashable, Sendable {
    /// Older than the release that brought the bug.
    case before(KernelRelease)
    /// As new as a release with the fix, or newer.
    case fixed(KernelRelease)
    /// Older than the release of its series that has the fix.
    case unfixed(KernelRelease)
    /// No release with a fix is known, and this is not newer than the newest that was read and has the bug.
    case open(KernelRelease)
    /// No list says anything about this series.
    case unknown
}

extension KernelBug {
    /// A stable series has its own releases in the lists; without one, the mainline's decides.
    public func standing(of release: KernelRelease) -> ReleaseStanding {
        let own = fixed.first { $0.isSameSeries(as: release) }
        if let own, release >= own { return .fixed(own) }
        let mainlines = (fixed + (fixedBy.map { [$0] } ?? [])).filter { $0.patch == nil }
        if own == nil, let fix = mainlines.first(where: { $0 <= release }) { return .fixed(fix) }
        if let start = since.first(where: { $0.isSameSeries(as: release) }) {
            if release < start { return .before(start) }
        } else if let first = since.max(), release < first {
            return .before(first)
        }
        if let own { return .unfixed(own) }
        if let unfixedUpTo, release <= unfixedUpTo { return .open(unfixedUpTo) }
        return .unknown
    }
}
