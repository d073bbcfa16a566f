/// libFuzzer's bytes, copied: what is read out of bounds of the copy is caught by Swift, and what is read of the original
/// by the address sanitizer.
public func input(_ start: UnsafePointer<UInt8>?, _ count: Int) -> [UInt8] {
    unsafe Array(UnsafeBufferPointer(start: start, count: start == nil ? 0 : count))
}

/// A property that must hold for any bytes; libFuzzer takes the trap for a crash and keeps the input.
public func require(_ condition: Bool, _ what: @autoclosure () -> String) {
    if !condition { fatalError(what()) }
}
