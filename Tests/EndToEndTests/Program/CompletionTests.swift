import Foundation
import Glibc
import TestSupport
import Testing
import UnstuckKernel

/// What bash offers while a command is typed: `complete`d by the script that the program itself prints.
@Suite("Completion", .serialized, .requires(.sources, .native))
struct CompletionTests {
    /// What bash would offer for the last of `words`.
    private static func offered(_ words: [String], environment: [String: String] = [:]) throws -> [String] {
        let script = """
            source <("$0" --generate-completion-script bash)
            COMP_WORDS=("$@")
            COMP_LINE="$*"
            COMP_POINT=${#COMP_LINE}
            COMP_CWORD=$(($# - 1))
            PATH="$(dirname "$0"):$PATH"
            function_name="$(complete -p unstuck | sed 's/.*-F \\([^ ]*\\).*/\\1/')"
            "$function_name" unstuck "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            printf '%s\\n' "${COMPREPLY[@]}"
            """
        let output = try Programs.run(
            "/bin/bash", ["-c", script, Programs.unstuck, "unstuck"] + words, environment: environment)
        #expect(output.errors == "", "\(words)")
        return output.text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func everyShellHasItsScript(_ shell: String) throws {
        let output = try Programs.run(Programs.unstuck, ["--generate-completion-script", shell])
        #expect(output.status == 0, "\(output.errors)")
        #expect(output.text.contains("sockmaps"))
    }

    @Test func commandsAndLayouts() throws {
        #expect(try Self.offered(["sockm"]) == ["sockmaps"])
        #expect(try Self.offered(["-"]).contains("-V"))
        #expect(try Self.offered(["sockmaps", "decode", "--layout", ""]).contains("cilium"))
        #expect(try Self.offered(["sockmaps", "decode", "--layout", "cili"]) == ["cilium"])
    }

    @Test func maps() throws {
        let map = try TestMap()
        for command in [["diagnose"], ["sockmaps", "list"], ["guard", "up"], ["bypass", "on"]] {
            #expect(try Self.offered(command + ["--map", "\(map.id)"]).contains("\(map.id)"), "\(command)")
            #expect(try Self.offered(command + ["--map", "unstuck_t"]).contains("unstuck_test"), "\(command)")
        }
    }

    /// Of another root: names of namespaces, pods of log folders.
    @Test func namespacesAndPods() throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "unstuck-test-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        for folder in [
            "run/netns/pod-b", "proc", "var/log/pods/shop_web-0_0c0a7f3e-0000-4000-8000-000000000001",
            "var/log/pods/shop_cart-1_0c0a7f3e-0000-4000-8000-000000000002",
        ] {
            try FileManager.default.createDirectory(
                at: root.appending(path: folder), withIntermediateDirectories: true)
        }
        let names = try Self.offered(["probe", "192.0.2.1:80", "--root", root.path, "--netns", "pod-"])
        #expect(names == ["pod-b"])
        for command in [["repair"], ["sockmaps", "entries"]] {
            let pods = try Self.offered(command + ["--root", root.path, "--pod", ""])
            #expect(pods == ["shop/cart-1", "shop/web-0"], "\(command)")
        }
    }

    /// The mount table is a FIFO without a writer: opening it never returns.
    @Test func nothingAfterAWhile() throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "unstuck-test-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        try FileManager.default.createDirectory(
            at: root.appending(path: "proc/self"), withIntermediateDirectories: true)
        let table = root.appending(path: "proc/self/mounts").path
        try #require(unsafe mkfifo(table, 0o600) == 0)
        let clock = ContinuousClock()
        let began = clock.now
        let output = try Programs.run(
            Programs.unstuck,
            ["---completion", "repair", "--", "--pod", "4", "0", "unstuck", "repair", "--root", root.path, "--pod"])
        #expect(output.text == "")
        #expect(output.status == 0, "\(output.errors)")
        // It waited for the answer, and not for ever.
        #expect(clock.now - began >= .milliseconds(300))
        #expect(clock.now - began < .seconds(60))
    }
}
