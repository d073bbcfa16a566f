import UnstuckModel

/// Every rule. Adding one adds its file, its line here and its line in ``FindingCatalogue``.
enum RuleRegistry {
    static let node: [any NodeRule] = ordered([
        MisdirectedRule(), DisclosureRule(), StaleEntryRule(), UnseenRule(), CrossWiredRule(), FullRule(),
        FionreadRiskRule(), SpuriousEagainRule(), SilentRule(), CoverageRule(),
    ]) { $0 }

    static let connection: [any ConnectionRule] = ordered([
        ClosedUnreadRule(), AppNotAcceptingRule(), AppStoppedRule(), FionreadRule(), AppNotReadingRule(),
        OverflowRule(), DeferAcceptRule(), ZeroWindowRule(), NeighbourRule(), PeerVanishedRule(), LossRule(),
    ]) { $0 }

    /// What all of them can find.
    static var codes: Set<Finding.Code> {
        Set(node.flatMap(\.codes) + connection.flatMap(\.codes)).union([.unexplained])
    }

    /// Those that others build on come first; else as listed. A circle stays in the order of the list.
    private static func ordered<R>(_ rules: [R], _ rule: (R) -> any Rule) -> [R] {
        var waiting = rules
        var result: [R] = []
        while !waiting.isEmpty {
            let index =
                waiting.firstIndex { candidate in
                    !waiting.contains { other in
                        !Set(rule(other).codes).isDisjoint(with: rule(candidate).after)
                    }
                } ?? waiting.startIndex
            result.append(waiting.remove(at: index))
        }
        return result
    }
}
