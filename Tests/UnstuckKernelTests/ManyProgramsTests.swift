import CLibBPF
import Glibc
import TestSupport
import Testing
import UnstuckModel

@testable import UnstuckKernel

/// More ids than there is room for at first: all of them are read.
@Suite("Many programs, many maps")
struct ManyProgramsTests {
    /// BPF_PROG_BIND_MAP gives a program more maps than the verifier's 64.
    @Test func aProgramOfEightyMaps() throws {
        let maps = try (0..<80).map { _ in try TestMap(maxEntries: 1) }
        let program = try TrivialProgram(BPF_PROG_TYPE_SK_MSG)
        let descriptor = program.descriptor
        for map in maps {
            try syscall("BPF_PROG_BIND_MAP", on: "map \(map.id)") {
                bpf_prog_bind_map(descriptor, map.descriptor, nil)
            }
        }
        let read = try #require(try BPFTable.program(id: program.id))
        #expect(Set(read.program.maps) == Set(maps.map(\.id)) && read.program.maps.count == 80)
        #expect(try BPFTable.programs(using: [maps[79].id]).map(\.program.id) == [program.id])
    }

    /// A cgroup holds at most 64 programs of one kind; its parent's run for its sockets, too.
    @Test func eightyProgramsOfACgroupAndItsParent() throws {
        let root = try #require(CgroupMounts(root: NodeRoot()).unified)
        let folders = ["\(root)/unstuck-many-\(getpid())", "\(root)/unstuck-many-\(getpid())/below"]
        var programs: [TrivialProgram] = []
        defer { for folder in folders.reversed() { unsafe _ = rmdir(folder) } }
        for folder in folders {
            try syscall("mkdir", on: folder) { unsafe mkdir(folder, 0o755) }
            let group = try OwnedDescriptor(path: folder, flags: O_RDONLY | O_DIRECTORY)
            let target = group.raw
            for _ in 0..<40 {
                let program = try TrivialProgram(BPF_PROG_TYPE_SOCK_OPS)
                programs.append(program)
                let descriptor = program.descriptor
                try syscall("BPF_PROG_ATTACH", on: folder) {
                    bpf_prog_attach(descriptor, target, BPF_CGROUP_SOCK_OPS, UInt32(BPF_F_ALLOW_MULTI))
                }
            }
        }
        let found = try effectiveSocketPrograms(inGroup: folders[1]).map(\.id)
        #expect(found.count >= 80 && Set(found).isSuperset(of: programs.map(\.id)))
        #expect(try GroupPrograms(inGroup: folders[1]).ids == programs[40...].map(\.id))
    }
}
