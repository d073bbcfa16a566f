import FoundationEssentials
import FuzzSupport
import UnstuckFormats
import UnstuckModel

/// A bundle that anybody may have written: read, refused with words, or said to be JSON up to some byte.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzBundle(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe input(start, count)
    let extent = JSONExtent(of: bytes, countingElementsOf: "snapshots")
    require(extent.position <= bytes.count, "JSON beyond the end")
    require(extent.end != .whole || extent.position == bytes.count, "whole before the end")
    guard let bundle = try? JSONDecoder().decode(SavedBundle.self, from: Data(bytes)).bundle else { return 0 }
    // A decoder also reads UTF-16 and UTF-32, which collect never writes, and passes over what is wrong in a member that nobody
    // asks for.
    require(extent.end != .cutOff || bytes.first != 0x7B, "a bundle in what is cut off")
    require(bundle.snapshots.allSatisfy { $0.version == Snapshot.currentVersion }, "a snapshot of another version")
    // What is refused, and what is not, has words, and the same ones each time.
    require(bundle.flaw == bundle.flaw, "two answers")
    return 0
}
