import UnstuckFormats
import UnstuckModel

/// What holds of every listing: no key that its bytes have no room for, problems in order and with their lines.
public func requireSane(_ dump: KeyDump, of bytes: [UInt8]) {
    let lines = bytes.count { $0 == 0x0A } + 1
    let keyBytes = dump.keys.reduce(0) { $0 + $1.count }
    // Two keys of a diff may have rows in common.
    let isDiff = !dump.added.isEmpty || !dump.removed.isEmpty
    require(keyBytes * (isDiff ? 1 : 2) <= bytes.count, "\(keyBytes) bytes of keys from \(bytes.count) of text")
    require(dump.keys.allSatisfy { $0.count > 0 }, "an empty key")
    require(dump.problems.count == min(dump.problemCount, KeyDump.longestProblemList), "problems are miscounted")
    require(
        dump.problems.allSatisfy { (1...lines).contains($0.line) && !$0.reason.isEmpty }, "a problem without its line")
    require(zip(dump.problems, dump.problems.dropFirst()).allSatisfy { $0.line <= $1.line }, "problems out of order")
    require(
        dump.problems.allSatisfy { $0.reason.unicodeScalars.allSatisfy { $0.value >= 0x20 } },
        "a problem that could act on a terminal")
}
