import CLibBPF
import Glibc

/// The sock_ops programs that are attached to one cgroup itself.
public struct GroupPrograms: Hashable, Sendable, Codable {
    /// In the order in which they run.
    public var ids: [UInt32]
    /// `multi`, `override`, or `nil`: it keeps all others out.
    public var mode: String?

    /// - Parameter directory: of the cgroup.
    /// - Throws: `SystemError`; ENOENT: there is no such cgroup any more.
    public init(inGroup directory: String) throws(SystemError) {
        let group = try OwnedDescriptor(path: directory, flags: O_RDONLY | O_DIRECTORY)
        let attached = try AttachedPrograms(of: group.raw, BPF_CGROUP_SOCK_OPS, directory)
        (ids, mode) = (attached.ids, attached.mode)
    }

    /// Puts a program into the very place of another: the same position, the same flags, the same link. No socket event
    /// falls between them.
    ///
    /// Where many are allowed BPF_F_REPLACE names the old one (7dd68b3279f1, "bpf: Support replacing cgroup-bpf program in
    /// MULTI mode", in v5.6); where not, an attachment with the same flags takes the place of whatever is there
    /// (`__cgroup_bpf_attach`, kernel/bpf/cgroup.c), so that is looked at first; a link is reported its new program
    /// (0c991ebc8c69, "bpf: Implement bpf_prog replacement for an active bpf_cgroup_link", in v5.7).
    ///
    /// - Parameters:
    ///   - link: the id of the link that holds the old program there.
    ///   - mode: as ``mode``.
    /// - Throws: `SystemError`; ENOENT or EPERM: the old one is not there any more.
    public static func replace(
        _ old: BPFTable.Loaded, by new: BPFTable.Loaded, link: UInt32?, mode: String?, inGroup directory: String
    ) throws(SystemError) {
        let (oldDescriptor, newDescriptor) = (old.descriptor, new.descriptor)
        if let link {
            let raw = try syscall("BPF_LINK_GET_FD_BY_ID", on: "link \(link)", needs: [.sysAdmin]) {
                bpf_link_get_fd_by_id(link)
            }
            let held = OwnedDescriptor(owning: raw)
            var options = bpf_link_update_opts()
            options.sz = MemoryLayout<bpf_link_update_opts>.size
            options.flags = UInt32(BPF_F_REPLACE)
            options.old_prog_fd = UInt32(bitPattern: oldDescriptor)
            let descriptor = held.raw
            try syscall("BPF_LINK_UPDATE", on: "link \(link)", needs: [.sysAdmin]) {
                unsafe bpf_link_update(descriptor, newDescriptor, &options)
            }
            return
        }
        let group = try OwnedDescriptor(path: directory, flags: O_RDONLY | O_DIRECTORY)
        let target = group.raw
        var options = bpf_prog_attach_opts()
        options.sz = MemoryLayout<bpf_prog_attach_opts>.size
        switch mode {
        case "multi":
            options.flags = UInt32(BPF_F_ALLOW_MULTI) | UInt32(BPF_F_REPLACE)
            options.replace_prog_fd = oldDescriptor
        default:
            options.flags = mode == "override" ? UInt32(BPF_F_ALLOW_OVERRIDE) : 0
            guard try GroupPrograms(inGroup: directory).ids == [old.id] else {
                throw SystemError("BPF_PROG_ATTACH", directory, errno: ENOENT, needs: [.netAdmin])
            }
        }
        try syscall("BPF_PROG_ATTACH", on: directory, needs: [.netAdmin]) {
            unsafe bpf_prog_attach_opts(newDescriptor, target, BPF_CGROUP_SOCK_OPS, &options)
        }
    }

    /// Takes a program out that is attached without a link.
    public static func remove(_ program: BPFTable.Loaded, fromGroup directory: String) throws(SystemError) {
        let group = try OwnedDescriptor(path: directory, flags: O_RDONLY | O_DIRECTORY)
        let (target, descriptor) = (group.raw, program.descriptor)
        try syscall("BPF_PROG_DETACH", on: directory, needs: [.netAdmin]) {
            bpf_prog_detach2(descriptor, target, BPF_CGROUP_SOCK_OPS)
        }
    }
}

extension BPFTable {
    /// Whether a program uses storage that belongs to the place where it is attached.
    public static func hasGroupStorage(_ id: UInt32) throws(SystemError) -> Bool {
        for map in try program(id: id)?.program.maps ?? [] {
            let raw = bpf_map_get_fd_by_id(map)
            guard raw >= 0 else { continue }
            let held = OwnedDescriptor(owning: raw)
            var info = bpf_map_info()
            var size = UInt32(MemoryLayout<bpf_map_info>.size)
            let descriptor = held.raw
            try syscall("BPF_OBJ_GET_INFO_BY_FD", on: "map \(map)") {
                unsafe bpf_obj_get_info_by_fd(descriptor, &info, &size)
            }
            // BPF_MAP_TYPE_CGROUP_STORAGE and BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE: newer headers have other names for them.
            if [19, 21].contains(info.type) { return true }
        }
        return false
    }

    /// A loaded program that this process keeps loaded.
    public final class Loaded: Sendable {
        private let held: OwnedDescriptor
        public let id: UInt32
        public let name: String

        /// Takes over a descriptor.
        fileprivate init(_ held: consuming OwnedDescriptor, _ object: String) throws(SystemError) {
            var info = bpf_prog_info()
            var size = UInt32(MemoryLayout<bpf_prog_info>.size)
            let raw = held.raw
            try syscall("BPF_OBJ_GET_INFO_BY_FD", on: object) {
                unsafe bpf_obj_get_info_by_fd(raw, &info, &size)
            }
            (id, name) = (info.id, BPFTable.name(of: info.name))
            self.held = held
        }

        /// - Throws: `SystemError`; ENOENT: it is gone.
        public convenience init(id: UInt32) throws(SystemError) {
            let raw = try syscall("BPF_PROG_GET_FD_BY_ID", on: "program \(id)", needs: [.sysAdmin]) {
                bpf_prog_get_fd_by_id(id)
            }
            try self.init(OwnedDescriptor(owning: raw), "program \(id)")
        }

        public convenience init(pin: String) throws(SystemError) {
            let raw = try syscall("BPF_OBJ_GET", on: pin) { unsafe bpf_obj_get(pin) }
            try self.init(OwnedDescriptor(owning: raw), pin)
        }

        public var descriptor: Int32 { held.raw }

        /// Keeps it loaded when we go, until the file is removed.
        public func pin(at path: String) throws(SystemError) {
            let descriptor = descriptor
            try syscall("BPF_OBJ_PIN", on: path) { unsafe bpf_obj_pin(descriptor, path) }
        }
    }
}
