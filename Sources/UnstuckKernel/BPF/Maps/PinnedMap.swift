import CLibBPF
import Glibc

/// A map pinned in a bpffs, opened by its path.
public struct PinnedMap: ~Copyable {
    private let descriptor: OwnedDescriptor
    private let path: String

    public init(path: String) throws {
        let raw = unsafe bpf_obj_get(path)
        guard raw >= 0 else { throw BPFError("open pinned map", path, errno: -raw) }
        descriptor = OwnedDescriptor(owning: raw)
        self.path = path
    }

    public func id() throws -> UInt32 { try MapCalls.id(of: descriptor.raw, named: path) }

    /// Every key, each once.
    /// - Parameter size: bytes of a key.
    public func keys(size: Int) throws -> Set<[UInt8]> {
        try MapCalls.keys(of: descriptor.raw, size: size, named: path)
    }
}

extension BPFMapHandle {
    public func id() throws -> UInt32 { try MapCalls.id(of: descriptor, named: name) }

    /// Every key, each once.
    /// - Parameter size: bytes of a key.
    public func keys(size: Int) throws -> Set<[UInt8]> { try MapCalls.keys(of: descriptor, size: size, named: name) }
}

/// What is asked of a map by its descriptor, however that was come by.
private enum MapCalls {
    static func id(of descriptor: Int32, named name: String) throws -> UInt32 {
        var info = bpf_map_info()
        var size = UInt32(MemoryLayout<bpf_map_info>.size)
        let code = unsafe bpf_obj_get_info_by_fd(descriptor, &info, &size)
        guard code == 0 else { throw BPFError("describe map", name, errno: -code) }
        return info.id
    }

    static func keys(of descriptor: Int32, size: Int, named name: String) throws -> Set<[UInt8]> {
        let walk = try KeyWalk.run(over: descriptor, keySize: size, named: name)
        guard walk.isComplete else { throw BPFError("walk to the end of map", name, errno: EAGAIN) }
        return Set(walk.entries.map(\.key.bytes))
    }
}
