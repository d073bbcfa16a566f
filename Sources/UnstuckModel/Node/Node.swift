/// A network namespace that was found through a process or a name under `/run/netns`.
public struct NetworkNamespace: Hashable, Sendable, Codable {
    /// Inode number, as in `net:[4026531840]`.
    public var inode: UInt32
    /// Its name under `/run/netns`, where it has one.
    public var name: String?
    /// The lowest process id seen in it; `nil` for a named namespace without processes.
    public var process: Int32?
    /// The sockets of this namespace were read.
    public var wasRead: Bool
    /// From where its clients get their ports; `nil`: nobody asked, or it could not be read.
    public var localPorts: LocalPorts?
    /// Addresses of its interfaces; `nil` as before.
    public var addresses: [IPAddress]?

    public init(inode: UInt32, name: String?, process: Int32?, wasRead: Bool) {
        self.inode = inode
        self.name = name
        self.process = process
        self.wasRead = wasRead
    }
}

/// A Kubernetes pod, known from its cgroup's path and the folder of its logs, without asking any API.
public struct Pod: Hashable, Sendable, Codable {
    public var uid: String
    /// `nil` where no log folder tells.
    public var namespace: String?
    public var name: String?

    public init(uid: String, namespace: String?, name: String?) {
        self.uid = uid
        self.namespace = namespace
        self.name = name
    }

    /// `shop/web-0`, or the uid where the name is not known.
    public var label: String {
        guard let namespace, let name else { return "pod \(uid)" }
        return "\(namespace)/\(name)"
    }
}

/// A cgroup v2 that a socket belongs to.
public struct Cgroup: Hashable, Sendable, Codable {
    public var id: UInt64
    /// Below the mount point, with a leading slash.
    public var path: String
    public var podUID: String?

    public init(id: UInt64, path: String, podUID: String?) {
        self.id = id
        self.path = path
        self.podUID = podUID
    }
}

/// A process that holds a socket, and by which descriptor.
public struct SocketOwner: Hashable, Sendable, Codable {
    public var pid: Int32
    /// The process's own name for itself; anything may stand in it.
    public var command: String
    public var descriptor: Int32
    /// Inode of the socket.
    public var inode: UInt64
    /// Start time in clock ticks since boot: tells a reused pid from the same process.
    public var startTime: UInt64

    public init(pid: Int32, command: String, descriptor: Int32, inode: UInt64, startTime: UInt64) {
        self.pid = pid
        self.command = command
        self.descriptor = descriptor
        self.inode = inode
        self.startTime = startTime
    }
}

/// A loaded BPF program and the maps it uses.
public struct BPFProgram: Hashable, Sendable, Codable {
    public var id: UInt32
    public var name: String
    public var maps: [UInt32]
    /// As bpftool names it (`sock_ops`, `sk_msg`); `nil` unknown.
    public var type: String?
    /// Where it runs; `nil`: nobody asked.
    public var attachments: [ProgramAttachment]?

    public init(
        id: UInt32, name: String, maps: [UInt32], type: String? = nil, attachments: [ProgramAttachment]? = nil
    ) {
        self.id = id
        self.name = name
        self.maps = maps
        self.type = type
        self.attachments = attachments
    }
}

/// One place where a BPF program runs.
public struct ProgramAttachment: Hashable, Sendable, Codable {
    /// Path of a cgroup below the cgroup v2 mount.
    public var cgroup: String?
    /// Id of a map.
    public var sockmap: UInt32?
    /// `sock_ops`, `msg_verdict`, `skb_stream_parser`, `skb_stream_verdict`, `skb_verdict`.
    public var hook: String
    /// Of a cgroup: `multi`, `override` or neither, which keeps everybody else out.
    public var mode: String?
    /// The BPF link that holds it there; `nil`: attached without one.
    public var link: UInt32?
    /// Known from sockets that run through the program, on a kernel that cannot be asked (before 5.19).
    public var isObserved: Bool?

    public init(
        cgroup: String? = nil, sockmap: UInt32? = nil, hook: String, mode: String? = nil, link: UInt32? = nil,
        isObserved: Bool? = nil
    ) {
        self.cgroup = cgroup
        self.sockmap = sockmap
        self.hook = hook
        self.mode = mode
        self.link = link
        self.isObserved = isObserved
    }
}
