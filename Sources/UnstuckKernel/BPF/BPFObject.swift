import CLibBPF
import FoundationEssentials
import Glibc
import UnstuckModel

/// A BPF object that libbpf has opened: programs and maps, to be configured, loaded and attached.
///
/// libbpf closes everything when the object goes; what is pinned or attached by other means stays.
@safe
public final class BPFObject {  // the pointer is libbpf's, private, and freed once, in deinit
    private let object: OpaquePointer
    public let name: String

    /// What libbpf said, newest last, while this thread last opened or loaded something: the verifier's words.
    public static var lastWords: [String] { LibBPFLog.shared.lines }

    /// - Parameter base64: an object that the build embedded.
    /// - Throws: `BPFError` with libbpf's own words.
    public init(embedded base64: StaticString, name: String) throws {
        self.name = name
        LibBPFLog.shared.start()
        guard let bytes = Data(base64Encoded: base64.description) else {
            throw BPFError("decode", name, errno: EINVAL)
        }
        let opened = unsafe bytes.withUnsafeBytes { raw in
            unsafe name.withCString { cName in
                var options = unsafe bpf_object_open_opts()
                unsafe options.sz = MemoryLayout<bpf_object_open_opts>.size
                unsafe options.object_name = unsafe cName
                return unsafe bpf_object__open_mem(raw.baseAddress, raw.count, &options)
            }
        }
        guard let opened = unsafe opened else { throw BPFError("open", name, errno: errno) }
        unsafe object = opened
    }

    deinit { unsafe bpf_object__close(object) }

    /// Verifies and loads. Programs with `isAutoloaded` off are left out.
    public func load() throws {
        LibBPFLog.shared.start()
        let code = unsafe bpf_object__load(object)
        guard code == 0 else { throw BPFError("load", name, errno: -code, needs: needs) }
    }

    /// What its programs' types take.
    private var needs: [Capability] {
        var program = unsafe bpf_object__next_program(object, nil)
        while let each = unsafe program {
            if unsafe bpf_program__autoload(each),
                unsafe Self.networkTypes.contains(bpf_program__type(each).rawValue)
            {
                return Capability.toLoadForNetwork
            }
            unsafe program = bpf_object__next_program(object, each)
        }
        return Capability.toLoad
    }

    /// Those of `is_net_admin_prog_type` (kernel/bpf/syscall.c) that Unstuck has.
    private static let networkTypes: Set<UInt32> = Set(
        [BPF_PROG_TYPE_SOCK_OPS, BPF_PROG_TYPE_SK_MSG, BPF_PROG_TYPE_SCHED_CLS].map(\.rawValue)
    )

    public func program(_ name: String) throws -> BPFProgramHandle {
        guard let program = unsafe bpf_object__find_program_by_name(object, name) else {
            throw BPFError("find program", name, errno: ENOENT)
        }
        return unsafe BPFProgramHandle(program: program, name: name, object: self)
    }

    public func map(_ name: String) throws -> BPFMapHandle {
        guard let map = unsafe bpf_object__find_map_by_name(object, name) else {
            throw BPFError("find map", name, errno: ENOENT)
        }
        return unsafe BPFMapHandle(map: map, name: name, object: self)
    }

    /// Sets a `const volatile __u32` that is alone in the section `.rodata.<name>`. Before loading: the verifier then
    /// sees a constant.
    public func setReadOnlyWord(named name: String, _ value: UInt32) throws {
        var value = value
        let code = unsafe bpf_map__set_initial_value(try map(".rodata.\(name)").map, &value, 4)
        guard code == 0 else { throw BPFError("set", name, errno: -code) }
    }
}

/// A program of an open object; keeps the object alive.
@safe
public struct BPFProgramHandle {  // the object outlives the pointer
    let program: OpaquePointer
    public let name: String
    private let object: BPFObject

    init(program: OpaquePointer, name: String, object: BPFObject) {
        unsafe self.program = program
        self.name = name
        self.object = object
    }

    public var descriptor: Int32 { unsafe bpf_program__fd(program) }

    /// Whether `load` loads it. Set before loading.
    public func setAutoload(_ value: Bool) { unsafe _ = bpf_program__set_autoload(program, value) }

    /// Instead of what its section says. Set before loading.
    public func setExpectedAttachType(_ type: bpf_attach_type) {
        unsafe _ = bpf_program__set_expected_attach_type(program, type)
    }

    /// Keeps it loaded when we go, until the file is removed.
    public func pin(at path: String) throws {
        let code = unsafe bpf_program__pin(program, path)
        guard code == 0 else { throw BPFError("pin", path, errno: -code) }
    }

    /// Attaches by what the program's section says: a tracepoint.
    public func attach() throws -> BPFLink {
        LibBPFLog.shared.start()
        let link = unsafe bpf_program__attach(program)
        guard let link = unsafe link else { throw BPFError("attach", name, errno: errno) }
        return unsafe BPFLink(link)
    }

    /// Attaches an iterator program; `map` restricts iter/sockmap to one map.
    public func attachIterator(map: Int32? = nil) throws -> BPFLink {
        LibBPFLog.shared.start()
        var info = bpf_iter_link_info()
        var options = unsafe bpf_iter_attach_opts()
        // Up to the last member: libbpf refuses bytes behind it that are not zero, and Swift leaves padding as it was.
        let last = unsafe MemoryLayout<bpf_iter_attach_opts>.offset(of: \.link_info_len) ?? 0
        unsafe options.sz = last + MemoryLayout<UInt32>.size
        let link = unsafe withUnsafeMutablePointer(to: &info) { info in
            if let map {
                unsafe info.pointee.map.map_fd = UInt32(bitPattern: map)
                unsafe options.link_info = unsafe info
                unsafe options.link_info_len = UInt32(MemoryLayout<bpf_iter_link_info>.size)
            }
            return unsafe bpf_program__attach_iter(program, &options)
        }
        guard let link = unsafe link else { throw BPFError("attach", name, errno: errno) }
        return unsafe BPFLink(link)
    }
}

/// A map of an open object; keeps the object alive.
@safe
public struct BPFMapHandle {  // the object outlives the pointer
    let map: OpaquePointer
    public let name: String
    private let object: BPFObject

    init(map: OpaquePointer, name: String, object: BPFObject) {
        unsafe self.map = map
        self.name = name
        self.object = object
    }

    public var descriptor: Int32 { unsafe bpf_map__fd(map) }

    /// Set before loading.
    public func setMaxEntries(_ count: Int) { unsafe _ = bpf_map__set_max_entries(map, UInt32(count)) }

    /// Uses a map that exists already in the place of this one. Set before loading.
    public func reuse(_ descriptor: Int32) throws {
        let code = unsafe bpf_map__reuse_fd(map, descriptor)
        guard code == 0 else { throw BPFError("reuse map for", name, errno: -code) }
    }

    /// Sets the eight bytes of an array's one element: of `.bss`, if the object has one variable there.
    public func setFirst(_ value: UInt64) throws {
        var key: UInt32 = 0
        var value = value
        let code = unsafe bpf_map_update_elem(descriptor, &key, &value, UInt64(BPF_ANY))
        guard code == 0 else { throw BPFError("set", name, errno: -code) }
    }

    public func first() throws -> UInt64 {
        var key: UInt32 = 0
        var value: UInt64 = 0
        let code = unsafe bpf_map_lookup_elem(descriptor, &key, &value)
        guard code == 0 else { throw BPFError("read", name, errno: -code) }
        return value
    }

    public func pin(at path: String) throws {
        let code = unsafe bpf_map__pin(map, path)
        guard code == 0 else { throw BPFError("pin", path, errno: -code) }
    }
}

/// An attached program; detached when it goes, unless it is pinned elsewhere.
@safe
public struct BPFLink: ~Copyable {  // owned, destroyed once
    private let link: OpaquePointer

    init(_ link: OpaquePointer) { unsafe self.link = link }

    deinit { unsafe _ = bpf_link__destroy(link) }

    public var descriptor: Int32 { unsafe bpf_link__fd(link) }

    /// Keeps the program attached when we go, until the file is removed.
    public func pin(at path: String) throws {
        let code = unsafe bpf_link__pin(link, path)
        guard code == 0 else { throw BPFError("pin", path, errno: -code) }
    }

    /// A fresh pass of an attached iterator. It sees the network namespace of the calling thread.
    public func iterate() throws -> OwnedDescriptor {
        let iterator = unsafe bpf_iter_create(bpf_link__fd(link))
        guard iterator >= 0 else { throw BPFError("iterate", "link", errno: errno) }
        return OwnedDescriptor(owning: iterator)
    }
}

/// A refusal of libbpf or of the kernel behind it, with the words that were said.
public struct BPFError: KernelError, Sendable {
    public var action: String
    public var object: String
    public var errno: Int32
    /// The last lines that libbpf printed: where the verifier refused, these are its reasons.
    public var words: [String]
    public var needs: [Capability]
    public var requires: String? { nil }

    public init(_ action: String, _ object: String, errno: Int32, needs: [Capability] = Capability.toLoad) {
        self.action = action
        self.object = object
        self.errno = errno
        self.needs = needs
        words = LibBPFLog.shared.lines
    }

    /// The kernel does not know something that the program uses; another variant may do.
    public var isVerifierRefusal: Bool { action == "load" && (errno == EINVAL || errno == EACCES) }

    /// It would be refused again.
    var isOfLoading: Bool { ["decode", "open", "load"].contains(action) }

    public var reason: String {
        errno == Support.notSupported
            ? "not supported by this kernel (ENOTSUPP)" : unsafe String(cString: strerror(errno))
    }
    public var description: String { "cannot \(action) BPF \(object): \(reason)" }
}
