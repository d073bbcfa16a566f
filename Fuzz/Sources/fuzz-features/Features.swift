import FuzzSupport
import UnstuckFormats
import UnstuckModel

/// A list of features, ours or a header, whole and damaged.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFeatures(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe input(start, count)
    guard let file = try? FeatureFile(bytes) else { return 0 }
    let lines = bytes.count { $0 == 0x0A } + 1
    require(file.problems.count == min(file.problemCount, FeatureFile.longestProblemList), "problems are miscounted")
    require(
        file.problems.allSatisfy { (1...lines).contains($0.line) && !$0.reason.isEmpty }, "a problem without its line")
    require(
        file.problems.allSatisfy { $0.reason.unicodeScalars.allSatisfy { $0.value >= 0x20 } },
        "a problem that could act on a terminal")
    let itself = FeatureComparison(file.features, file.features)
    require(itself.differences.isEmpty && itself.compared == file.features.answers.count, "it differs from itself")
    require(itself.onlyLeft.isEmpty && itself.onlyRight.isEmpty, "it tells what it does not tell")
    return 0
}
