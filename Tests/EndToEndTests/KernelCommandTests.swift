import Foundation
import TestSupport
import Testing

/// `unstuck kernel`, as it is run.
@Suite("The kernel's commands", .serialized, .requires(.native))
struct KernelCommandTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "unstuck-kernel-\(UUID().uuidString)")

    private func file(_ name: String, _ text: String? = nil) throws -> String {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let path = folder.appending(path: name).path
        if let text { try text.write(toFile: path, atomically: true, encoding: .utf8) }
        return path
    }

    private func unstuck(_ arguments: String...) throws -> Programs.Output {
        try Programs.run(Programs.unstuck, ["kernel"] + arguments)
    }

    @Test func bugs() throws {
        let output = try unstuck("bugs", "--output", "json")
        #expect(output.status == 1, "zombies are everywhere: \(output.errors)")
        let bugs = try JSONValue(output.text)["data"].array
        let zombie = try #require(bugs.first { $0["id"].text == "zombie" })
        #expect(zombie["status"].text == "affected")
        #expect(zombie["how"].text == "unhash of a mapped socket is inet_unhash")
        #expect(try unstuck("bugs").text.contains("known by  unhash of a mapped socket is inet_unhash"))
        let shown = try JSONValue(try unstuck("bugs", "--status", "affected", "--output", "json").text)["data"].array
        #expect(!shown.isEmpty && shown.allSatisfy { $0["status"].text == "affected" })
    }

    @Test func factsAreTheDefault() throws {
        let output = try Programs.run(Programs.unstuck, ["kernel"])
        #expect(output.status == 0, "\(output.text)\(output.errors)")
        for part in ["Linux ", "vendor", "✓ BTF", "iter/sockmap", "✓ CAP_BPF"] { #expect(output.text.contains(part)) }
    }

    /// A right that is missing is never a feature that is missing.
    @Test func withoutRights() throws {
        let output = try Programs.run(
            "setpriv",
            ["--bounding-set=-all", "--inh-caps=-all", Programs.unstuck, "kernel", "facts", "--output", "json"])
        #expect(output.status == 2, "\(output.errors)")
        let features = try JSONValue(output.text)["data"]["features"].array
        let iterator = try #require(features.first { $0["name"].text == "iter/task_file" })
        #expect(iterator["support"]["answer"].text == "inconclusive")
        #expect(iterator["support"]["how"].text.contains("CAP_BPF"))
        let refused = try Programs.run(
            "setpriv", ["--bounding-set=-all", "--inh-caps=-all", Programs.unstuck, "kernel", "features"])
        #expect(refused.status == 2)
        #expect(refused.errors.contains("CAP_BPF"), "\(refused.errors)")
    }

    @Test func aListAndItself() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = try file("here.json")
        #expect(try unstuck("features", "--save", path).status == 0)
        let same = try unstuck("diff", path, path)
        #expect(same.status == 0, "\(same.text)")
        #expect(same.text.contains("→ 0 differences in "))
        // Against a header, as another node's agent may have written it.
        let header = try file("bpf_features.h", "#define NO_HAVE_SOCKHASH_MAP_TYPE\n#define HAVE_HASH_MAP_TYPE\n")
        let mixed = try unstuck("diff", path, header)
        #expect(mixed.status == 1)
        #expect(mixed.text.contains("! map type sockhash  supported → unsupported   matters: the map itself"))
        #expect(mixed.text.contains("→ 1 difference in 2 features that both tell, 1 of them"))
    }

    @Test func whatCannotBeCompared() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let header = try file("a.h", "#define HAVE_HASH_MAP_TYPE\n?\n")
        let other = try file("b.h", "#define HAVE_ARRAY_MAP_TYPE\n")
        let nothing = try unstuck("diff", header, other)
        #expect(nothing.status == 2)
        #expect(nothing.errors.contains("a.h line 2: no directive of the preprocessor: \"?\""))
        #expect(try unstuck("diff", header, "/nonexistent").errors.contains("cannot read /nonexistent: No such file"))
        let foreign = try unstuck("diff", header, try file("c.json", "{\"schema\":\"unstuck.diagnose/1\"}"))
        #expect(foreign.status == 2)
        #expect(foreign.errors.contains("not a file of `unstuck kernel features`"))
    }
}
