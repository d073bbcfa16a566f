/// A kind of evidence. Open: one that a newer program has written is kept by its word.
public struct Evidence: RawRepresentable, Hashable, Sendable, Codable {
    public let rawValue: String
    /// Version 1 of snapshots calls ``entrySockets`` by another name.
    public init(rawValue: String) { self.rawValue = rawValue == "residents" ? "entry-sockets" : rawValue }

    public static let sockmaps = Self(rawValue: "sockmaps")
    /// The TCP sockets of network namespaces.
    public static let sockets = Self(rawValue: "sockets")
    /// Which network namespaces there are.
    public static let namespaces = Self(rawValue: "namespaces")
    /// The sockets behind the keys of a sockmap.
    public static let entrySockets = Self(rawValue: "entry-sockets")
    /// Which functions, programs and queues handle a socket, and its sequence numbers.
    public static let handlers = Self(rawValue: "handlers")
    /// The BPF programs that sockets send through.
    public static let programs = Self(rawValue: "programs")
    /// Where the programs of sockmaps are attached.
    public static let attachments = Self(rawValue: "attachments")
    public static let pods = Self(rawValue: "pods")
    public static let owners = Self(rawValue: "owners")
    public static let processes = Self(rawValue: "processes")
    public static let counters = Self(rawValue: "counters")
    public static let cgroups = Self(rawValue: "cgroups")
    public static let links = Self(rawValue: "links")
    /// What FIONREAD says of single sockets.
    public static let readable = Self(rawValue: "readable")
    /// What the kernel is and has, and what a trial shows of it.
    public static let kernel = Self(rawValue: "kernel")

    /// Those that this program knows.
    public static let known: [Self] = [
        .sockmaps, .sockets, .namespaces, .entrySockets, .handlers, .programs, .attachments, .pods, .owners, .processes,
        .counters, .cgroups, .links, .readable, .kernel,
    ]

    /// Without these no answer about a node is whole.
    public static let necessary: [Self] = [.sockmaps, .sockets]

    /// Collected for single connections, whose rules say what they lack: its absence hides no other finding.
    public var isOnDemand: Bool { Self.onDemand.contains(self) }
    private static let onDemand: Set<Self> = [
        .processes, .counters, .cgroups, .links, .attachments, .readable, .kernel,
    ]
}

/// Something that could not be read. A rule that needs it answers *unknown*, never *fine*.
public struct MissingEvidence: Hashable, Sendable {
    public typealias Evidence = UnstuckModel.Evidence

    /// What part of the evidence is missing.
    public var evidence: Evidence
    /// The network namespace that it is missing of; `nil`: it is no namespace's own, or of more than one.
    public var netns: UInt32?
    /// What could not be done: "read the sockets of netns 4026532001".
    public var action: String
    public var reason: Reason

    /// Why something could not be done.
    public enum Reason: Hashable, Sendable, Comparable, CustomStringConvertible {
        /// What it takes: "CAP_BPF", "the kernel's BTF (/sys/kernel/btf/vmlinux)".
        case needs(String)
        /// What went wrong, where nothing is known that would help: "read sockmap 35: Input/output error".
        case failed(String)

        /// A clause: "needs CAP_BPF", or what went wrong.
        public var description: String {
            switch self {
            case .needs(let what): "needs \(what)"
            case .failed(let what): what
            }
        }
    }

    public init(_ evidence: Evidence, of netns: UInt32? = nil, action: String, _ reason: Reason) {
        self.evidence = evidence
        self.netns = netns
        self.action = action
        self.reason = reason
    }

    /// Of one network namespace no socket was read.
    public init(unreadSocketsOf netns: UInt32, _ reason: Reason) {
        self.init(.sockets, of: netns, action: "read the sockets of network namespace \(netns)", reason)
    }
}

extension MissingEvidence: CustomStringConvertible {
    /// The one sentence for it, without a full stop: "could not list BPF maps: needs CAP_SYS_ADMIN".
    public var description: String { "could not \(action): \(reason)" }
}
