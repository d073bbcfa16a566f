/// A call of a helper, and the map that is handed to it first; `nil`: that is unknown.
struct HelperCall {
    var helper: UInt32
    var map: String?
}

/// The instructions of a BPF object, read from its bytes. Every executable section counts, functions that programs share
/// (`.text`) too.
struct ELFObject {
    private(set) var calls: [HelperCall] = []

    // SHT_PROGBITS, SHT_REL and SHF_EXECINSTR (include/uapi/linux/elf.h).
    private static let programBits = 1
    private static let relocations = 9
    private static let isExecutable = 4

    private struct Section {
        var type, link, info: Int
        var flags, offset, size: Int
    }

    private let bytes: [UInt8]

    /// - Returns: `nil` for what is no ELF64, little-endian.
    init?(_ bytes: [UInt8]) {
        guard bytes.count > 64, bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]) else { return nil }
        self.bytes = bytes
        let (table, size) = (number(0x28, 8), number(0x3A, 2))
        let sections = (0..<number(0x3C, 2)).map { index in
            let header = table + index * size
            return Section(
                type: number(header + 4, 4), link: number(header + 0x28, 4), info: number(header + 0x2C, 4),
                flags: number(header + 8, 8), offset: number(header + 0x18, 8), size: number(header + 0x20, 8))
        }
        for (index, section) in sections.enumerated()
        where section.type == Self.programBits && section.flags & Self.isExecutable != 0 {
            calls += calls(in: section, symbols(relocating: index, sections))
        }
    }

    /// Out of range is 0: then nothing is found, and the tests that expect calls fail.
    private func number(_ offset: Int, _ count: Int) -> Int {
        guard offset >= 0, offset + count <= bytes.count else { return 0 }
        return (0..<count).reversed().reduce(0) { $0 << 8 | Int(bytes[offset + $1]) }
    }

    /// Names of the symbols that instructions are relocated to, by the instructions' offsets.
    private func symbols(relocating target: Int, _ sections: [Section]) -> [Int: String] {
        var result: [Int: String] = [:]
        for section in sections where section.type == Self.relocations && section.info == target {
            let table = sections[section.link]
            let names = sections[table.link]
            for entry in stride(from: section.offset, to: section.offset + section.size, by: 16) {
                let symbol = table.offset + number(entry + 12, 4) * 24
                let name = bytes[(names.offset + number(symbol, 4))...].prefix { $0 != 0 }
                result[number(entry, 8)] = String(decoding: name, as: UTF8.self)
            }
        }
        return result
    }

    private func calls(in section: Section, _ symbols: [Int: String]) -> [HelperCall] {
        var result: [HelperCall] = []
        var map: String?
        for offset in stride(from: 0, to: section.size, by: 8) {
            let (code, registers) = (number(section.offset + offset, 1), number(section.offset + offset + 1, 1))
            if code == 0x18, registers & 0xF == 1 {  // r1 = a map
                map = symbols[offset]
            } else if code == 0x85, registers >> 4 == 0 {
                result.append(HelperCall(helper: UInt32(number(section.offset + offset + 4, 4)), map: map))
                map = nil
            } else if code & 7 == 5 || code & 7 == 6 || registers & 0xF == 1 && [1, 4, 7].contains(code & 7) {
                map = nil  // a jump, or r1 became something else
            }
        }
        return result
    }
}
