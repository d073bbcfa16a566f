import Testing
import UnstuckModel

@testable import UnstuckKernel

/// What a program's BTF says of a map's keys. Anybody who may load a program writes it.
@Suite("Key types from BTF")
struct KeyTypeTests {
    /// A BTF object in the making (Documentation/bpf/btf.rst).
    private struct BTF {
        private var types: [UInt32] = []
        private var strings: [UInt8] = [0]
        private var count: UInt32 = 0

        private mutating func name(_ text: String) -> UInt32 {
            guard !text.isEmpty else { return 0 }
            defer { strings += Array(text.utf8) + [0] }
            return UInt32(strings.count)
        }

        /// - Returns: the type's id.
        private mutating func add(_ text: String, kind: UInt32, members: Int = 0, _ rest: [UInt32]) -> UInt32 {
            types += [name(text), kind << 24 | UInt32(members)] + rest
            count += 1
            return count
        }

        mutating func integer(_ name: String, bytes: UInt32) -> UInt32 { add(name, kind: 1, [bytes, bytes * 8]) }
        mutating func pointer(to type: UInt32) -> UInt32 { add("", kind: 2, [type]) }

        /// - Parameter members: names, types, and offsets in bytes.
        mutating func structure(_ text: String, bytes: UInt32, _ members: [(String, UInt32, UInt32)]) -> UInt32 {
            let rest = members.flatMap { [name($0.0), $0.1, $0.2 * 8] }
            return add(text, kind: 4, members: members.count, [bytes] + rest)
        }

        /// `struct { __type(key, …); } map SEC(".maps")`.
        mutating func map(_ name: String, key: UInt32) {
            let definition = structure("", bytes: 8, [("key", pointer(to: key), 0)])
            _ = add(name, kind: 14, [definition, 1])
        }

        var bytes: [UInt8] {
            let words = { (words: [UInt32]) in words.flatMap { word in (0..<4).map { UInt8(word >> ($0 * 8) & 0xFF) } }
            }
            let header: [UInt8] = [0x9F, 0xEB, 1, 0]
            let size = UInt32(types.count * 4)
            return header + words([24, 0, size, size, UInt32(strings.count)]) + words(types) + strings
        }
    }

    private static func read(size: Int, _ make: (inout BTF) -> UInt32) throws -> KeyType? {
        var btf = BTF()
        let key = make(&btf)
        btf.map("sock_ops_map", key: key)
        return try #require(KeyTypeReader(btf.bytes)).keyType(ofMap: "sock_ops_map", size: size)
    }

    @Test func tellsTheMembersOfNestedStructures() throws {
        let type = try Self.read(size: 12) { btf in
            let word = btf.integer("__u32", bytes: 4)
            let end = btf.structure("end", bytes: 8, [("ip", word, 0), ("port", word, 4)])
            return btf.structure("key", bytes: 12, [("local", end, 0), ("family", word, 8)])
        }
        #expect(type?.name == "key")
        #expect(type?.members.map(\.name) == ["local.ip", "local.port", "family"])
        #expect(type?.members.map(\.offset) == [0, 4, 8])
        #expect(type?.members.map(\.size) == [4, 4, 4])
    }

    @Test func anotherSizeIsAnotherType() throws {
        #expect(try Self.read(size: 8) { $0.integer("__u32", bytes: 4) } == nil)
        #expect(try Self.read(size: 4) { $0.integer("__u32", bytes: 4) }?.members.count == 1)
    }

    /// Half of a type's members would speak against the right layout.
    @Test(arguments: [(64, true), (65, false)])
    func tooManyMembersAreUndecided(_ count: UInt32, _ isTold: Bool) throws {
        let type = try Self.read(size: Int(count)) { btf in
            let byte = btf.integer("__u8", bytes: 1)
            return btf.structure("key", bytes: count, (0..<count).map { ("b", byte, $0) })
        }
        #expect(type?.members.count == (isTold ? 64 : nil))
    }

    @Test(arguments: [(8, true), (9, false)])
    func tooManyLevelsAreUndecided(_ levels: Int, _ isTold: Bool) throws {
        let type = try Self.read(size: 4) { btf in
            var inner = btf.integer("__u32", bytes: 4)
            for _ in 0..<levels { inner = btf.structure("s", bytes: 4, [("m", inner, 0)]) }
            return inner
        }
        #expect((type != nil) == isTold)
    }

    /// Structures without a byte, a hundred times a hundred times over: no member ever, and no end.
    @Test func structuresOfNothingEnd() throws {
        let type = try Self.read(size: 4) { btf in
            let word = btf.integer("__u32", bytes: 4)
            var inner = btf.structure("nothing", bytes: 0, [])
            for _ in 0..<7 { inner = btf.structure("nothing", bytes: 0, (0..<100).map { _ in ("m", inner, 0) }) }
            return btf.structure("key", bytes: 4, [("m", inner, 0), ("word", word, 0)])
        }
        #expect(type == nil)
    }

    @Test func whatIsNoBTFIsRefused() {
        #expect(KeyTypeReader([]) == nil)
        #expect(KeyTypeReader([0x9F, 0xEB, 1, 0]) == nil)
        #expect(KeyTypeReader(Array(repeating: 0xFF, count: 200)) == nil)
    }
}
