import CLibBPF
import CUnstuckABI
import Glibc
import UnstuckKernel

/// What replaces one sock_ops program (`bpf/repair/bypass.bpf.c`), by its pins: it goes on without a process.
struct Shim {
    /// As the kernel cuts it.
    static let name = "unstuck_bypass"

    let program: BPFTable.Loaded
    /// What it replaces: pinned too, so that it stays loaded.
    let original: BPFTable.Loaded
    private let folder: String

    /// What is pinned.
    ///
    /// - Throws: `SystemError`; ENOENT: it was never completed, so it is attached nowhere.
    init(pinnedIn folder: String) throws(SystemError) {
        self.folder = folder
        original = try BPFTable.Loaded(pin: "\(folder)/original")
        program = try BPFTable.Loaded(pin: "\(folder)/stand_in")
    }

    /// Loads one for a program and pins all of it; nothing is attached.
    ///
    /// - Returns: also whether it can pass through. A kernel lets a program call another one only if both were loaded alike
    ///   (`bpf_prog_map_compatible`, kernel/bpf/core.c; since 6.18 also with the same expected attach type, 4540aed51b12,
    ///   "bpf: Enforce expected_attach_type for tailcall compatibility"), and does not tell how the other one was: both
    ///   ways are tried. A program with storage of its control group is never called: it would find that of the shim,
    ///   which has none, and kernels before abad3d0bad72 ("bpf: Fix oob access in cgroup local storage", in v6.17) let that
    ///   pass.
    /// - Throws: `BPFError`, `SystemError`.
    static func make(
        for original: BPFTable.Loaded, _ settings: unstuck_bypass_settings, pinnedIn folder: String
    ) throws -> (shim: Shim, passesThrough: Bool) {
        try original.pin(at: "\(folder)/original")
        for type in try BPFTable.hasGroupStorage(original.id) ? [] : [BPF_CGROUP_SOCK_OPS, bpf_attach_type(0)] {
            let object = try load(expecting: type)
            guard try knows(original, object) else { continue }
            return (try pin(object, settings, in: folder), true)
        }
        return (try pin(try load(expecting: BPF_CGROUP_SOCK_OPS), settings, in: folder), false)
    }

    private static func load(expecting type: bpf_attach_type) throws -> BPFObject {
        let object = try BPFObject(embedded: bypassObject, name: name)
        try object.program(name).setExpectedAttachType(type)
        try object.load()
        return object
    }

    private static func knows(_ original: BPFTable.Loaded, _ object: BPFObject) throws -> Bool {
        let originals = MapElements(try object.map("original").descriptor)
        return (try? originals.set(MapElements.key(0), to: original.descriptor)) != nil
    }

    /// The shim itself comes last: when it is there, all is.
    private static func pin(
        _ object: BPFObject, _ settings: unstuck_bypass_settings, in folder: String
    ) throws -> Shim {
        try write(settings, to: try object.map("settings").descriptor)
        for map in ["settings", "counts"] { try object.map(map).pin(at: "\(folder)/\(map)") }
        // The kernel empties an array of programs when its last descriptor and its last pin go.
        try object.map("original").pin(at: "\(folder)/originals")
        try object.program(name).pin(at: "\(folder)/stand_in")
        return try Shim(pinnedIn: folder)
    }

    func set(_ settings: unstuck_bypass_settings) throws {
        let map = try Self.open("\(folder)/settings")
        try Self.write(settings, to: map.raw)
    }

    private static func write(_ settings: unstuck_bypass_settings, to map: Int32) throws {
        do {
            try MapElements(map).set(MapElements.key(0), to: settings)
        } catch {
            throw SystemError("BPF_MAP_UPDATE_ELEM", "settings", errno: error.errno, needs: [.bpf])
        }
    }

    /// Sockets that were not inserted.
    func notInserted() throws -> UInt64 {
        let map = try Self.open("\(folder)/counts")
        do throws(MapElements.Refusal) {
            return try MapElements(map.raw).value(of: MapElements.key(0), 0 as UInt64)
        } catch {
            throw SystemError("BPF_MAP_LOOKUP_ELEM", "counts", errno: error.errno, needs: [.bpf])
        }
    }

    private static func open(_ pin: String) throws -> OwnedDescriptor {
        OwnedDescriptor(owning: try syscall("BPF_OBJ_GET", on: pin) { unsafe bpf_obj_get(pin) })
    }
}
