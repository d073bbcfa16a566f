import Foundation
import Glibc
import TestSupport
import Testing
import UnstuckKernel
import UnstuckLab

/// Results that cannot be written are an error of every command; a reader that has left is none.
@Suite("Standard output", .serialized, .requires(.native))
struct OutputTests {
    /// How standard output is broken, and what is said of it.
    enum Broken: CaseIterable {
        case full, closed

        var words: String {
            switch self {
            case .full: "cannot write standard output: No space left on device"
            case .closed: "cannot write standard output: it is closed"
            }
        }

        func run(_ command: [String]) throws -> Child.Outcome {
            switch self {
            case .full:
                let full = try OwnedDescriptor(path: "/dev/full", flags: O_WRONLY)
                return try Child.run(command, keeping: full.raw, within: .seconds(120))
            case .closed:
                return try Child.run(["/bin/sh", "-c", "exec \"$0\" \"$@\" >&-"] + command, within: .seconds(120))
            }
        }
    }

    /// What each command is called with to get to its results; `nil`: it has none of its own. One that is not here fails.
    private static func arguments(map: Int, features: String) -> [String: [String]?] {
        let map = ["--map", "\(map)"]
        let once = map + ["--interval", "0"]
        return [
            "": [], "help": [], "diagnose": once, "collect": once,
            "repair": once,
            "guard": [], "guard up": map + ["--for", "1s"], "guard status": [], "guard down": map,
            "bypass": [], "bypass on": map, "bypass status": [], "bypass off": map,
            // Waits for the end of a bypass and says nothing.
            "bypass keep": nil,
            "sockmaps": map, "sockmaps list": map, "sockmaps entries": map, "sockmaps graph": map,
            "sockmaps forecast": once, "sockmaps decode": map,
            "sockmaps encode": ["192.0.2.1:80", "192.0.2.2:40000", "--layout", "cilium"],
            "probe": ["127.0.0.1:1", "--tcp"],
            "sockets": [],
            "kernel": [], "kernel facts": [], "kernel bugs": [], "kernel features": [],
            "kernel diff": [features, features], "kernel canary": [], "kernel canary-actor": ["--deadline", "2"],
        ]
    }

    /// In an order in which each has something to do.
    private static let last = ["bypass on", "bypass", "bypass status", "bypass off", "guard down"]

    @Test func everyCommandSaysThatItsOutputIsLost() throws {
        let lab = try BypassedLab("o1")
        let load = try lab.load(connections: 4)
        #expect(try lab.lab.entries(atLeast: 8) >= 8)
        let features = FileManager.default.temporaryDirectory.appending(path: "unstuck-\(UUID().uuidString).json").path
        defer { try? FileManager.default.removeItem(atPath: features) }
        try #require(try lab.unstuck(["kernel", "features", "--save", features]).status == 0)
        let known = Self.arguments(map: lab.map, features: features)
        let tree = try CommandTree(of: Programs.unstuck).all
        #expect(tree.count == known.count, "and none here that is no command")
        let order = { (words: [String]) in Self.last.firstIndex(of: words.joined(separator: " ")) ?? -1 }
        for (words, command) in tree.sorted(by: { order($0.words) < order($1.words) }) {
            let name = words.joined(separator: " ")
            guard let arguments = known[name] else {
                Issue.record("unstuck \(name) is a new command: say here how it is called")
                continue
            }
            for broken in Broken.allCases {
                try Self.expectError(words + ["--help"], broken)
                guard let arguments else { continue }
                try Self.expectError(words + arguments, broken)
                if command.takes("output") { try Self.expectError(words + arguments + ["--output", "json"], broken) }
            }
        }
        for broken in Broken.allCases { try Self.expectError(["--version"], broken) }
        try lab.clean(load)
        try lab.lab.down()
    }

    @discardableResult
    private static func expectError(_ command: [String], _ broken: Broken) throws -> String {
        let outcome = try broken.run([Programs.unstuck] + command)
        #expect(
            outcome.status == 2 && outcome.errors.contains(broken.words),
            "\(command) with standard output \(broken): \(outcome.status) \(outcome.errors)")
        return outcome.errors
    }

    /// The same of the lab's own program, as far as it says anything by itself.
    @Test func theLabSaysSoToo() throws {
        for command in [["--help"], ["--version"], ["kernels"], ["faults"], ["help", "up"]] {
            for broken in Broken.allCases {
                let outcome = try broken.run([Programs.lab] + command)
                #expect(outcome.status == 2 && outcome.errors.contains(broken.words), "\(command): \(outcome.errors)")
            }
        }
    }

    /// A pipe that nobody reads, and will not be read.
    private static func withoutReader(_ command: [String]) throws -> Child.Outcome {
        var ends: [Int32] = [-1, -1]
        try syscall("pipe", on: "a stream") { unsafe pipe(&ends) }
        let writer = OwnedDescriptor(owning: ends[1])
        close(ends[0])
        return try Child.run(command, keeping: writer.raw, within: .seconds(120))
    }

    @Test func aReaderThatHasLeftIsNoError() throws {
        for command in [["--help"], ["--version"], ["kernel", "bugs"], ["kernel", "bugs", "--output", "json"]] {
            let outcome = try Self.withoutReader([Programs.unstuck] + command)
            #expect(outcome.status == 128 + SIGPIPE && outcome.errors.isEmpty, "\(command): \(outcome)")
        }
        let outcome = try Self.withoutReader([Programs.lab, "kernels"])
        #expect(outcome.status == 128 + SIGPIPE && outcome.errors.isEmpty, "\(outcome)")
    }

    /// Nobody can be told what went wrong; the results are whole, and the status is right.
    @Test func messagesThatCannotBeWrittenEndNothing() throws {
        let good = ["sockmaps", "encode", "192.0.2.1:80", "192.0.2.2:40000", "--layout", "cilium"]
        let wrong = ["kernel", "diff", "/nonexistent", "/nonexistent"]
        for way in ["2>/dev/full", "2>&-"] {
            func run(_ command: [String]) throws -> Child.Outcome {
                try Child.run(["/bin/sh", "-c", "exec \"$0\" \"$@\" \(way)", Programs.unstuck] + command)
            }
            let outcome = try run(good)
            #expect(outcome.status == 0 && outcome.output.utf8.count > 88, "\(way): \(outcome)")
            #expect(try run(wrong).status == 2)
            #expect(try run(["--nonsense"]).status == 64)
        }
    }

    /// A standard stream that is closed is nobody's next file.
    @Test func noFileTakesTheirPlace() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "unstuck-\(UUID().uuidString).json").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        let outcome = try Child.run(
            [
                "/bin/sh", "-c", "exec \"$0\" \"$@\" <&- >&- 2>&-", Programs.unstuck, "kernel", "features", "--save",
                file,
            ], within: .seconds(120))
        #expect(outcome.status == 2)
        #expect(try JSONValue(String(contentsOfFile: file, encoding: .utf8))["schema"].text.contains("kernel.features"))
        let decoded = try Child.run(["/bin/sh", "-c", "exec \"$0\" sockmaps decode <&-", Programs.unstuck])
        #expect(decoded.status == 2 && decoded.errors.contains("cannot read"), "\(decoded)")
    }

    /// A change that was begun is ended, and written down, although nobody reads about it.
    @Test func repairEndsWhatItHasBegun() throws {
        for hasReader in [true, false] {
            let dead = try DeadMap(dead: 5, live: 8)
            let journal = FileManager.default.temporaryDirectory.appending(path: "unstuck-\(UUID().uuidString).jsonl")
            defer { try? FileManager.default.removeItem(at: journal) }
            let command = [
                Programs.unstuck, "repair", "--apply", "--map", "\(dead.map.id)", "--journal", journal.path, "--output",
                "json",
            ]
            let outcome = try hasReader ? Broken.full.run(command) : Self.withoutReader(command)
            if hasReader {
                #expect(outcome.status == 2)
                #expect(outcome.errors.contains("5 of 5 entries deleted"), "\(outcome)")
                #expect(outcome.errors.contains(Broken.full.words))
            } else {
                #expect(outcome.status == 128 + SIGPIPE && outcome.errors.isEmpty, "\(outcome)")
            }
            #expect(try dead.deadEntries == 0)
            let lines = try String(contentsOf: journal, encoding: .utf8).split(separator: "\n")
            #expect(lines.count { $0.contains("\"event\":\"result\"") } == 5)
            #expect(lines.last?.contains("\"event\":\"end\"") ?? false)
        }
    }

    /// A plan that nobody can read is not carried out.
    @Test func whatCannotBeShownIsNotBegun() throws {
        let dead = try DeadMap(dead: 5, live: 8)
        let journal = FileManager.default.temporaryDirectory.appending(path: "unstuck-\(UUID().uuidString).jsonl")
        defer { try? FileManager.default.removeItem(at: journal) }
        let outcome = try Broken.full.run([
            Programs.unstuck, "repair", "--apply", "--map", "\(dead.map.id)", "--journal", journal.path,
        ])
        #expect(outcome.status == 2 && outcome.errors.contains(Broken.full.words), "\(outcome)")
        #expect(try dead.deadEntries == 5)
    }

    /// Where a file is named.
    @Test func savedFilesNameWhatCouldNotBeWritten() throws {
        let full = try Programs.run(Programs.unstuck, ["kernel", "features", "--save", "/dev/full"])
        #expect(full.status == 2)
        #expect(full.errors.contains("cannot write /dev/full: No space left on device"), "\(full.errors)")
        var status = stat()
        #expect(unsafe lstat("/dev/full", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    }
}
