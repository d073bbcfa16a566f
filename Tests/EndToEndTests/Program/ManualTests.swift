import Foundation
import TestSupport
import Testing

/// The man pages, made from the parser's own definitions, as mandoc reads them.
@Suite("Man pages", .requires(.sources, .native))
struct ManualTests {
    @Test func everyCommandHasAPageThatIsClean() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "unstuck-test-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let script = Schemas.root.appending(path: "scripts/manual.py").path
        let made = try Programs.run("/usr/bin/python3", [script, Programs.unstuck, folder.path])
        #expect(made.status == 0, "\(made.errors)")
        let pages = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        let commands = try CommandTree(of: Programs.unstuck).all.filter { $0.command.isShown && $0.words != ["help"] }
        #expect(Set(pages) == Set(commands.map { (["unstuck"] + $0.words).joined(separator: "-") + ".1" }))

        let files = pages.map { folder.appending(path: $0).path }
        let lint = try Programs.run("mandoc", ["-T", "lint", "-W", "warning"] + files)
        #expect(lint.status == 0 && lint.text == "", "\(lint.text)\(lint.errors)")
        let main = try Programs.run("mandoc", ["-T", "utf8", folder.appending(path: "unstuck.1").path]).text
            .replacing(/.\u{8}/, with: "")
        #expect(main.contains("-V"))
        let text = try Programs.run("mandoc", ["-T", "utf8", folder.appending(path: "unstuck-repair.1").path]).text
            .replacing(/.\u{8}/, with: "")
        for word in ["EXAMPLES", "EXIT STATUS", "SEE ALSO", "unstuck(1)"] { #expect(text.contains(word), "\(word)") }
    }
}
