/// Text of foreign origin (process, pod, map and host names) with everything that could act on a terminal replaced:
/// control characters, line breaks among them, and those that change the direction of writing.
public func safeText(_ text: String) -> String {
    String(
        text.unicodeScalars.map { scalar in
            scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || (0x202A...0x202E).contains(scalar.value)
                || (0x2066...0x2069).contains(scalar.value) ? "?" : Character(scalar)
        })
}
