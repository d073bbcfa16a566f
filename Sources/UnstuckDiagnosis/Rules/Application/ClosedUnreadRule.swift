import UnstuckModel

/// `app.closed-unread`, a note: unread bytes of a connection whose peer has closed (CLOSE_WAIT). Nobody waits for an answer,
/// and the application keeps the descriptor.
struct ClosedUnreadRule: ConnectionRule {
    let codes: [Finding.Code] = [.closedUnread]

    func evaluate(_ stuck: StuckCandidate, _ view: NodeView) -> Verdict<Cause> {
        guard let place = stuck.place else { return .notApplicable }
        guard !stuck.connection.isEstablished(at: place) else { return .excluded(by: "the peer has not closed") }
        return .present(
            Cause(
                code: .closedUnread, severity: .note, headline: "unread after the peer has closed", group: "",
                facts: [],
                remedy: "the application should read and close these: it keeps a descriptor that its peer has closed"))
    }
}
