import UnstuckModel
import UnstuckOperations
import UnstuckRender

extension SocketComparison {
    /// Both connections, then what moved.
    func text(_ style: Style, isVerbose: Bool) -> String {
        ComparisonText(style: style, isVerbose: isVerbose).render(
            [
                .init(name: "A", connection: a.connection, ends: Self.ends(of: a)),
                .init(name: "B", connection: b.connection, ends: Self.ends(of: b)),
            ], seconds: seconds)
    }

    private static func ends(of subject: Subject) -> [ComparisonText.End] {
        Side.allCases.compactMap { side in
            guard let end = subject.end(side) else { return nil }
            return ComparisonText.End(
                side: side.rawValue, state: end.state, stateAfter: end.stateAfter, pod: end.pod,
                handlers: [end.recvmsg, end.sendmsg].compactMap { $0 },
                owners: end.owners.map { "\($0.command)[\($0.pid)] fd \($0.fd)" },
                values: Dictionary(end.values.map { ($0.field, ($0.before, $0.after)) }) { first, _ in first })
        }
    }
}
