import CLibBPF
import Foundation
import Glibc
import TestSupport
import Testing
import UnstuckKernel

/// A control group of a lab's.
final class ControlGroup {
    /// Below the mount.
    let path: String
    let directory: String
    private let descriptor: Int32

    init(lab: String, _ name: String) throws {
        path = "/unstuck-\(lab)/\(name)"
        directory = try NodeRoot().directory(ofCgroup: "/unstuck-\(lab)") + "/\(name)"
        unsafe _ = mkdir(directory, 0o755)
        let folder = directory
        descriptor = try syscall("open", on: folder) { unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    }

    deinit { close(descriptor) }

    func remove() { unsafe _ = rmdir(directory) }

    func list() throws -> GroupPrograms { try GroupPrograms(inGroup: directory) }

    func attach(_ program: Int32, _ flags: UInt32) throws {
        let group = descriptor
        try syscall("BPF_PROG_ATTACH", on: path) { bpf_prog_attach(program, group, BPF_CGROUP_SOCK_OPS, flags) }
    }

    func link(_ program: Int32) throws -> Link {
        let group = descriptor
        return Link(
            try syscall("BPF_LINK_CREATE", on: path) {
                bpf_link_create(program, group, BPF_CGROUP_SOCK_OPS, nil)
            })
    }

    final class Link {
        private let descriptor: Int32
        init(_ descriptor: Int32) { self.descriptor = descriptor }
        deinit { close(descriptor) }

        func program() throws -> UInt32 {
            var info = bpf_link_info()
            var size = UInt32(MemoryLayout<bpf_link_info>.size)
            let link = descriptor
            try syscall("BPF_OBJ_GET_INFO_BY_FD", on: "link") { unsafe bpf_obj_get_info_by_fd(link, &info, &size) }
            return info.prog_id
        }
    }
}
