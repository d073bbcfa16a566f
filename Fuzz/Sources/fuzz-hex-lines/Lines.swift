import FuzzSupport
import UnstuckFormats
import UnstuckModel

/// Bytes as rows of hex with everything between them that grep leaves: each byte of the input is a token, so that most
/// inputs are well-formed lines in an odd order.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzLines(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var text: [UInt8] = []
    for byte in unsafe input(start, count) {
        switch byte {
        case 0xF0: text += "\n--\n".utf8
        case 0xF1: text += "\nkey:\n".utf8
        case 0xF2: text += "\nvalue:\n".utf8
        case 0xF3: text += "No space left on device\n".utf8
        case 0xF4: text += "\nFound 3 elements\n".utf8
        case 0xF5: text += "\n".utf8
        case 0xF6: text += "key: ".utf8
        case 0xF7: text += "  value: ".utf8
        case 0xF8: text += "0x".utf8
        case 0xF9: text += "00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00\n".utf8
        case 0xFA: text += "01 00 00 00 1f 90 00 00  db 78 00 00\n".utf8
        case 0xFB: text += "zz\n".utf8
        default: text += "\(SockmapKey([byte])) ".utf8
        }
    }
    requireSane(KeyDump(text), of: text)
    for size in [4, 8, 16, 32, 44, 64] { requireSane(KeyDump(text, keySizes: [size]), of: text) }
    requireSane(KeyDump(text, keySizes: []), of: text)
    return 0
}
