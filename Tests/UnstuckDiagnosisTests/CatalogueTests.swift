import Foundation
import TestSupport
import Testing
import UnstuckModel

@testable import UnstuckDiagnosis

/// One table: what the rules can find, what the catalogue lists, what docs/findings/ explains.
@Suite("The finding catalogue")
struct CatalogueTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test func everyCodeOfARuleIsListedOnce() {
        let listed = FindingCatalogue.all.map(\.code)
        #expect(Set(listed).count == listed.count)
        #expect(Set(listed) == RuleRegistry.codes)
    }

    @Test(.requires(.sources)) func everyCodeHasItsPage() throws {
        let pages = try FileManager.default.contentsOfDirectory(
            atPath: Self.root.appending(path: "docs/findings").path())
        #expect(Set(pages) == Set(FindingCatalogue.all.map { "\($0.code.rawValue).md" }))
    }

    /// A rule that builds on others is evaluated after them.
    @Test func rulesThatBuildOnOthersComeAfterThem() {
        for rules in [RuleRegistry.node.map { $0 as any Rule }, RuleRegistry.connection.map { $0 as any Rule }] {
            for (position, rule) in rules.enumerated() {
                let later = Set(rules.dropFirst(position + 1).flatMap(\.codes))
                #expect(later.isDisjoint(with: rule.after), "\(rule)")
            }
        }
    }

    /// A code of another version is kept, and shown last.
    @Test func anUnknownCodeSurvives() throws {
        let text = #"["sockmap.zombie","path.wormhole"]"#
        let codes = try JSONDecoder().decode([Finding.Code].self, from: Data(text.utf8))
        #expect(codes.map(\.rawValue) == ["sockmap.zombie", "path.wormhole"])
        #expect(FindingCatalogue.rank(codes[0]) < FindingCatalogue.rank(codes[1]))
    }

    @Test func factsKeepTheirValues() throws {
        let facts = [
            Fact("unread", .bytes(1)), Fact("for", .seconds(14.2)), Fact("drops", .count(3)), Fact("who", "x"),
        ]
        #expect(facts.map(\.text) == ["1 byte", "14 s", "3", "x"])
        let again = try JSONDecoder().decode([Fact].self, from: try JSONEncoder().encode(facts))
        #expect(again == facts)
    }
}
