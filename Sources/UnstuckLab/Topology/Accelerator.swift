import CLinuxUAPI
import Glibc
import UnstuckKernel

/// The reference accelerator: loaded, attached to a control group and to its map, and pinned, so that it stays when
/// the process that loaded it has gone.
enum Accelerator {
    static let mapName = "cilium_sock_ops"
    static let defaultMapSize = 65535
    static let keySize = 44

    /// A bpffs of the lab's own: removing it removes every pin in it.
    static func mountFileSystem(at folder: String) throws {
        try Files.makeFolder(folder)
        try syscall("mount bpf", on: folder) { unsafe mount("bpffs", folder, "bpf", 0, "mode=0700") }
    }

    static func load(layout: LabLayout, mapSize: Int) throws -> LabState.Accelerator {
        let object = try BPFObject(embedded: ciliumAcceleratorObject, name: "lab_accelerator")
        let map = try object.map(mapName)
        map.setMaxEntries(mapSize)
        try object.load()
        try object.program("redirect_message").attach(.messageVerdict, to: map)
        let cgroup = try OwnedDescriptor(path: layout.nodeCgroup, flags: O_RDONLY | O_DIRECTORY)
        try object.program("file_socket").attach(.socketOperations, to: cgroup, allowOthers: true)
        try map.pin(at: layout.mapPin)
        return LabState.Accelerator(mapID: try PinnedMap(path: layout.mapPin).id(), mapSize: mapSize)
    }
}
