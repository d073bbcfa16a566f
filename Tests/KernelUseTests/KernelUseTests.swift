import CLibBPF
import Foundation
import TestSupport
import Testing

/// What Unstuck loads into kernels, held against what may be loaded and against docs/kernel-use.md.
@Suite("What is loaded into the kernel")
struct KernelUseTests {
    /// Newer kernels refuse updates and deletes of sockmaps from these: they can deadlock there.
    private static let neverDeletes = [
        BPF_PROG_TYPE_SCHED_CLS, BPF_PROG_TYPE_SCHED_ACT, BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_SOCKET_FILTER,
        BPF_PROG_TYPE_FLOW_DISSECTOR,
    ]
    private static let changesMaps = [BPF_FUNC_map_update_elem, BPF_FUNC_map_delete_elem]

    @Test func thereAreObjects() throws {
        let objects = try EmbeddedObject.all()
        #expect(objects.count > 15)
        #expect(objects.allSatisfy { !$0.programs.isEmpty })
        #expect(objects.flatMap(\.programs).allSatisfy { $0.type != BPF_PROG_TYPE_UNSPEC })
        // The instructions are really read: these two delete.
        for name in ["repair", "repair_lookup"] {
            let object = try #require(objects.first { $0.name == name })
            #expect(object.sockmaps == ["target"])
            #expect(object.calls.contains { $0.helper == BPF_FUNC_map_delete_elem.rawValue && $0.map == "target" })
        }
    }

    /// It can corrupt the kernel that it reads: CVE-2026-74714, CVE-2026-64575.
    @Test func nothingReadsByTheTCPIterator() throws {
        for object in try EmbeddedObject.all() {
            for program in object.programs {
                #expect(program.section != "iter/tcp", "\(object.name): \(program.name)")
            }
        }
    }

    /// Stricter than the kernel: what any function of the object does counts, and a map that is unknown is a sockmap.
    @Test func nothingDeletesFromProgramsThatMayNot() throws {
        for object in try EmbeddedObject.all() {
            for program in object.programs where Self.neverDeletes.contains(program.type) {
                for helper in Self.changesMaps {
                    #expect(!object.calls(onSockmap: helper), "\(object.name): \(program.name) is \(program.section)")
                }
            }
        }
    }

    /// Each has a row that says why it is safe.
    @Test func everyProgramIsInTheDocs() throws {
        let rows = try Self.documented()
        for object in try EmbeddedObject.all() {
            for program in object.programs {
                // raw_tp programs that are only test-run name no tracepoint.
                let kind = String(program.section.prefix { $0 != "/" })
                #expect(
                    rows.contains(program.section) || kind == "raw_tp" && rows.contains(kind),
                    "\(object.name): no row for \(program.section) in docs/kernel-use.md")
            }
        }
        #expect(!rows.contains("iter/tcp"), "it stands under what is left out, as words")
    }

    /// Every function of libbpf and every system call that Swift's own library lacks is in the page, by name.
    @Test(.requires(.sources)) func everyCallIsInTheDocs() throws {
        let page = try String(contentsOfFile: "docs/kernel-use.md", encoding: .utf8)
        let root = URL(filePath: "Sources")
        let files = try #require(FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil))
        var called = Set<String>()
        // The wrappers of libbpf's objects (bpf_map__fd) come to the same commands. The model calls nothing: its history of
        // the kernel quotes the kernel's own functions.
        for case let file as URL in files
        where file.pathExtension == "swift" && !file.pathComponents.contains("UnstuckModel") {
            let text = try String(contentsOf: file, encoding: .utf8)
            for match in text.matches(of: /\b(bpf_(?:map|prog|link|obj|iter|btf)_[a-z][a-z_]*)\(/) {
                called.insert(String(match.output.1))
            }
        }
        // Records and enumerations are made in the same way.
        let types: Set = [
            "bpf_prog_info", "bpf_map_info", "bpf_link_info", "bpf_iter_link_info", "bpf_prog_type", "bpf_map_type",
            "bpf_prog_load_opts", "bpf_link_update_opts", "bpf_iter_attach_opts",
        ]
        called.subtract(types)
        #expect(called.contains("bpf_map_delete_elem"))
        for name in called.sorted() {
            let isThere = page.contains("`\(name)`")
            #expect(isThere, "no row tells of \(name)")
        }
    }

    /// What is in the first column of the page's tables, as code.
    private static func documented() throws -> Set<String> {
        let page = try String(contentsOfFile: "docs/kernel-use.md", encoding: .utf8)
        var result = Set<String>()
        for line in page.split(separator: "\n") where line.hasPrefix("| `") {
            let cell = line.dropFirst(2).prefix { $0 != "|" }
            for (number, part) in cell.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            where number % 2 == 1 {
                result.insert(String(part))
            }
        }
        return result
    }
}
