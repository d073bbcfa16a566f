import CLibBPF
import Foundation
import Glibc

@testable import UnstuckKernel
@testable import UnstuckLab
@testable import UnstuckProbing
@testable import UnstuckRepair

/// A BPF object that one of the programs carries: what is in it, without loading anything into a kernel.
struct EmbeddedObject {
    struct Program {
        var name: String
        /// As in `SEC("tc")`.
        var section: String
        var type: bpf_prog_type
        var expected: bpf_attach_type
    }

    var name: String
    var programs: [Program] = []
    var hasSockmap = false
    /// Numbers of the helpers that any of its functions calls.
    var helpers: Set<UInt32> = []

    /// Those of all modules: the build lists them, so that none can be forgotten.
    static func all() throws -> [EmbeddedObject] {
        let modules = [
            UnstuckKernel.embeddedObjects, UnstuckProbing.embeddedObjects, UnstuckRepair.embeddedObjects,
            UnstuckLab.embeddedObjects,
        ]
        return try modules.flatMap { try $0.map { try EmbeddedObject($0.key, $0.value) } }.sorted { $0.name < $1.name }
    }

    struct Unreadable: Error { var name: String }

    init(_ name: String, _ base64: StaticString) throws {
        self.name = name
        guard let data = Data(base64Encoded: base64.description) else { throw Unreadable(name: name) }
        let bytes = [UInt8](data)
        helpers = try Self.helpers(calledBy: bytes, name)
        var options = unsafe bpf_object_open_opts()
        unsafe options.sz = MemoryLayout<bpf_object_open_opts>.size
        let opened = unsafe name.withCString { cName in
            unsafe options.object_name = unsafe cName
            return unsafe bpf_object__open_mem(bytes, bytes.count, &options)
        }
        guard let object = unsafe opened else { throw Unreadable(name: name) }
        defer { unsafe bpf_object__close(object) }
        var program = unsafe bpf_object__next_program(object, nil)
        while let found = unsafe program {
            unsafe programs.append(
                Program(
                    name: String(cString: bpf_program__name(found)),
                    section: String(cString: bpf_program__section_name(found)),
                    type: bpf_program__type(found), expected: bpf_program__expected_attach_type(found)))
            unsafe program = unsafe bpf_object__next_program(object, found)
        }
        var map = unsafe bpf_object__next_map(object, nil)
        while let found = unsafe map {
            let type = unsafe bpf_map__type(found)
            if type == BPF_MAP_TYPE_SOCKMAP || type == BPF_MAP_TYPE_SOCKHASH { hasSockmap = true }
            unsafe map = unsafe bpf_object__next_map(object, found)
        }
    }

    // MARK: Instructions

    /// Every executable section is looked through, functions that programs share (`.text`) too.
    private static func helpers(calledBy bytes: [UInt8], _ name: String) throws -> Set<UInt32> {
        func number(_ offset: Int, _ count: Int) throws -> UInt64 {
            guard offset >= 0, offset + count <= bytes.count else { throw Unreadable(name: name) }
            return (0..<count).reversed().reduce(0) { $0 << 8 | UInt64(bytes[offset + $1]) }
        }
        guard bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]) else { throw Unreadable(name: name) }  // ELF64, little-endian
        let (table, size) = (Int(try number(0x28, 8)), Int(try number(0x3A, 2)))
        var result = Set<UInt32>()
        for index in 0..<Int(try number(0x3C, 2)) {
            let header = table + index * size
            let (type, flags) = (try number(header + 4, 4), try number(header + 8, 8))
            guard type == 1 /* SHT_PROGBITS */, flags & 4 != 0 /* SHF_EXECINSTR */ else { continue }
            let (start, length) = (Int(try number(header + 0x18, 8)), Int(try number(header + 0x20, 8)))
            for instruction in stride(from: start, to: start + length, by: 8) {
                // BPF_JMP | BPF_CALL of a helper: source register 0, the number in the immediate.
                guard try number(instruction, 1) == 0x85, try number(instruction + 1, 1) >> 4 == 0 else { continue }
                result.insert(UInt32(try number(instruction + 4, 4)))
            }
        }
        return result
    }
}
