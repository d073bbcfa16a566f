import Foundation
import TestSupport
import Testing
import UnstuckDiagnosis
import UnstuckRender

/// Output, help and docs are in the words of the field (``PlainWords``).
@Suite("Plain words")
struct PlainWordsTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// Below a folder of the sources, by their paths.
    private static func files(_ folder: String, _ ending: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: root.appending(path: folder).path)
            .filter { $0.hasSuffix(ending) }.map { "\(folder)/\($0)" }.sorted()
    }

    private static func read(_ file: String) throws -> String {
        try String(contentsOf: root.appending(path: file), encoding: .utf8)
    }

    /// Everything that the programs can say, their help included, is a literal somewhere. One of a single word is a name.
    @Test(.requires(.sources)) func programs() throws {
        var literals = 0
        for file in try Self.files("Sources", ".swift") {
            for literal in SwiftLiterals(try Self.read(file)).found where literal.text.contains(" ") {
                literals += 1
                for found in PlainWords.find(in: literal.text) { Issue.record("\(file):\(literal.line): \(found)") }
            }
        }
        #expect(literals > 2000, "the sources were read")
    }

    /// What stands in backquotes is a name; blocks of code are sessions and commands, and are checked.
    @Test(.requires(.sources)) func documents() throws {
        let pages = try Self.files("docs", ".md") + ["README.md", "CONTRIBUTING.md"]
        #expect(pages.count > 25)
        for page in pages { check(try Self.read(page), page) }
        let unreleased = try Self.read("CHANGELOG.md").split(separator: "\n## ")[1]
        check(String(unreleased), "CHANGELOG.md")
    }

    private func check(_ text: String, _ page: String) {
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.replacing(/`[^`]*`/, with: "")
            for found in PlainWords.find(in: String(words)) { Issue.record("\(page):\(number + 1): \(found)") }
        }
    }

    /// Names of fields and their descriptions.
    @Test(.requires(.sources)) func schemas() throws {
        let pages = try Self.files("docs/schema", ".json")
        #expect(pages.count > 15)
        for page in pages {
            for (number, line) in try Self.read(page).split(separator: "\n", omittingEmptySubsequences: false)
                .enumerated()
            {
                // Another version's name is quoted.
                let words = line.replacing(/`[^`]*`/, with: "")
                for found in PlainWords.find(in: String(words)) { Issue.record("\(page):\(number + 1): \(found)") }
            }
        }
    }

    /// As printed: what single literals are put together to.
    @Test func texts() {
        let style = Style(isColoured: false, width: 10_000)
        for (name, render) in RenderedTexts.all {
            for found in PlainWords.find(in: render(style)) { Issue.record("\(name): \(found)") }
        }
        for isVerbose in [false, true] {
            let looks = RenderedTexts.looks
            let text = DiagnosisText(style: style, isVerbose: isVerbose).render(diagnose(looks), looks: looks)
            for found in PlainWords.find(in: text) { Issue.record("diagnose: \(found)") }
        }
    }

    @Test(arguments: [
        "its resident is dead", "12 dead entries", "Touches nothing.", "the process waits in read", "a msg program",
        "for somebody else", "sockets kept out", "the entry was left alone", "undone by process 12", "2 looks twice",
    ])
    func unwantedWordsAreFound(_ text: String) { #expect(!PlainWords.find(in: text).isEmpty) }

    @Test(arguments: [
        "stale entries", "the sk_msg program", "president of the stage", "amended files", "looks the same",
        "the two look the same", "a file of sockets",
    ])
    func othersAreNot(_ text: String) { #expect(PlainWords.find(in: text).isEmpty) }

    @Test func literalsOfAFile() {
        let source = ##"""
            // "a comment" /* "another" */
            let one = "a \(two("inner \(3)")) b"  // "end"
            let long = """
                first \
                second
                """
            let raw = #"q " \n \#(x) r"#
            """##
        let found = SwiftLiterals(source).found
        #expect(found.map(\.text) == ["inner ", "a  b", "\n    first second\n    ", "q \" \\n  r"])
        #expect(found.map(\.line) == [2, 2, 3, 7])
    }
}
