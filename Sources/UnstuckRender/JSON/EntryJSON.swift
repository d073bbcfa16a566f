import UnstuckModel

/// Writes the entries of one map, each as one line of JSON (schema `unstuck.sockmaps.entries/2`, docs/json.md).
public struct EntryJSON: Sendable {
    private let map: UInt32
    /// The members that name a socket's handlers, by their index: written once, they are the same for nearly all.
    private let handlers: [[UInt8]]

    public init(map: UInt32, handlers: [Handlers]) {
        self.map = map
        self.handlers = handlers.map { handlers in
            var json = JSONStream(capacity: 256)
            json.key("recvmsg")
            json.value(handlers.recvmsg ?? "")
            json.key("sendmsg")
            json.value(handlers.sendmsg ?? "")
            var written: [UInt8] = []
            json.drain { bytes in unsafe bytes.withUnsafeBytes { unsafe written.append(contentsOf: $0) } }
            return written
        }
    }

    public func write(_ entry: SockmapEntry, claim: FourTuple?, state: EntryState, to json: inout JSONStream) {
        let socket = entry.socket
        json.beginObject()
        json.key("map")
        json.value(map)
        json.key("key")
        json.value(entry.key)
        json.key("state")
        json.value(state.rawValue)
        if let claim {
            json.key("claim")
            Self.write(claim, to: &json)
        }
        json.key("socket")
        json.beginObject()
        // Left out where it says what nearly every other says: there may be a hundred thousand lines.
        if claim != socket.tuple {
            json.key("tuple")
            Self.write(socket.tuple, to: &json)
        }
        json.key("state")
        json.value(socket.state.description)
        json.key("cookie")
        json.value(socket.identity.cookie)
        json.key("inode")
        json.value(socket.inode)
        json.key("netns")
        json.value(socket.netns)
        json.key("cgroup")
        json.value(socket.cgroup)
        if socket.isDead {
            json.key("dead")
            json.value(true)
        }
        if !socket.hasSocket {
            json.key("has_socket")
            json.value(false)
        }
        if let index = socket.handlers, handlers.indices.contains(index) { json.members(handlers[index]) }
        if let psock = socket.psock, psock.queuedMessages > 0 || psock.queuedBytes > 0 {
            json.key("queued_messages")
            json.value(psock.queuedMessages)
            json.key("queued_bytes")
            json.value(psock.queuedBytes)
        }
        json.endObject()
        json.endObject()
        json.endLine()
    }

    /// A line of a walked map: instead of a socket its cookie where it is known, and the namespaces in which a socket has
    /// what the key names.
    public static func write(
        walked entry: WalkedEntry, of map: UInt32, claim: FourTuple?, state: EntryState, namespaces: [UInt32],
        to json: inout JSONStream
    ) {
        json.beginObject()
        json.key("map")
        json.value(map)
        json.key("key")
        json.value(entry.key)
        json.key("state")
        json.value(state.rawValue)
        if let claim {
            json.key("claim")
            write(claim, to: &json)
        }
        if let cookie = entry.cookie {
            json.key("cookie")
            json.value(cookie)
        }
        // Nearly always one.
        if let first = namespaces.first {
            json.key("netns")
            json.value(first)
        }
        if namespaces.count > 1 {
            json.key("also_in")
            json.value(namespaces.dropFirst().map(String.init).joined(separator: ","))
        }
        json.endObject()
        json.endLine()
    }

    private static func write(_ tuple: FourTuple, to json: inout JSONStream) {
        json.beginObject()
        json.key("local")
        json.value(tuple.local)
        json.key("remote")
        json.value(tuple.remote)
        json.endObject()
    }
}
