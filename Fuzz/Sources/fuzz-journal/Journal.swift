import FuzzSupport
import UnstuckFormats
import UnstuckModel

/// A journal that a crash, a full disk or a person has damaged.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJournal(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe input(start, count)
    let lineEnds = bytes.count { $0 == 0x0A }
    var items = 0
    var lastDamage = 0
    var isTorn = false
    for item in JournalReader(bytes) {
        require(!isTorn, "something behind a torn line")
        items += 1
        switch item {
        case .line: break
        case .damaged(let error):
            require(error.line > lastDamage && error.line <= lineEnds, "line \(error.line) of \(lineEnds)")
            lastDamage = error.line
        case .torn(let start):
            isTorn = true
            require(start < count && !bytes[start...].contains(0x0A), "a torn line that has an end")
        }
    }
    require(items <= lineEnds + 1, "more items than lines")
    // Whatever stands before it, a whole line is read.
    let whole = #"{"event":"begin","run":"7-1","step":"run","time":1.5}"#
    var last: JournalLine?
    for case .line(let line) in JournalReader(bytes + Array("\n\(whole)\n".utf8)) { last = line }
    require(last?.run == "7-1", "what follows damage is not read")
    return 0
}
