import Foundation
import TestSupport
import Testing
import UnstuckModel

/// A socket that was not seen is dead only where every network namespace is proven to be read. In a PID namespace of one's own,
/// a namespace that processes outside keep cannot be seen: nothing is called dead, and nothing is deleted.
@Suite("Nothing live is deleted for not being seen", .serialized)
struct UnprovenAbsenceTests {
    /// Live entries of our own namespace, by which the layout is known, and of a hidden one. The values tell cookies: without
    /// them nothing would be deleted anyway.
    final class Scenario {
        let map: TestMap
        let seen: [SocketPair]
        /// Those of the hidden namespace, or zombies of our own.
        let others: [SocketPair]
        private let hidden: HiddenPairs?
        let journal = "/tmp/unstuck-absence-\(UUID().uuidString).jsonl"

        init(areDead: Bool = false) throws {
            map = try TestMap(valueSize: 8)
            seen = try (0..<20).map { _ in try SocketPair() }
            hidden = areDead ? nil : try HiddenPairs.make(16)
            others = try hidden?.pairs ?? (0..<16).map { _ in try SocketPair() }
            for pair in seen + others { try map.put(pair.server, as: pair.tuple) }
            if areDead { for pair in others { try pair.resetByClient() } }
        }

        deinit { try? FileManager.default.removeItem(atPath: journal) }

        var keys: Int {
            var count = 0
            var key = map.nextKey(after: nil)
            while let found = key {
                count += 1
                key = map.nextKey(after: found)
            }
            return count
        }

        var repair: [String] {
            [
                "repair", "--without-iterator", "--apply", "--force", "--map", "\(map.id)", "--journal", journal,
                "--output", "json",
            ]
        }
        var diagnose: [String] { ["diagnose", "--without-iterator", "--map", "\(map.id)", "--output", "json"] }
    }

    /// Inconclusive, with a reason that holds a word, and every entry still there.
    private static func check(_ scenario: Scenario, _ word: String, _ run: ([String]) throws -> Programs.Output) throws
    {
        let repaired = try run(scenario.repair)
        #expect(repaired.status == 2, "\(repaired.text)\(repaired.errors)")
        #expect(scenario.keys == 36, "live entries were deleted")
        let report = try JSONValue(repaired.text)["data"]
        #expect(report["plan"]["deletions"].array.isEmpty)
        #expect(Self.names(report["unknown"], word), "\(repaired.text)")
        let found = try run(scenario.diagnose)
        #expect(found.status == 2, "\(found.text)\(found.errors)")
        let diagnosis = try JSONValue(found.text)["data"]
        #expect(diagnosis.codes.isEmpty)
        #expect(Self.names(diagnosis["unknown"], word), "\(found.text)")
    }

    private static func names(_ unknown: JSONValue, _ word: String) -> Bool {
        unknown.array.contains { $0.text.contains(word) }
    }

    /// The kernel's own list of namespaces tells of those that /proc hides.
    @Test func inAPIDNamespaceOfOnesOwn() throws {
        let scenario = try Scenario()
        try Self.check(scenario, "(in the kernel's list) was not read") {
            try Programs.run("unshare", ["--pid", "--fork", "--mount-proc", Programs.unstuck] + $0)
        }
    }

    /// No program can be loaded: then nothing but the kind of /proc tells.
    private static let withoutBTF = "mount -t tmpfs none /sys/kernel/btf"

    @Test func inAPIDNamespaceOfOnesOwnWithoutBTF() throws {
        let scenario = try Scenario()
        let script = "\(Self.withoutBTF) && exec \"$0\" \"$@\""
        try Self.check(
            scenario, "prove that every network namespace was read: /proc shows the processes of PID namespace"
        ) {
            try Programs.run("unshare", ["--pid", "--fork", "--mount-proc", "sh", "-c", script, Programs.unstuck] + $0)
        }
    }

    /// As in a container that has the host's /proc elsewhere: its processes are seen, and their descriptors are out of reach.
    @Test func withTheHostsProcElsewhere() throws {
        let scenario = try Scenario()
        let root = "/tmp/unstuck-root-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: "\(root)/proc", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: root) }
        let script =
            "\(Self.withoutBTF) && mount --rbind /proc \(root)/proc && mount -t proc proc /proc && exec \"$0\" \"$@\""
        try Self.check(scenario, "could not find in which network namespaces the sockets of") {
            try Programs.run(
                "unshare",
                ["--pid", "--fork", "--mount", "sh", "-c", script, Programs.unstuck] + $0 + ["--root", root])
        }
    }

    /// Where /proc hides processes not even zombies are called dead.
    @Test(.requires(.zombie)) func withAProcThatHidesProcesses() throws {
        let scenario = try Scenario(areDead: true)
        let script = "\(Self.withoutBTF) && mount -t proc -o hidepid=2 proc /proc && exec \"$0\" \"$@\""
        try Self.check(scenario, "prove that every network namespace was read: /proc is mounted with hidepid=") {
            try Programs.run("unshare", ["--mount", "sh", "-c", script, Programs.unstuck] + $0)
        }
    }

    /// Without the capability to look into others' processes, what they hold is not known.
    @Test(.requires(.zombie)) func withProcessesThatMayNotBeLookedInto() throws {
        let scenario = try Scenario(areDead: true)
        let drop = ["--bounding-set", "-sys_ptrace", "--inh-caps", "-sys_ptrace", Programs.unstuck]
        let script = "\(Self.withoutBTF) && exec setpriv \"$0\" \"$@\""
        try Self.check(scenario, "could not be read: needs CAP_SYS_PTRACE") {
            try Programs.run("unshare", ["--mount", "sh", "-c", script] + drop + $0)
        }
    }

    /// Whose descriptors may not be listed is a matter of another capability, and that one is named.
    @Test(.requires(.zombie, .native)) func withDescriptorsThatMayNotBeListed() throws {
        let scenario = try Scenario(areDead: true)
        let other = try Programs.start(
            "setpriv", ["--reuid", "65534", "--regid", "65534", "--clear-groups", "sleep", "600"])
        defer { kill(other.pid, SIGKILL) }
        let rights = "-dac_read_search,-dac_override"
        let drop = ["--bounding-set", rights, "--inh-caps", rights, Programs.unstuck]
        let script = "\(Self.withoutBTF) && exec setpriv \"$0\" \"$@\""
        try Self.check(scenario, "could not be read: needs CAP_DAC_READ_SEARCH") {
            try Programs.run("unshare", ["--mount", "sh", "-c", script] + drop + $0)
        }
    }

    /// On the host the hidden namespace is found through its sockets: they are alive, and said to be.
    @Test func onTheHostTheyAreSeen() throws {
        let scenario = try Scenario()
        let output = try Programs.run(
            Programs.unstuck,
            ["sockmaps", "entries", "--without-iterator", "--map", "\(scenario.map.id)", "--output", "json"])
        let states = try output.text.split(separator: "\n").map { try JSONValue(String($0))["state"].text }
        #expect(states.count == 36)
        #expect(!states.contains("unseen"), "\(output.text)")
        #expect(states.count { $0 == "live" } == 36, "\(output.errors)")
        _ = try Programs.run(Programs.unstuck, scenario.repair)
        #expect(scenario.keys == 36)
    }
}
