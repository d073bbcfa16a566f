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
    /// Names of its SOCKMAPs and SOCKHASHes.
    var sockmaps: Set<String> = []
    /// The helpers that its functions call.
    var calls: [HelperCall] = []

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
        guard let elf = ELFObject(bytes) else { throw Unreadable(name: name) }
        calls = elf.calls
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
            if type == BPF_MAP_TYPE_SOCKMAP || type == BPF_MAP_TYPE_SOCKHASH {
                unsafe sockmaps.insert(String(cString: bpf_map__name(found)))
            }
            unsafe map = unsafe bpf_object__next_map(object, found)
        }
    }

    /// Whether it may call a helper on a sockmap: on one by name, or on a map that is unknown.
    func calls(onSockmap helper: bpf_func_id) -> Bool {
        calls.contains { $0.helper == helper.rawValue && ($0.map.map(sockmaps.contains) ?? !sockmaps.isEmpty) }
    }
}
