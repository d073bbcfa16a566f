import CLibBPF

/// The elements of one map, by a descriptor that its owner keeps open: the calls of libbpf with which other modules read and
/// change them.
public struct MapElements: Sendable {
    /// The kernel's refusal, as `errno` has it. What ENOENT means the caller knows.
    public struct Refusal: Error, Equatable {
        public let errno: Int32
    }

    public enum Condition: Sendable {
        /// Whether or not the key is taken (BPF_ANY).
        case always
        /// Only if the key is free (BPF_NOEXIST).
        case ifFree
    }

    private let descriptor: Int32

    public init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// - Parameter blank: of the size of the map's values; what the kernel writes over.
    public func value<Value: BitwiseCopyable>(of key: [UInt8], _ blank: Value) throws(Refusal) -> Value {
        var value = blank
        let code = unsafe withUnsafeMutableBytes(of: &value) {
            unsafe bpf_map_lookup_elem(descriptor, key, $0.baseAddress)
        }
        try Self.check(code)
        return value
    }

    /// - Parameter value: of the size of the map's values.
    public func set<Value: BitwiseCopyable>(
        _ key: [UInt8], to value: Value, _ condition: Condition = .always
    ) throws(Refusal) {
        let flags = UInt64(condition == .always ? BPF_ANY : BPF_NOEXIST)
        let code = unsafe withUnsafeBytes(of: value) {
            unsafe bpf_map_update_elem(descriptor, key, $0.baseAddress, flags)
        }
        try Self.check(code)
    }

    public func remove(_ key: [UInt8]) throws(Refusal) { try Self.check(unsafe bpf_map_delete_elem(descriptor, key)) }

    /// The key of an array's element.
    public static func key(_ index: UInt32) -> [UInt8] { unsafe withUnsafeBytes(of: index) { unsafe Array($0) } }

    /// libbpf 1.0 and later return the negative error.
    private static func check(_ code: Int32) throws(Refusal) {
        if code != 0 { throw Refusal(errno: -code) }
    }
}
