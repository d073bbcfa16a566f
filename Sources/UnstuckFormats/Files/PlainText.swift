/// What a terminal shows of a recording or a copy: without a byte order mark, colours, carriage returns, and with spaces
/// for no-break spaces.
func plainText(_ bytes: [UInt8]) -> [UInt8] {
    var kept: [UInt8] = []
    kept.reserveCapacity(bytes.count)
    var index = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    while index < bytes.count {
        switch bytes[index] {
        case 0x1B where index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "["):
            index += 2
            // Parameters, then a letter that ends the sequence (ECMA-48).
            while index < bytes.count, (0x20...0x3F).contains(bytes[index]) { index += 1 }
            index += index < bytes.count && (0x40...0x7E).contains(bytes[index]) ? 1 : 0
        case 0x0D: index += 1
        case 0xC2 where index + 1 < bytes.count && bytes[index + 1] == 0xA0:
            kept.append(0x20)
            index += 2
        default:
            kept.append(bytes[index])
            index += 1
        }
    }
    return kept
}
