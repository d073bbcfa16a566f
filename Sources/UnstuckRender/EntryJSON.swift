import UnstuckModel

/// One sockmap entry as one line of JSON (schema `unstuck.sockmaps.entries/1`, docs/json.md).
public enum EntryJSON {
    public static func write(
        _ entry: SockmapEntry, claim: FourTuple?, state: EntryState, of map: Sockmap, handlers: [Handlers],
        to json: inout JSONStream
    ) {
        let resident = entry.resident
        json.beginObject()
        json.key("map")
        json.value(map.id)
        json.key("key")
        json.hex(entry.key.bytes)
        json.key("state")
        json.value(state.rawValue)
        if let claim {
            json.key("claim")
            write(claim, to: &json)
        }
        json.key("resident")
        json.beginObject()
        json.key("tuple")
        write(resident.tuple, to: &json)
        json.key("state")
        json.value(resident.state.description)
        json.key("cookie")
        json.value(resident.identity.cookie)
        json.key("inode")
        json.value(resident.inode)
        json.key("netns")
        json.value(resident.netns)
        json.key("cgroup")
        json.value(resident.cgroup)
        json.key("dead")
        json.value(resident.isDead)
        json.key("has_socket")
        json.value(resident.hasSocket)
        if let index = resident.handlers, handlers.indices.contains(index) {
            json.key("recvmsg")
            json.value(handlers[index].recvmsg ?? "")
            json.key("sendmsg")
            json.value(handlers[index].sendmsg ?? "")
        }
        if let psock = resident.psock {
            json.key("queued_messages")
            json.value(psock.queuedMessages)
            json.key("queued_bytes")
            json.value(psock.queuedBytes)
        }
        json.endObject()
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
