import UnstuckModel

/// Where a document does not fit, for people: `snapshot 2: sockets[3].retransmits: number -5 does not fit`.
struct DecodingPlace: CustomStringConvertible {
    let description: String

    init(_ error: DecodingError) {
        switch error {
        case .keyNotFound(let key, let context):
            description = Self.place(context.codingPath) + "\(safeText(key.stringValue)) is missing"
        case .valueNotFound(_, let context): description = Self.place(context.codingPath) + "null"
        case .typeMismatch(_, let context), .dataCorrupted(let context):
            description = Self.place(context.codingPath) + Self.reason(context.debugDescription)
        @unknown default: description = "\(error)"
        }
    }

    /// A number that is below 0 or too large.
    init(ofNumber path: [any CodingKey]) {
        description = Self.place(path) + "a number that it cannot have"
    }

    private static func place(_ path: [any CodingKey]) -> String {
        var parts = path[...]
        var text = ""
        // The list of snapshots is what a bundle is.
        if parts.count >= 2, parts[0].stringValue == "snapshots", let number = parts[1].intValue {
            text = "snapshot \(number + 1): "
            parts = parts.dropFirst(2)
        }
        var name = ""
        for part in parts {
            if let index = part.intValue {
                name += "[\(index)]"
            } else {
                name += (name.isEmpty ? "" : ".") + safeText(part.stringValue)
            }
        }
        return text + (name.isEmpty ? "" : "\(name): ")
    }

    /// The library's words, without the parts of the document that it quotes at length.
    private static func reason(_ text: String) -> String {
        var text = safeText(String(text.prefix(200)))
        if text.hasSuffix(".") { text.removeLast() }
        return text
    }
}
