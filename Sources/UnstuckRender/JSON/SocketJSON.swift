import UnstuckModel

/// Writes rows of `unstuck sockets`, each as one line of JSON (schema `unstuck.sockets/1`, docs/json.md).
public struct SocketJSON: Sendable {
    /// The members that name a socket's handlers, by their index: written once, they are the same for nearly all.
    private let handlers: [[UInt8]]
    private let sample: SocketSample
    /// Of each member of ``SocketField/all``, as its key.
    private let fields = SocketField.all

    public init(_ sample: SocketSample) {
        self.sample = sample
        handlers = sample.handlers.map { handlers in
            var json = JSONStream(capacity: 512)
            let names: [(StaticString, String?)] = [
                ("recvmsg", handlers.recvmsg), ("sendmsg", handlers.sendmsg), ("close", handlers.close),
                ("destroy", handlers.destroy), ("unhash", handlers.unhash), ("ioctl", handlers.ioctl),
            ]
            for (key, name) in names {
                guard let name else { continue }
                json.key(key)
                json.value(name)
            }
            var written: [UInt8] = []
            json.drain { bytes in unsafe bytes.withUnsafeBytes { unsafe written.append(contentsOf: $0) } }
            return written
        }
    }

    /// What moved since the sample before, by end.
    public typealias Moved = (_ position: Int) -> [SocketMove]?

    /// - Parameters:
    ///   - number: of the sample, from 1, where there are several.
    ///   - moved: `nil`: there is no sample before.
    public func write(
        client: Int?, server: Int?, tuple: FourTuple, number: Int? = nil, moved: Moved? = nil, to json: inout JSONStream
    ) {
        json.beginObject()
        if let number {
            json.key("sample")
            json.value(UInt64(number))
            json.key("taken_at_ms")
            json.value(UInt64(max(0, sample.takenAt * 1000)))
        }
        if let server, client == nil, sample.sockets[server].socket.state == .listen {
            write(end: server, "listener", moved, &json)
        } else {
            json.key("client_address")
            json.value(tuple.local)
            json.key("server_address")
            json.value(tuple.remote)
            if let client { write(end: client, "client", moved, &json) }
            if let server { write(end: server, "server", moved, &json) }
        }
        json.endObject()
        json.endLine()
    }

    private func write(end position: Int, _ name: StaticString, _ moved: Moved?, _ json: inout JSONStream) {
        let tcp = sample.sockets[position]
        let details = sample.details[position]
        json.key(name)
        json.beginObject()
        if tcp.socket.state == .listen {
            json.key("address")
            json.value(tcp.socket.tuple.local)
        }
        json.key("state")
        json.value(tcp.socket.state.shownName)
        writeIdentity(position, tcp, &json)
        if let timer = details.timer {
            json.key("timer")
            json.value(literal: timer.kind.name)
            if timer.kind != .none {
                json.key("timer_count")
                json.value(timer.count)
            }
        }
        for field in fields {
            guard let value = field.value(tcp, details) else { continue }
            json.key(field.name)
            json.value(value)
        }
        writeWords(tcp, details, &json)
        if let index = tcp.socket.handlers, handlers.indices.contains(index) { json.members(handlers[index]) }
        writeOwners(tcp.socket.inode, &json)
        if let moved { write(moved: moved(position), &json) }
        json.endObject()
    }

    private func writeIdentity(_ position: Int, _ tcp: TCPSocket, _ json: inout JSONStream) {
        let socket = tcp.socket
        json.key("netns")
        json.value(socket.netns)
        let view = sample.socket(position)
        if let name = view.namespaceName {
            json.key("netns_name")
            json.value(name)
        }
        if let pod = view.pod {
            json.key("pod")
            json.value(pod)
        }
        if socket.identity.cookie != 0 {
            json.key("cookie")
            json.value(socket.identity.cookie)
        }
        if socket.inode != 0 {
            json.key("inode")
            json.value(socket.inode)
        }
        if socket.cgroup != 0 {
            json.key("cgroup")
            json.value(socket.cgroup)
        }
        if let program = socket.psock?.msgProgram {
            json.key("msg_program")
            json.value(program)
        }
    }

    /// What is no number.
    private func writeWords(_ tcp: TCPSocket, _ details: SocketDetails, _ json: inout JSONStream) {
        if let control = details.congestionControl {
            json.key("congestion")
            json.value(control.name)
        }
        if let state = details.congestionState {
            json.key("congestion_state")
            let names = SocketDetails.congestionStates
            json.value(literal: Int(state) < names.count ? names[Int(state)] : "unknown")
        }
        if let options = details.options {
            json.key("options")
            json.beginArray()
            for (bit, name) in SocketDetails.optionNames where options & bit != 0 { json.value(literal: name) }
            json.endArray()
        }
        if let limited = details.isApplicationLimited, limited {
            json.key("app_limited")
            json.value(true)
        }
        if let shutdown = details.shutdown {
            json.key("shutdown")
            json.value(shutdown)
        }
    }

    private func writeOwners(_ inode: UInt64, _ json: inout JSONStream) {
        var isFirst = true
        // A stream cannot be handed into the closure.
        for owner in sample.owners.owners(of: inode) {
            if isFirst {
                json.key("owners")
                json.beginArray()
                isFirst = false
            }
            json.beginObject()
            json.key("pid")
            json.value(UInt32(clamping: owner.pid))
            json.key("command")
            json.value(owner.command)
            json.key("fd")
            json.value(UInt32(clamping: owner.descriptor))
            json.endObject()
        }
        if !isFirst { json.endArray() }
    }

    private func write(moved: [SocketMove]?, _ json: inout JSONStream) {
        guard let moved else {
            json.key("is_new")
            json.value(true)
            return
        }
        json.key("moved")
        json.beginObject()
        for move in moved {
            json.key(move.field.name)
            json.value(move.by)
        }
        json.endObject()
    }
}
