import UnstuckModel

/// What a diagnosis could not decide, and what is missing for it.
struct InconclusiveText {
    let style: Style

    func lines(_ diagnosis: Diagnosis) -> [String] {
        var texts = unsettled(diagnosis)
        if !diagnosis.suspects.isEmpty {
            let count = diagnosis.suspects.count
            texts.append(
                "\(pluralized(count, "entry looks", "entries look")) stale, seen once: closing sockets look like this for a "
                    + "moment; a second sample some seconds later decides")
        }
        texts += diagnosis.unknown.map(safeText)
        return texts.flatMap { style.marked("?", style.characters.shown($0)).map(style.yellow) }
    }

    /// Connections that hold bytes and may or may not move, by what is missing to know it.
    private func unsettled(_ diagnosis: Diagnosis) -> [String] {
        UnsettledConnection.Reason.allCases.flatMap { reason -> [String] in
            let connections = diagnosis.unsettled.filter { $0.reason == reason }
            let unread = connections.count { $0.queue != .send }
            return [(unread, "unread"), (connections.count - unread, "unacknowledged")].compactMap { count, kind in
                guard count > 0 else { return nil }
                let subject = "\(pluralized(count, "connection has", "connections have")) \(kind) bytes"
                let pronoun = count == 1 ? "it moves" : "they move"
                return switch reason {
                case .oneSample: "\(subject); one sample cannot show whether \(pronoun)"
                case .tooShort:
                    "\(subject); samples less than \(Int(Diagnosis.secondsBetweenSamples)) s apart cannot show whether "
                        + pronoun
                case .notRead: "\(subject); counters that show whether \(pronoun) were not read in both samples"
                case .redirected:
                    "\(subject) that a sockmap program redirected; the same number was there in both samples, and nothing "
                        + "that was read shows whether they are the same bytes"
                }
            }
        }
    }
}
