import FuzzSupport
import UnstuckFormats
import UnstuckModel

/// bpftool's JSON, whole, damaged and cut.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJSON(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array("[{".utf8) + (unsafe input(start, count))
    let dump = KeyDump(bytes)
    requireSane(dump, of: bytes)
    require(dump.form == .bpftoolJSON, "JSON by its first byte")
    // What was found is found again when it is written as bpftool writes it.
    let again = dump.keys.map { key in
        "{\"key\":[\(key.bytes.map { "\"0x\(SockmapKey([$0]))\"" }.joined(separator: ","))],\"value\":{\"error\":\"x\"}}"
    }
    let second = KeyDump(Array("[\(again.joined(separator: ","))]".utf8))
    require(second.keys == dump.keys && second.problemCount == 0, "not the same keys again")
    return 0
}
