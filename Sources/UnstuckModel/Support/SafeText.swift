/// Text of foreign origin (process, pod, map and host names) with everything that could act on a terminal replaced:
/// control characters, line breaks among them, and those that change the direction of writing.
public func safeText(_ text: String) -> String {
    String(text.unicodeScalars.map { $0.actsOnTerminals ? "?" : Character($0) })
}

extension Unicode.Scalar {
    /// A control character, a line or paragraph separator, or a mark that changes the direction of what is written.
    public var actsOnTerminals: Bool {
        switch value {
        case 0..<0x20, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
