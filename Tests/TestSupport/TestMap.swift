import CLibBPF
import Glibc
import UnstuckKernel
import UnstuckModel

/// A SOCKHASH of this process's own, filled from user space: no accelerator is needed to make a map hold dead sockets.
public final class TestMap {
    public let descriptor: Int32
    public let id: UInt32

    /// - Parameter valueSize: 4, or 8: then user space can look up whose cookie sits behind a key.
    public init(keySize: UInt32 = 44, valueSize: UInt32 = 4, maxEntries: UInt32 = 1024) throws {
        let created = unsafe bpf_map_create(
            BPF_MAP_TYPE_SOCKHASH, "unstuck_test", keySize, valueSize, maxEntries, nil)
        guard created >= 0 else { throw SystemError("BPF_MAP_CREATE", "SOCKHASH", errno: errno) }
        descriptor = created
        var info = bpf_map_info()
        var size = UInt32(MemoryLayout<bpf_map_info>.size)
        try syscall("BPF_OBJ_GET_INFO_BY_FD", on: "the test's map") {
            unsafe bpf_obj_get_info_by_fd(created, &info, &size)
        }
        id = info.id
    }

    deinit { close(descriptor) }

    /// Gives the map a sk_msg program that passes everything: sockets that enter from now on send through it, and show
    /// `tcp_bpf_sendmsg`.
    public func passMessages() throws {
        let program = try TrivialProgram(BPF_PROG_TYPE_SK_MSG)
        let map = descriptor
        try syscall("BPF_PROG_ATTACH", on: "the test's map") {
            bpf_prog_attach(program.descriptor, map, BPF_SK_MSG_VERDICT, 0)
        }
    }

    /// Gives the map a verdict program that passes everything: sockets that enter from now on receive through it.
    public func passBytes() throws {
        let program = try TrivialProgram(BPF_PROG_TYPE_SK_SKB)
        let map = descriptor
        try syscall("BPF_PROG_ATTACH", on: "the test's map") {
            bpf_prog_attach(program.descriptor, map, BPF_SK_SKB_VERDICT, 0)
        }
    }

    /// Files a socket under a key; replaces what is there.
    public func put(_ socket: Int32, under key: [UInt8]) throws {
        var key = key
        var value = UInt64(UInt32(bitPattern: socket))  // a map with values of four bytes takes the first four
        let map = descriptor
        try syscall("BPF_MAP_UPDATE_ELEM", on: "the test's map") {
            unsafe bpf_map_update_elem(map, &key, &value, UInt64(BPF_ANY))
        }
    }

    public func put(_ socket: Int32, as tuple: FourTuple) throws {
        try put(socket, under: (KeyLayout.cilium.encode(tuple) ?? []))
    }

    /// Files a socket under a key, from any thread.
    public static func replace(in map: Int32, _ key: [UInt8], with socket: Int32) {
        var key = key
        var value = socket
        unsafe _ = bpf_map_update_elem(map, &key, &value, UInt64(BPF_ANY))
    }

    public func remove(_ tuple: FourTuple) {
        var key = (KeyLayout.cilium.encode(tuple) ?? [])
        unsafe _ = bpf_map_delete_elem(descriptor, &key)
    }

    /// The key that the kernel names after `key`; the first one after `nil`, and `nil` after the last.
    public func nextKey(after key: SockmapKey?) -> SockmapKey? {
        var next = [UInt8](repeating: 0, count: 44)
        let code: Int32
        if let key {
            code = unsafe bpf_map_get_next_key(descriptor, key.bytes, &next)
        } else {
            code = unsafe bpf_map_get_next_key(descriptor, nil, &next)
        }
        return code == 0 ? SockmapKey(next) : nil
    }

    public func remove(_ key: SockmapKey) {
        var key = key.bytes
        unsafe _ = bpf_map_delete_elem(descriptor, &key)
    }

    public var entries: [SockmapEntry] {
        get throws {
            guard let open = try BPFTable.openSockmap(id: id) else { return [] }
            return try SockmapObserver().entries(of: open)
        }
    }
}
