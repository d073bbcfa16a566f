/// Evidence that rules want beside what every sample holds, by kind, for the few sockets, processes and namespaces that they
/// are about.
public struct EvidenceRequest: Sendable, Equatable {
    /// What evidence is read of.
    public enum Subject: Sendable, Hashable {
        /// By its inode in sockfs.
        case socket(UInt64)
        /// By its id, as the node's procfs numbers it.
        case process(UInt32)
        /// A network namespace, by its inode in nsfs.
        case namespace(UInt32)
        /// By its path below the mounts of cgroup v2 or v1, with a leading slash.
        case cgroup(String)
        /// The kernel itself.
        case kernel
    }

    private var subjects: [Evidence: Set<Subject>] = [:]
    /// Another sample would tell whether a connection that holds no bytes stands.
    public var secondSample = false

    public init() {}

    public init(_ evidence: Evidence, of subjects: Set<Subject>) { self[evidence] = subjects }

    public subscript(evidence: Evidence) -> Set<Subject> {
        get { subjects[evidence] ?? [] }
        set { subjects[evidence] = newValue.isEmpty ? nil : newValue }
    }

    /// Nothing is to be collected.
    public var isEmpty: Bool { subjects.isEmpty }

    /// One kind of it alone.
    public func only(_ evidence: Evidence) -> EvidenceRequest {
        EvidenceRequest(evidence, of: self[evidence])
    }

    public mutating func formUnion(_ other: EvidenceRequest) {
        subjects.merge(other.subjects) { $0.union($1) }
        secondSample = secondSample || other.secondSample
    }

    /// What of this was not asked for before.
    public func subtracting(_ asked: EvidenceRequest) -> EvidenceRequest {
        var rest = EvidenceRequest()
        for (evidence, wanted) in subjects { rest[evidence] = wanted.subtracting(asked[evidence]) }
        return rest
    }
}
