import UnstuckFormats

/// The kernel's own list of network namespaces, read by the program that walks its socket tables (bpf/observe/walk_sockets.bpf.c): the one
/// source that nothing can be hidden from. Loaded once.
final class KernelNamespaceList {
    private var loaded: (object: BPFObject, list: BPFRawRun)?
    private var isRefused = false

    /// Inode numbers of all of them; `nil` where the kernel does not take the program, or the list is longer than we read.
    func inodes() -> Set<UInt32>? {
        guard !isRefused else { return nil }
        do {
            let (object, list) = try loaded ?? Self.load()
            loaded = (object, list)
            let found = try SocketTableWalk.namespaces(by: list, in: object)
            return found.isPartial ? nil : found.inodes
        } catch {
            isRefused = true  // no BTF, or a missing capability: it will be so the next time, too
            return nil
        }
    }

    private static func load() throws -> (BPFObject, BPFRawRun) {
        let object = try BPFObject(embedded: walkSocketsObject, name: "unstuck_nets")
        try object.program("walk_table").setAutoload(false)
        try object.load()
        return (object, BPFRawRun(try object.program("list_nets")))
    }
}
