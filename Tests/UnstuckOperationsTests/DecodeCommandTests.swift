import Foundation
import Testing
import UnstuckModel

/// `sockmaps decode` in this process, over dumps of public reports.
@Suite("Decoding what was reported")
struct DecodeCommandTests {
    private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "UnstuckFormatsTests/Fixtures/wrapped")

    private static func decode(_ name: String, _ more: String...) throws -> CapturedCommand {
        try CapturedCommand(["sockmaps", "decode", fixtures.appending(path: name).path] + more)
    }

    @Test(arguments: [
        ("sockmap.txt", "127.0.0.1:52522 <- 127.0.0.1:9090"), ("quoted.txt", "127.0.0.1:52522 <- 127.0.0.1:9090"),
        ("kprefix.txt", "127.0.0.1:52522 <- 127.0.0.1:9090"), ("v418.json", "203.0.113.10:8080 <- 192.0.2.10:50504"),
        ("diff.txt", "+ 192.0.2.10:50504 <- 203.0.113.10:8080"), ("prompt.json", "127.0.0.1:1000 <- 127.0.0.1:41350"),
        ("kubectl-ts.json", "127.0.0.1:41350 <- 127.0.0.1:1000"),
    ])
    func certain(_ name: String, _ line: String) throws {
        let output = try Self.decode(name)
        #expect(output.status == 0, "\(output.errors)")
        #expect(output.errors.isEmpty)
        #expect(output.output.contains("\n  \(line)  key "), "\(output.output)")
    }

    @Test(arguments: [
        ("inspektor-ci-h32-16.txt", "203.0.113.10:8080 <- 192.0.2.10:50504?", "the ports speak for inspektor-ci"),
        (
            "os-ebpf-shaped-h32-24.txt", "203.0.113.10:8080 <- 192.0.2.10:50504?",
            "the ports speak for os-ebpf with byte-swapped ports"
        ),
        (
            "loxilb.txt", "192.0.2.10:50504 <- 203.0.113.10:8080 or 203.0.113.10:8080 <- 192.0.2.10:50504?",
            "local or remote first: cannot be decided from the bytes"
        ),
    ])
    func twoReadings(_ name: String, _ line: String, _ why: String) throws {
        let output = try Self.decode(name)
        #expect(output.status == 2)
        #expect(output.output.contains("\n  \(line)  key "), "\(output.output)")
        #expect(output.output.contains(why), "\(output.output)")
        let json = try Self.decode(name, "--output", "json")
        #expect(json.status == 2)
        #expect(json.output.contains("\"readings\""))
    }

    @Test func theOneThatIsAskedFor() throws {
        let output = try Self.decode("loxilb.txt", "--layout", "loxilb")
        #expect(output.status == 0)
        #expect(output.output.contains("\n  203.0.113.10:8080 <- 192.0.2.10:50504  key c000020a"), "\(output.output)")
        #expect(try Self.decode("inspektor-ci-h32-16.txt", "--layout", "inspektor-ci").status == 0)
    }

    @Test(arguments: [[], ["--layout", "cilium"]])
    func oneOddKey(_ more: [String]) throws {
        let file = Self.fixtures.appending(path: "odd.txt").path
        let output = try CapturedCommand(["sockmaps", "decode", file] + more)
        #expect(output.status == 2)
        #expect(output.output.contains("1 key not fitting, 100 decoded"), "\(output.output)")
        #expect(output.output.split(separator: "\n").count { $0.contains(" <- ") } == 100)
        #expect(output.output.split(separator: "\n").count { $0.hasPrefix("  does not fit: ") } == 1)
        #expect(!output.output.contains(":0 <-") && !output.output.contains(":0  key"))
    }

    /// As sosreport's plugin leaves it: a file a command.
    @Test func aSosreport() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "unstuck-test-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let report = folder.appending(path: "sosreport-node-a-2024-05-01-abcdefg")
        let ebpf = report.appending(path: "sos_commands/ebpf")
        try FileManager.default.createDirectory(at: ebpf, withIntermediateDirectories: true)
        func put(_ name: String, _ text: String) throws {
            try Data(text.utf8).write(to: ebpf.appending(path: name))
        }
        let loxilb = try String(contentsOf: Self.fixtures.appending(path: "loxilb.txt"), encoding: .utf8)
        try put("bpftool_map_dump_id_7", "key: 01 00 00 00  value: 02 00 00 00\nFound 1 element\n")
        try put("bpftool_map_dump_id_13", loxilb)
        // Without a list: what bpftool could show no value of. Without a name nothing tells LoxiLB's from Kmesh's.
        let unlisted = try CapturedCommand(["sockmaps", "decode", report.path])
        #expect(unlisted.status == 2)
        #expect(unlisted.output.contains("bpftool_map_dump_id_13: "), "\(unlisted.output)")
        #expect(!unlisted.output.contains("bpftool_map_dump_id_7: "))
        try put(
            "bpftool_map_list",
            """
            7: hash  name counts  flags 0x0
            \tkey 4B  value 4B  max_entries 1  memlock 4096B
            13: sockhash  name sock_proxy_map  flags 0x0
            \tkey 16B  value 4B  max_entries 17408  memlock 1400000B

            """)
        for path in [report, ebpf, folder, report.appending(path: "sos_commands")] {
            let output = try CapturedCommand(["sockmaps", "decode", path.path])
            #expect(output.status == 0, "\(output.errors)")
            #expect(output.output.contains("layout loxilb: 3 layouts fit, and loxilb's map is named sock_proxy_map"))
            #expect(output.output.contains("203.0.113.10:8080 <- 192.0.2.10:50504"))
        }
        // The archive as it is, by GNU tar, under a name that is longer than a header's field.
        let long = folder.appending(path: "sosreport-\(String(repeating: "n", count: 120))")
        try FileManager.default.moveItem(at: report, to: long)
        for (name, options) in [
            ("gnu.tar", ["--format=gnu"]), ("pax.tar", ["--format=pax"]), ("packed.tar.gz", ["--gzip"]),
            ("dotted.tar", ["--transform=s,^,./,"]),
        ] {
            let archive = folder.appending(path: name)
            try Self.tar(["-C", folder.path, "-cf", archive.path] + options + [long.lastPathComponent])
            let output = try CapturedCommand(["sockmaps", "decode", archive.path])
            #expect(output.status == 0, "\(output.errors)")
            #expect(output.output.contains("layout loxilb: 3 layouts fit, and loxilb's map is named sock_proxy_map"))
            #expect(output.output.contains("203.0.113.10:8080 <- 192.0.2.10:50504"))
            #expect(output.output.contains("\(name):sosreport-n") && output.output.contains("bpftool_map_dump_id_13: "))
            // Half of it.
            let half = folder.appending(path: "half")
            let bytes = try Data(contentsOf: archive)
            try bytes.prefix(bytes.count / 2).write(to: half)
            let cut = try CapturedCommand(["sockmaps", "decode", half.path])
            #expect(cut.status == 2 && cut.output.isEmpty)
            #expect(cut.errors.contains("cut off after") || cut.errors.contains("ends too early"), "\(cut.errors)")
        }
        let xz = folder.appending(path: "packed.tar.xz")
        try Self.tar(["-C", folder.path, "-cJf", xz.path, long.lastPathComponent])
        let refused = try CapturedCommand(["sockmaps", "decode", xz.path])
        #expect(refused.status == 2)
        #expect(refused.errors.contains("is packed with xz"), "\(refused.errors)")
        #expect(refused.errors.contains("tar -xf \(xz.path)"), "\(refused.errors)")
        let none = folder.appending(path: "none.tar")
        try Self.tar(["-C", Self.fixtures.path, "-cf", none.path, "loxilb.txt"])
        let without = try CapturedCommand(["sockmaps", "decode", none.path])
        #expect(without.status == 2 && without.errors.contains("it has no sos_commands/ebpf"), "\(without.errors)")
        // One dump, packed.
        let dump = folder.appending(path: "dump.gz")
        try Self.run("gzip", ["--keep", "--stdout", Self.fixtures.appending(path: "odd.txt").path], to: dump)
        #expect(try CapturedCommand(["sockmaps", "decode", dump.path]).output.contains("100 decoded"))
        let other = try CapturedCommand(["sockmaps", "decode", Self.fixtures.path])
        #expect(other.status == 2)
        #expect(other.errors.contains("no sosreport"), "\(other.errors)")
    }

    private static func tar(_ arguments: [String]) throws { try run("tar", arguments) }

    private static func run(_ program: String, _ arguments: [String], to file: URL? = nil) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + arguments
        if let file {
            _ = FileManager.default.createFile(atPath: file.path, contents: nil)
            process.standardOutput = try FileHandle(forWritingTo: file)
        }
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(program) \(arguments)")
    }
}
