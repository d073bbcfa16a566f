import Foundation
import Glibc
import TestSupport
import Testing
import UnstuckKernel
import UnstuckLab

/// Commands whose system calls are refused one by one, as a seccomp filter does it: each ends, says what was refused, and
/// never looks as if all were well; or it does not need the call, and says just what it says otherwise.
///
/// `statx`, `readlinkat` and `clone` are here because another libc makes them; ours, linked in, makes `newfstatat`, `readlink` and
/// `clone3`. `execve` is not here: without it nothing starts.
@Suite("Refused system calls", .serialized, .requires(.native))
struct RefusedCallTests {
    private static let calls = [
        "newfstatat", "statx", "openat", "read", "pread64", "readlink", "readlinkat", "getdents64", "bpf", "socket",
        "setns", "clone", "clone3", "flock", "fsync", "fdatasync", "ftruncate", "rename", "renameat", "write",
    ]
    /// Those that a command cannot do without, by the command: nothing of the kind may go unnoticed.
    private static let needed = [
        "diagnose": ["newfstatat", "openat", "read", "readlink", "getdents64", "bpf", "write"],
        "repair": ["newfstatat", "openat", "read", "readlink", "getdents64", "bpf", "write"],
        "repair --apply": [
            "newfstatat", "openat", "read", "readlink", "getdents64", "bpf", "write", "flock", "fsync", "ftruncate",
        ],
        "collect": ["newfstatat", "openat", "read", "readlink", "getdents64", "bpf", "write"],
        "collect --file": ["newfstatat", "openat", "read", "readlink", "getdents64", "bpf", "fsync", "renameat"],
        "sockmaps list": ["newfstatat", "openat", "read", "readlink", "getdents64", "bpf", "write"],
    ]

    /// A map with connections that are well, which is all that is looked at.
    final class Place {
        let node: DeadMap
        let folder = FileManager.default.temporaryDirectory.appending(path: "unstuck-test-\(UUID().uuidString)").path

        init() throws {
            node = try DeadMap(dead: 0, live: 3)
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        func command(_ name: String) -> [String] {
            let map = ["--map", "\(node.map.id)"]
            let once = map + ["--interval", "0"]
            switch name {
            case "repair --apply": return ["repair", "--apply", "--journal", "\(folder)/journal"] + once
            case "collect --file": return ["collect", "--file", "\(folder)/saved"] + once
            case "sockmaps list": return ["sockmaps", "list"] + map
            default: return [name] + once
            }
        }

        /// What a run said, numbers left out: they change from look to look. A bundle is its maps and what is missing.
        func result(of outcome: Child.Outcome, _ name: String) throws -> String {
            guard name.hasPrefix("collect") else { return outcome.output.filter { !$0.isNumber } }
            let text =
                name == "collect" ? outcome.output : try String(contentsOfFile: "\(folder)/saved", encoding: .utf8)
            let look = try JSONValue(text)["snapshots"][0]
            let missing = look["coverage"].array.count { $0["status"].text == "not-read" }
            return "\(look["sockmaps"].array.map { $0["entries"].array.count }) \(missing)"
        }
    }

    @Test(arguments: ["diagnose", "repair", "repair --apply", "collect", "collect --file", "sockmaps list"])
    func nothingGoesUnnoticed(_ name: String) throws {
        let place = try Place()
        let command = [Programs.unstuck] + place.command(name)
        let well = try Child.run(command, within: .seconds(60))
        try #require(well.status == 0, "\(well)")
        let result = try place.result(of: well, name)
        for call in Self.calls {
            for file in ["journal", "saved"] { unsafe _ = unlink("\(place.folder)/\(file)") }
            let outcome = try Child.run(
                [Programs.lab, "refuse", call, "--"] + command, within: .seconds(60))
            let said = outcome.output + outcome.errors
            #expect(!said.contains("USAGE:") && !said.contains("SUBCOMMANDS:"), "\(call): \(said)")
            #expect(outcome.status < 128, "\(call): a crash: \(outcome)")
            if outcome.status == 0 {
                #expect(Self.needed[name]?.contains(call) == false, "\(call) went unnoticed: \(outcome)")
                #expect(try place.result(of: outcome, name) == result, "\(call): \(outcome)")
            } else {
                #expect(outcome.status == 2, "\(call): \(outcome)")
                // Nobody can be told that nothing can be written.
                #expect(
                    call == "write" || said.contains("not permitted") || said.contains("needs"), "\(call): \(outcome)")
            }
        }
        // Nothing was left aside.
        #expect(Set(directoryNames(place.folder)).isSubset(of: ["journal", "saved"]))
    }

    /// The arguments are the kernel's, not those of a file: a command is not taken for none.
    @Test(arguments: ["read", "openat", "readlink", "newfstatat"])
    func argumentsAreKnown(_ call: String) throws {
        for arguments in [["--nonsense"], ["kernel", "diff", "/nonexistent", "/nonexistent"], ["--version"]] {
            let outcome = try Child.run([Programs.lab, "refuse", call, "--", Programs.unstuck] + arguments)
            #expect(outcome.status == ["--nonsense": 64, "--version": 0][arguments[0], default: 2], "\(outcome)")
        }
    }

    /// An empty folder for a root: no /proc, nothing. The runtime wants to know its own path before any of us runs.
    @Test func programsStartWithoutProc() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "unstuck-root-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.copyItem(atPath: Programs.unstuck, toPath: "\(folder)/unstuck")
        let version = try Child.run(["/usr/bin/env", "chroot", folder, "/unstuck", "--version"])
        #expect(version.status == 0 && version.output.hasPrefix("unstuck "), "\(version)")
        // What needs /proc says so.
        let diagnosis = try Child.run(["/usr/bin/env", "chroot", folder, "/unstuck", "diagnose", "--interval", "0"])
        #expect(diagnosis.status == 2 && diagnosis.output.contains("/proc"), "\(diagnosis)")
    }
}
