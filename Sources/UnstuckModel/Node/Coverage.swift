/// What a sample holds of each kind of evidence, and of which network namespaces: read, not read and why, or not collected.
///
/// A kind begins as not collected, and is so in a bundle whose version cannot hold it: nothing is concluded from its
/// absence. What was read in part has both a line that was read and one that was not.
public struct Coverage: Sendable, Hashable {
    /// What became of one kind, of the node or of one network namespace.
    public struct Line: Sendable, Hashable, Codable {
        public var evidence: Evidence
        /// Inode of the network namespace; absent: of the node.
        public var netns: UInt32?
        public var status: Status
        /// When it was read: `CLOCK_MONOTONIC` in seconds; absent: not read, or not known.
        public var takenAt: Double?
        /// As in ``MissingEvidence``, of what was not read.
        public var action: String?
        /// What it takes, where that is known.
        public var missing: String?
        /// Else what went wrong. Bundles of version 2 from before this key hold it in `missing`.
        public var reason: String?
    }

    /// Open, as ``Evidence``.
    public struct Status: RawRepresentable, Hashable, Sendable, Codable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public static let read = Self(rawValue: "read")
        /// It was asked for, and could not be read.
        public static let notRead = Self(rawValue: "not-read")
        /// It was not asked for.
        public static let notCollected = Self(rawValue: "not-collected")
    }

    /// What is known of one kind.
    public enum Answer: Sendable, Hashable {
        case read
        /// In part; what is missing.
        case partly([MissingEvidence])
        case notRead([MissingEvidence])
        case notCollected
    }

    public private(set) var lines: [Line]

    /// Nothing was collected yet.
    public init() { lines = Evidence.known.map { Line(evidence: $0, status: .notCollected) } }

    // MARK: What was read

    /// - Parameters:
    ///   - netns: the network namespace that it is of; `nil`: of the node.
    ///   - time: `CLOCK_MONOTONIC` in seconds; `nil`: not known.
    public mutating func noteRead(_ evidence: Evidence, of netns: UInt32? = nil, at time: Double?) {
        lines.removeAll {
            $0.evidence == evidence && ($0.status == .notCollected || $0.status == .read && $0.netns == netns)
        }
        lines.append(Line(evidence: evidence, netns: netns, status: .read, takenAt: time))
    }

    // MARK: What was not read

    /// Setting it drops what was missing before.
    public var missing: [MissingEvidence] {
        get { lines.compactMap(\.missingEvidence) }
        set {
            guard newValue != missing else { return }
            lines.removeAll { $0.status == .notRead }
            for gap in newValue { add(gap) }
        }
    }

    /// As ``missing``, for people: namespaces that lack the same are one reason.
    public var reasons: [MissingEvidence] {
        var result: [MissingEvidence] = []
        var counts: [Int: Int] = [:]
        for gap in missing {
            let isWhole = gap.netns.map {
                gap == MissingEvidence(unreadSocketsOf: $0, gap.reason)
            }
            let known = isWhole != true ? nil : counts.keys.first { result[$0].reason == gap.reason }
            if isWhole == true { counts[known ?? result.count, default: 0] += 1 }
            if known == nil { result.append(gap) }
        }
        for (position, count) in counts where count > 1 {
            result[position].netns = nil
            result[position].action = "read the sockets of \(count) network namespaces"
        }
        return result
    }

    private mutating func add(_ gap: MissingEvidence) {
        lines.removeAll { $0.evidence == gap.evidence && $0.status == .notCollected }
        var line = Line(evidence: gap.evidence, netns: gap.netns, status: .notRead, action: gap.action)
        switch gap.reason {
        case .needs(let what): line.missing = what
        case .failed(let what): line.reason = what
        }
        lines.append(line)
    }

    // MARK: Questions

    /// - Parameter netns: of this network namespace, of which also holds what is said of the node; `nil`: of all.
    public func answer(_ evidence: Evidence, of netns: UInt32? = nil) -> Answer {
        let mine = lines.filter {
            $0.evidence == evidence && (netns == nil || $0.netns == nil || $0.netns == netns)
        }
        let missing = mine.compactMap(\.missingEvidence)
        let isRead = mine.contains { $0.status == .read }
        switch (isRead, missing.isEmpty) {
        case (true, true): return .read
        case (true, false): return .partly(missing)
        case (false, false): return .notRead(missing)
        case (false, true): return .notCollected
        }
    }

    /// Nothing of these kinds is known to be missing; one that was not collected is.
    public func isWhole(_ evidence: Evidence...) -> Bool { evidence.allSatisfy { answer($0) == .read } }

    /// Network namespaces of which a kind could not be read.
    public func unreadNamespaces(_ evidence: Evidence) -> Set<UInt32> {
        Set(lines.lazy.filter { $0.evidence == evidence && $0.status == .notRead }.compactMap(\.netns))
    }
}

extension Coverage.Line {
    /// What is missing; `nil`: nothing, or it was not asked for. A newer program's word for a status is no reading.
    public var missingEvidence: MissingEvidence? {
        guard status != .read, status != .notCollected else { return nil }
        let needed = missing ?? (reason == nil ? "a newer version (status \"\(status.rawValue)\")" : nil)
        return MissingEvidence(
            evidence, of: netns, action: action ?? "read \(evidence.rawValue)",
            needed.map { .needs($0) } ?? .failed(reason ?? ""))
    }
}

/// A list of lines.
extension Coverage: Codable {
    public init(from decoder: any Decoder) throws { lines = try [Line](from: decoder) }
    public func encode(to encoder: any Encoder) throws { try lines.encode(to: encoder) }
}

extension Snapshot {
    /// What could not be read, and why; of ``coverage``.
    public var missingEvidence: [MissingEvidence] {
        get { coverage.missing }
        set { coverage.missing = newValue }
    }
}

extension Snapshot {
    /// What the kernel is and has, as it was read now.
    public mutating func add(_ facts: KernelFacts) {
        kernel = facts
        coverage.noteRead(.kernel, at: monotonic)
    }
}
