import Foundation
import TestSupport
import Testing

/// What is left of a guest that does not end by itself.
@Suite("Guests that do not end well", .serialized, .requires(.emulator))
struct GuestTests {
    static let kernel = "5.10.218"

    @Test func aLostGuestSaysWhereItsConsoleIs() throws {
        let run = try Programs.run(Programs.lab, Self.boot(["--limit", "20"]))
        #expect(run.status == 2)
        #expect(run.errors.contains("lost: no answer within 20 s"))
        let mark = "the guest's console is kept: "
        let line = try #require(run.errors.split(separator: "\n").first { $0.contains(mark) })
        let path = try #require(line.split(separator: " ").last.map(String.init))
        defer { try? FileManager.default.removeItem(atPath: Self.folder(of: path)) }
        #expect(try String(contentsOfFile: path, encoding: .utf8).contains("Linux version"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: Self.folder(of: path)) == ["console.log"])
    }

    /// No emulator outlives the program that started it; one that was asked to end leaves nothing at all.
    @Test(arguments: [SIGTERM, SIGINT, SIGKILL])
    func anEmulatorEndsWithWhoeverStartedIt(_ signal: Int32) throws {
        let running = try Programs.start(Programs.lab, Self.boot([]))
        let emulator = try #require(Self.emulator(startedBy: running.pid), "no emulator was started")
        let folder = try #require(Self.folder(ofEmulator: emulator))
        defer { try? FileManager.default.removeItem(atPath: folder) }
        usleep(1_000_000)
        kill(running.pid, signal)
        let status = try running.wait().status
        #expect(status == (signal == SIGKILL ? SIGKILL : 2))
        expectSoon("the emulator \(emulator) goes on") { !Self.isAlive(emulator) }
        if signal != SIGKILL { #expect(!FileManager.default.fileExists(atPath: folder)) }
    }

    private static func boot(_ options: [String]) -> [String] {
        ["boot", kernel, "--accel", "tcg", "--program", "sleep"] + options + ["--", "sleep", "60"]
    }

    private static func emulator(startedBy parent: Int32) -> Int32? {
        var found: Int32?
        _ = Wait.until(within: 20) {
            let children = (try? Programs.run("pgrep", ["-P", "\(parent)", "qemu"]).text) ?? ""
            found = Int32(children.filter(\.isNumber))
            return found != nil
        }
        return found
    }

    private static func folder(ofEmulator pid: Int32) -> String? {
        let words = (try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)) ?? ""
        return words.split(separator: "\0").first { $0.hasPrefix("file:") && $0.hasSuffix("/console.log") }
            .map { folder(of: String($0.dropFirst("file:".count))) }
    }

    private static func folder(of path: String) -> String { (path as NSString).deletingLastPathComponent }

    /// Neither gone nor waiting to be buried.
    private static func isAlive(_ pid: Int32) -> Bool {
        let state = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
        return !state.isEmpty && !state.contains(") Z ")
    }
}
