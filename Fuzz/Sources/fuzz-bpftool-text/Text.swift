import FuzzSupport
import UnstuckFormats
import UnstuckModel

/// Lines of bpftool, whole, damaged and cut.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzText(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe input(start, count)
    let dump = KeyDump(bytes)
    requireSane(dump, of: bytes)
    // A whole dump behind it is read whatever came before: its keys are the last ones.
    let key = SockmapKey(Array(1...44))
    let rows = """

        --
        key:
        01 02 03 04 05 06 07 08  09 0a 0b 0c 0d 0e 0f 10
        11 12 13 14 15 16 17 18  19 1a 1b 1c 1d 1e 1f 20
        21 22 23 24 25 26 27 28  29 2a 2b 2c
        value:
        No space left on device
        Found 0 elements

        """
    let isUTF16 = bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF])
    if dump.form != .bpftoolJSON, !isUTF16 {
        require(KeyDump(bytes + Array(rows.utf8)).keys.contains(key), "what follows a damaged dump is not read")
    }
    return 0
}
