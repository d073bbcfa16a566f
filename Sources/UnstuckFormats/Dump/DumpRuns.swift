import UnstuckModel

/// Rows of hex that no `key:` and `value:` enclose, joined to whole keys.
///
/// bpftool breaks lines after 16 bytes, so a shorter row ends a key. How many rows before it belong to the key follows
/// from the size that the dump's other keys have, or else from the sizes that are known.
struct DumpRuns {
    /// Rows that follow each other, up to a short one.
    private struct Run {
        var line: Int
        var bytes: [UInt8]
        /// The last byte is a key's last one.
        var endsKey: Bool
        /// The first byte is a key's first one: it follows a `key:`.
        var beginsKey: Bool
    }

    private static let fullRow = 16

    private let keySizes: Set<Int>
    private var wholeSizes: Set<Int> = []
    private var runs: [Run] = []
    private var current: Run?

    init(keySizes: Set<Int>) { self.keySizes = keySizes.filter { (1...SockmapKey.longest).contains($0) } }

    var count: Int { runs.count }

    /// A key of the same listing that is known to be whole.
    mutating func sawWholeKey(ofSize size: Int) {
        if (1...SockmapKey.longest).contains(size) { wholeSizes.insert(size) }
    }

    mutating func add(_ row: [UInt8], line: Int) {
        if row.count > Self.fullRow {  // all in one line
            end(atKeysEnd: false)
            runs.append(Run(line: line, bytes: row, endsKey: true, beginsKey: true))
            return
        }
        if current == nil { current = Run(line: line, bytes: [], endsKey: false, beginsKey: false) }
        current?.bytes += row
        if row.count < Self.fullRow { end(atKeysEnd: true) }
    }

    /// What a `key:` began and nothing ended.
    mutating func addHeaded(_ bytes: [UInt8], line: Int) {
        runs.append(
            Run(line: line, bytes: bytes, endsKey: !bytes.count.isMultiple(of: Self.fullRow), beginsKey: true))
    }

    /// - Parameter atKeysEnd: what follows tells that the last row is a key's last one.
    mutating func end(atKeysEnd: Bool) {
        guard var run = current else { return }
        current = nil
        run.endsKey = run.endsKey || atKeysEnd
        runs.append(run)
    }

    func resolve(into dump: inout KeyDump) {
        let size = keySize
        for run in runs { resolve(run, size, into: &dump) }
    }

    /// The size that most runs have exactly, of two such the larger; without any, the largest one that could end a run.
    private var keySize: Int? {
        let sizes = wholeSizes.isEmpty ? keySizes : wholeSizes
        var exact: [Int: Int] = [:]
        var possible: Int?
        for run in runs {
            for size in sizes {
                if run.bytes.count == size, run.endsKey || size.isMultiple(of: Self.fullRow) {
                    exact[size, default: 0] += 1
                } else if run.endsKey, run.bytes.count > size, (run.bytes.count - size).isMultiple(of: Self.fullRow) {
                    possible = max(possible ?? 0, size)
                } else if size.isMultiple(of: Self.fullRow), run.bytes.count.isMultiple(of: size) {
                    possible = max(possible ?? 0, size)
                }
            }
        }
        return exact.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key ?? possible
    }

    private func resolve(_ run: Run, _ size: Int?, into dump: inout KeyDump) {
        let count = run.bytes.count
        if run.beginsKey, run.endsKey, wholeSizes.isEmpty || wholeSizes.contains(count) {
            dump.add(key: run.bytes, size: count, line: run.line)
            return
        }
        guard let size else {
            dump.add(run.line, fragment(run.bytes[...], of: nil))
            return
        }
        if size.isMultiple(of: Self.fullRow), count.isMultiple(of: size), !run.beginsKey || count == size {
            var start = 0
            while start < count {
                dump.add(key: Array(run.bytes[start..<start + size]), size: size, line: run.line + start / Self.fullRow)
                start += size
            }
        } else if count == size {
            dump.add(key: run.bytes, size: size, line: run.line)
        } else if run.endsKey, !run.beginsKey, count > size, (count - size).isMultiple(of: Self.fullRow) {
            dump.add(run.line, fragment(run.bytes[..<(count - size)], of: size))
            dump.add(
                key: Array(run.bytes[(count - size)...]), size: size, line: run.line + (count - size) / Self.fullRow)
        } else {
            dump.add(run.line, fragment(run.bytes[...], of: size))
        }
    }

    private func fragment(_ bytes: ArraySlice<UInt8>, of size: Int?) -> String {
        let whole = size.map { "a key here has \($0)" } ?? "no known layout has keys of such rows"
        return "\(bytes.count) bytes, not a whole key: \(whole)\(ports(bytes))"
    }

    /// `1f 90 00 00  b6 8a 00 00` is how the end of many keys looks: worth a word, though it is no key.
    private func ports(_ bytes: ArraySlice<UInt8>) -> String {
        let all = Array(bytes)
        guard all.count == 8, all[2] == 0, all[3] == 0, all[6] == 0, all[7] == 0 else { return "" }
        let first = UInt16(all[0]) << 8 | UInt16(all[1])
        let second = UInt16(all[4]) << 8 | UInt16(all[5])
        return first == 0 || second == 0 ? "" : "; as two ports in network order: \(first) and \(second)"
    }
}
