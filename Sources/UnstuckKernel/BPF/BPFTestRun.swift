import CLibBPF
import Glibc
import Synchronization

extension BPFProgramHandle {
    /// Runs a loaded sk_lookup program once (`BPF_PROG_TEST_RUN`), for a lookup of 0.0.0.0 that nobody asked for.
    ///
    /// - Throws: `BPFError`; ENOTSUPP from kernels that do not run programs of this type so, which is found by trying.
    public func runOnceAsLookup() throws { try BPFTestRun(descriptor: descriptor, name: name).runAsLookup() }
}

/// A loaded tc program, to be run by any thread while its object lives.
struct BPFTestRun: Sendable {
    let descriptor: Int32
    let name: String

    /// - Parameter slot: the packet's first byte; all others are zeros.
    func run(slot: UInt8 = 0) throws {
        var options = unsafe bpf_test_run_opts.blank
        var packet = [UInt8](repeating: 0, count: 64)
        packet[0] = slot
        let code = unsafe packet.withUnsafeBytes { raw in
            unsafe options.data_in = raw.baseAddress
            unsafe options.data_size_in = UInt32(raw.count)
            unsafe options.`repeat` = 1
            return unsafe bpf_prog_test_run_opts(descriptor, &options)
        }
        guard code == 0 else { throw BPFError("run", name, errno: -code, needs: Capability.toLoadForNetwork) }
    }

    /// An sk_lookup program takes a context, and no packet: a family, and zeros (`bpf_prog_test_run_sk_lookup`,
    /// net/bpf/test_run.c).
    func runAsLookup() throws {
        var options = unsafe bpf_test_run_opts.blank
        var context = unsafe bpf_sk_lookup()
        unsafe context.family = UInt32(AF_INET)
        // As much of it as the oldest kernel with test runs of this type knows; newer ones take the rest for zeros.
        let size = unsafe MemoryLayout<bpf_sk_lookup>.offset(of: \.ingress_ifindex) ?? 0
        let code = unsafe withUnsafeBytes(of: &context) { raw in
            unsafe options.ctx_in = raw.baseAddress
            unsafe options.ctx_size_in = UInt32(size)
            unsafe options.`repeat` = 1
            return unsafe bpf_prog_test_run_opts(descriptor, &options)
        }
        guard code == 0 else { throw BPFError("run", name, errno: -code, needs: Capability.toLoad) }
    }
}

/// A loaded raw_tp program, to be run by any thread while its object lives: without input, inside one RCU read-side section
/// (`bpf_prog_test_run_raw_tp`, net/bpf/test_run.c; since 1b4d60ec162f, "bpf: Enable BPF_PROG_TEST_RUN for raw_tracepoint",
/// in v5.10).
struct BPFRawRun: Sendable {
    let descriptor: Int32
    let name: String

    init(_ program: BPFProgramHandle) {
        descriptor = program.descriptor
        name = program.name
    }

    func run() throws {
        var options = unsafe bpf_test_run_opts.blank
        let code = unsafe bpf_prog_test_run_opts(descriptor, &options)
        guard code == 0 else { throw BPFError("run", name, errno: -code) }
    }
}

extension BPFMapHandle {
    /// An array's one element, which a value like `blank` must fill.
    func first<Value: BitwiseCopyable>(_ blank: Value) throws -> Value {
        try BPFArray(descriptor: descriptor, name: name).first(blank)
    }
}

/// An array of one element that holds a C structure; may be read and written by any thread while its object lives.
struct BPFArray: Sendable {
    let descriptor: Int32
    let name: String

    func first<Value: BitwiseCopyable>(_ blank: Value) throws -> Value {
        var key: UInt32 = 0
        var value = blank
        let code = unsafe withUnsafeMutableBytes(of: &value) {
            unsafe bpf_map_lookup_elem(descriptor, &key, $0.baseAddress)
        }
        guard code == 0 else { throw BPFError("read", name, errno: -code) }
        return value
    }

    func setFirst<Value: BitwiseCopyable>(_ value: Value) throws {
        var key: UInt32 = 0
        let code = unsafe withUnsafeBytes(of: value) {
            unsafe bpf_map_update_elem(descriptor, &key, $0.baseAddress, UInt64(BPF_ANY))
        }
        guard code == 0 else { throw BPFError("set", name, errno: -code) }
    }

    /// Reads the element into bytes that have its size.
    func readFirst(into bytes: inout [UInt8]) throws {
        var key: UInt32 = 0
        let code = unsafe bytes.withUnsafeMutableBytes { unsafe bpf_map_lookup_elem(descriptor, &key, $0.baseAddress) }
        guard code == 0 else { throw BPFError("read", name, errno: -code) }
    }
}

extension BPFMapHandle {
    /// Sets an array's one element, whose size the bytes must have.
    public func setFirst(bytes: [UInt8]) throws {
        var key: UInt32 = 0
        let code = unsafe bpf_map_update_elem(descriptor, &key, bytes, UInt64(BPF_ANY))
        guard code == 0 else { throw BPFError("set", name, errno: -code) }
    }

    /// Reads an array's one element into bytes that have its size.
    public func readFirst(into bytes: inout [UInt8]) throws {
        try BPFArray(descriptor: descriptor, name: name).readFirst(into: &bytes)
    }
}

/// Whether this kernel refuses iterators over the elements of a map (`iter/sockmap`) though it takes others: seen on
/// builds of 6.18 that are made for virtual machines. What they would do is then done by lookups.
public enum MapIterators {
    private static let refused = Atomic<Bool>(false)

    /// Remembered for the process, so that only the first load pays for a refusal.
    public static var areRefused: Bool { refused.load(ordering: .relaxed) }

    private static var wantsRights: Bool {
        !Capability.netAdmin.isPresent && !Capability.sysAdmin.isPresent
    }

    /// Loads by the first way, and by the second if the kernel refuses the first and takes the second.
    ///
    /// - Throws: what the first way threw, if the second is refused as well; what the second threw, if it lacks a capability
    ///   that the first does not need, or is loaded and cannot be run.
    public static func load<Loaded>(
        _ iterating: () throws -> Loaded, orLookingUp lookingUp: () throws -> Loaded
    ) throws -> Loaded {
        guard !areRefused else { return try lookingUp() }
        do {
            return try iterating()
        } catch let error as BPFError where error.isRefusal {
            do {
                let loaded = try lookingUp()
                refused.store(true, ordering: .relaxed)
                return loaded
            } catch let second as BPFError where second.errno == EPERM && Self.wantsRights {
                throw second  // with CAP_NET_ADMIN it might have been taken
            } catch let second as BPFError where second.action == "run" {
                throw second
            } catch {}
            throw error
        }
    }
}

extension BPFError {
    /// The kernel does not want the program, for whatever reason.
    fileprivate var isRefusal: Bool { action == "load" }
}

extension bpf_test_run_opts {
    /// Nothing but its own size, up to the last member that is used: libbpf refuses bytes behind it that are not zero, and
    /// Swift leaves padding as it was.
    fileprivate static var blank: bpf_test_run_opts {
        var options = unsafe bpf_test_run_opts()
        let last = unsafe MemoryLayout<bpf_test_run_opts>.offset(of: \.duration) ?? 0
        unsafe options.sz = last + MemoryLayout<UInt32>.size
        return unsafe options
    }
}
