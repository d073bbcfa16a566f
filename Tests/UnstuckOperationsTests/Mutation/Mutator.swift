/// Damage to bytes that a file may come by: the same seed does the same damage, on every machine and in every run.
struct Mutator: RandomNumberGenerator {
    /// SplitMix64.
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    /// What breaks readers: numbers without end, other words of JSON, what acts on a terminal, halves of characters.
    private static let tokens =
        [
            "-1", "0", "1e999", "18446744073709551616", "0x100", "null", "{", "]", "\"", "\n", "\r\n", "\0",
            "\u{1B}[31m",
            "\u{202E}", "\u{FEFF}", "\\u0000", " ", "zz",
        ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0xED, 0xA0, 0x80]]

    /// One to three changes, each anywhere.
    mutating func damaged(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &self) { damage(&bytes) }
        return bytes
    }

    private mutating func damage(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        let place = Int.random(in: bytes.indices, using: &self)
        let length = min(Int.random(in: 1...64, using: &self), bytes.count - place)
        switch Int.random(in: 0..<9, using: &self) {
        case 0: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &self)
        case 1: bytes[place] = UInt8.random(in: 0...255, using: &self)
        case 2: bytes[place] = UInt8(ascii: "0") + UInt8.random(in: 0...9, using: &self)
        case 3: bytes.insert(UInt8.random(in: 0...255, using: &self), at: place)
        case 4: bytes.removeSubrange(place..<place + length)
        case 5: bytes.removeSubrange(place...)  // cut off
        case 6: bytes.insert(contentsOf: bytes[place..<place + length], at: place)  // said twice
        case 7: bytes.insert(contentsOf: bytes[place..<place + length], at: Int.random(in: bytes.indices, using: &self))
        default: bytes.insert(contentsOf: Self.tokens.randomElement(using: &self) ?? [], at: place)
        }
    }
}
