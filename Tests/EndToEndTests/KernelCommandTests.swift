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
        #expect(try unstuck("bugs").text.contains("proven by  unhash of a mapped socket is inet_unhash"))
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
        let row = mixed.text.split(separator: "\n").first { $0.hasPrefix("! map type sockhash  supported") }
        #expect(row?.hasSuffix("  the map itself") == true && row?.contains("  unsupported  ") == true, "\(mixed.text)")
        #expect(mixed.text.contains("→ 1 difference in 2 features that both lists answer, 1 of them"))
    }

    private static func fixture(_ name: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "UnstuckFormatsTests/Fixtures/\(name)").path
    }

    @Test func everyNameThatDiffers() throws {
        let files = ["old-node-features.h", "new-node-features.h"].map { Self.fixture("features/\($0)") }
        let text = try unstuck("diff", files[0], files[1])
        #expect(text.status == 1)
        for name in ["fib_ifindex", "fib_neigh", "netns_cookie", "set_retval"] {
            let row = text.text.split(separator: "\n").first { $0.contains("other \(name) ") }
            #expect(row?.contains("  not listed  ") == true && row?.contains("  supported") == true, "\(text.text)")
        }
        let json = try JSONValue(try unstuck("diff", files[0], files[1], "-o", "json").text)["data"]
        #expect(
            json["differences"].array.map { $0["feature"]["name"].text }
                == ["fib_ifindex", "fib_neigh", "netns_cookie", "set_retval"])
    }

    /// bpftool of one and the same kernel as text and JSON: nothing differs, and what cannot be true is said.
    @Test func whatIsNotBelieved() throws {
        let output = try unstuck(
            "diff", Self.fixture("features/bpftool-6.18.txt"), Self.fixture("features/bpftool-6.18.json"))
        #expect(output.status == 2, "\(output.text)")
        #expect(output.text.contains("→ 0 differences in "))
        #expect(output.text.contains("not believed, helpers of"))
        let old = try unstuck(
            "diff", Self.fixture("features/old-kernel.txt"), Self.fixture("features/bpftool-6.18.h"))
        #expect(old.status == 1)
        #expect(old.text.contains("! map type sockhash"))
    }

    @Test func aChangelog() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = Self.fixture("changelogs/debian-6.1.txt")
        let output = try unstuck("bugs", "--changelog", path, "--kernel", "6.1.187-1", "-o", "json")
        #expect(output.status == 2, "\(output.errors)")
        let bugs = try JSONValue(output.text)["data"].array
        let cork = try #require(bugs.first { $0["id"].text == "cork" })
        #expect(cork["status"].text == "likely-fixed" && cork["basis"].text == "changelog")
        #expect(cork["how"].text == "the changelog lists the fix under 6.1.187-1 (with 6.1.183)")
        let udp = try #require(bugs.first { $0["id"].text == "udp-receive" })
        #expect(udp["status"].text == "likely-affected")
        // Compressed as packages have it.
        let copy = try file("changelog", try String(contentsOfFile: path, encoding: .utf8))
        #expect(try Programs.run("gzip", [copy]).status == 0)
        let same = try unstuck("bugs", "--changelog", copy + ".gz", "--kernel", "6.1.187-1", "-o", "json")
        #expect(same.text == output.text)
        // This machine's kernel is not Debian's of 2026: nothing is decided by it.
        let running = try unstuck("bugs", "--changelog", path)
        #expect(running.errors.contains("not this kernel"))
        let wrong = try unstuck("bugs", "--changelog", Self.fixture("features/old-kernel.txt"))
        #expect(wrong.status == 2 && wrong.errors.contains("no changelog of a package"))
        #expect(try unstuck("bugs", "--changelog", "/nonexistent").errors.contains("cannot read /nonexistent"))
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
        #expect(foreign.errors.contains("neither a file of `unstuck kernel features` nor bpftool's JSON"))
    }
}
