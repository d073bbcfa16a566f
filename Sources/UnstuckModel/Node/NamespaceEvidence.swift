/// What is known of the node's network namespaces, and whether that proves that every one of them was read. Only then is a
/// socket that no table has a socket that is not alive: absence proves nothing where a namespace was not read.
///
/// Plain values, gathered elsewhere; each source only adds. A namespace lives as long as anything refers to it: a process,
/// a thread, a descriptor, a mount, a socket, also one that travels in a message.
public struct NamespaceEvidence: Sendable, Equatable {
    /// From which PID namespace a procfs shows the processes.
    public enum ProcessView: Sendable, Equatable {
        /// The initial one: every process of the node is in it.
        case host
        /// Another one, by its inode number.
        case nested(UInt64)
        /// No process of it could be asked.
        case unknown
        /// The folder is no procfs.
        case absent
    }

    /// Where a namespace was seen. The words stand in sentences: "network namespace 4026532001 (of a thread)".
    public enum Source: String, Sendable, Comparable {
        case process = "of a process"
        case thread = "of a thread"
        case descriptor = "of a descriptor"
        case socket = "of a socket"
        case mount = "of a mount"
        case name = "named under /run/netns"
        case kernel = "in the kernel's list"

        public static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
    }

    /// Inode numbers of the namespaces whose tables were read whole.
    public var read: Set<UInt32> = []
    /// Every namespace that any source showed.
    public var known: [UInt32: Set<Source>] = [:]
    /// The kernel's own list of all namespaces, complete by itself; `nil`: it could not be read.
    public var kernelList: Set<UInt32>?

    public var view = ProcessView.unknown
    /// What it takes to look into another process, where that was refused.
    public var access = "CAP_SYS_PTRACE"
    /// Options of the procfs mount that hide processes: `hidepid=invisible`. `nil`: its mount was not found.
    public var hiding: [String]? = []
    /// What could not be looked into: how many, by what is missing for it.
    public var closed: [Closed: Int] = [:]
    /// Descriptors that wait in Unix sockets to be received.
    public var inFlight = 0
    /// io_uring instances with registered files.
    public var rings = 0

    /// In the singular and the plural.
    public enum What: String, Sendable {
        case process = "process,processes"
        case thread = "thread,threads"
        case socket = "socket,sockets"
        case mountNamespace = "mount namespace,mount namespaces"

        func pluralized(_ count: Int) -> String {
            let forms = rawValue.split(separator: ",")
            return "\(count) \(forms[count == 1 ? 0 : 1])"
        }
    }

    public struct Closed: Hashable, Sendable, Comparable {
        public var what: What
        public var missing: String

        public init(_ what: What, missing: String) { (self.what, self.missing) = (what, missing) }

        public static func < (one: Self, other: Self) -> Bool {
            (one.what.rawValue, one.missing) < (other.what.rawValue, other.missing)
        }
    }

    public init() {}

    public mutating func note(_ inode: UInt32, _ source: Source) { known[inode, default: []].insert(source) }
    public mutating func noteClosed(_ what: What, missing: String) {
        closed[Closed(what, missing: missing), default: 0] += 1
    }

    /// Why it is not proven that every network namespace was read; empty: it is.
    public var gaps: [Gap] {
        if let kernelList { return unread(of: kernelList.union(known.keys)) }
        return processes + unread(of: Set(known.keys))
            + closed.sorted { $0.key < $1.key }.map { closed, count in
                Gap("\(closed.what.pluralized(count)) could not be read", missing: closed.missing)
            } + outOfReach
    }

    /// One reason.
    public struct Gap: Hashable, Sendable {
        public var reason: String
        /// What it takes.
        public var missing: String

        init(_ reason: String, missing: String) { (self.reason, self.missing) = (reason, missing) }

        public var missingEvidence: MissingEvidence {
            MissingEvidence(
                .namespaces, action: "prove that every network namespace was read: \(reason)", .needs(missing))
        }
    }

    private var processes: [Gap] {
        var result: [Gap] = []
        switch view {
        case .host: break
        case .nested(let inode):
            result.append(
                Gap(
                    "/proc shows the processes of PID namespace \(inode) alone, which is not the host's",
                    missing: "the host's PID namespace, or --root with the host's /proc"))
        case .unknown:
            result.append(
                Gap(
                    "of no process in /proc the PID namespace could be read",
                    missing: "the host's PID namespace, and \(access)"))
        case .absent: result.append(Gap("there are no processes in it", missing: "a procfs at /proc"))
        }
        guard view != .absent else { return result }
        if let hiding {
            result += hiding.map { Gap("/proc is mounted with \($0)", missing: "a /proc that hides no process") }
        } else {
            result.append(
                Gap("how /proc is mounted could not be read", missing: "the mount of /proc in /proc/self/mountinfo"))
        }
        return result
    }

    private func unread(of all: Set<UInt32>) -> [Gap] {
        all.subtracting(read).sorted().map { inode in
            let sources = known[inode, default: [.kernel]].sorted().map(\.rawValue).joined(separator: ", ")
            return Gap(
                "network namespace \(inode) (\(sources)) was not read", missing: "to enter it, or that it ends")
        }
    }

    /// Sockets that nothing in /proc leads to.
    private var outOfReach: [Gap] {
        var result: [Gap] = []
        if inFlight > 0 {
            result.append(
                Gap(
                    "\(pluralized(inFlight, "descriptor")) in flight between Unix sockets may be sockets of others",
                    missing: "their receivers to read them"))
        }
        if rings > 0 {
            result.append(
                Gap(
                    "\(pluralized(rings, "io_uring instance")) with registered files may hold sockets of others",
                    missing: "their processes to end"))
        }
        return result
    }
}
