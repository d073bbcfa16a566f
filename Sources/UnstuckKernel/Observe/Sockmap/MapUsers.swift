import CLibBPF
import Glibc
import UnstuckModel

/// Who uses sockmaps: the programs, where each of them is attached, and what their BTF says of the maps' keys.
public struct MapUsers: Sendable {
    /// Programs that use one of the maps, by id.
    public private(set) var programs: [BPFProgram] = []
    /// By map.
    public private(set) var keyTypes: [UInt32: KeyType] = [:]
    /// Maps of ours that the kernel cannot be asked about: what is attached to a map is reported since v5.19 (748cd5729ac7, "bpf:
    /// support BPF_PROG_QUERY for progs attached to sockmap"). Known after ``findAttachments(root:)``.
    public private(set) var unasked: Set<UInt32> = []

    /// Sockets of a map, by the msg program that they run through.
    public typealias Senders = [UInt32: Set<SocketIdentity>]

    /// Asks for the programs and the keys' types, which costs little; where they are attached is asked by
    /// ``findAttachments(root:)``.
    ///
    /// - Parameter maps: the maps that matter; their entries are not looked at.
    /// - Throws: `SystemError`: programs cannot be listed.
    public init(of maps: [Sockmap]) throws {
        guard !maps.isEmpty else { return }
        let loaded = try BPFTable.programs(using: Set(maps.map(\.id)))
        programs = loaded.map(\.program)
        var readers: [UInt32: KeyTypeReader] = [:]
        for map in maps {
            for user in loaded where user.program.maps.contains(map.id) && keyTypes[map.id] == nil {
                guard let reader = readers[user.btf] ?? KeyTypeReader(btf: user.btf) else { continue }
                readers[user.btf] = reader
                keyTypes[map.id] = reader.keyType(ofMap: map.name, size: map.keySize)
            }
        }
    }

    /// Every loaded program that is called one of these, whatever it uses.
    ///
    /// - Throws: `SystemError`: programs cannot be listed.
    public static func programs(named names: Set<String>) throws -> [BPFProgram] {
        try BPFTable.programIDs().compactMap { try BPFTable.program(id: $0)?.program }
            .filter { names.contains($0.name) }
    }

    /// Finds where the programs run: in which cgroups, and on which of the maps. A program that nothing was found for has
    /// an empty list.
    public mutating func findAttachments(root: NodeRoot) {
        var found: [UInt32: [ProgramAttachment]] = [:]
        let ids = Set(programs.map(\.id))
        let links = CgroupLinks()
        CgroupFinder(root: root).forEach { path, directory in
            guard let descriptor = try? OwnedDescriptor(path: directory, flags: O_RDONLY | O_DIRECTORY),
                let attached = try? AttachedPrograms(of: descriptor.raw, BPF_CGROUP_SOCK_OPS, path)
            else { return }
            let group = inodeNumber(directory) ?? 0
            for id in attached.ids where ids.contains(id) {
                found[id, default: []].append(
                    ProgramAttachment(
                        cgroup: path, hook: "sock_ops", mode: attached.mode, link: links.link(of: id, in: group)))
            }
        }
        for map in Set(programs.flatMap(\.maps)).sorted() {
            guard let open = try? BPFTable.openSockmap(id: map) else { continue }
            for (type, hook) in Self.mapHooks {
                guard let attached = try? AttachedPrograms(of: open.descriptor.raw, type, "sockmap \(map)") else {
                    unasked.insert(map)
                    continue
                }
                for id in attached.ids where ids.contains(id) {
                    found[id, default: []].append(ProgramAttachment(sockmap: map, hook: hook))
                }
            }
        }
        for index in programs.indices { programs[index].attachments = found[programs[index].id] ?? [] }
    }

    /// A kernel that cannot be asked still shows what is attached: a socket has its msg program from a map that it is in. Of
    /// one that is in several maps nothing can be told.
    ///
    /// - Parameter senders: of every sockmap of the node.
    public mutating func observe(_ senders: [UInt32: Senders]) {
        for (map, programsOfMap) in senders where unasked.contains(map) {
            for (program, sockets) in programsOfMap {
                let elsewhere = senders.filter { $0.key != map }.values.compactMap { $0[program] }
                guard let index = programs.firstIndex(where: { $0.id == program }),
                    sockets.contains(where: { socket in !elsewhere.contains { $0.contains(socket) } })
                else { continue }
                programs[index].attachments =
                    (programs[index].attachments ?? []) + [
                        ProgramAttachment(sockmap: map, hook: "msg_verdict", isObserved: true)
                    ]
            }
        }
    }

    /// The sockets of one map, by their msg programs.
    public static func senders(_ sockets: some Sequence<KernelSocket>) -> Senders {
        sockets.reduce(into: [:]) { result, socket in
            if let program = socket.psock?.msgProgram { result[program, default: []].insert(socket.identity) }
        }
    }

    private static let mapHooks: [(bpf_attach_type, String)] = [
        (BPF_SK_MSG_VERDICT, "msg_verdict"), (BPF_SK_SKB_STREAM_PARSER, "skb_stream_parser"),
        (BPF_SK_SKB_STREAM_VERDICT, "skb_stream_verdict"), (BPF_SK_SKB_VERDICT, "skb_verdict"),
    ]

    /// The BPF links that hold programs in cgroups.
    private struct CgroupLinks {
        private var links: [Key: UInt32] = [:]
        private struct Key: Hashable {
            var program: UInt32
            var group: UInt64
        }

        init() {
            var id: UInt32 = 0
            while unsafe bpf_link_get_next_id(id, &id) == 0 {
                let raw = bpf_link_get_fd_by_id(id)
                guard raw >= 0 else { continue }
                let descriptor = OwnedDescriptor(owning: raw)
                var info = bpf_link_info()
                var size = UInt32(MemoryLayout<bpf_link_info>.size)
                guard unsafe bpf_obj_get_info_by_fd(descriptor.raw, &info, &size) == 0,
                    info.type == BPF_LINK_TYPE_CGROUP.rawValue
                else { continue }
                links[Key(program: info.prog_id, group: info.cgroup.cgroup_id)] = id
            }
        }

        func link(of program: UInt32, in group: UInt64) -> UInt32? { links[Key(program: program, group: group)] }
    }
}
