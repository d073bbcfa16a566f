import Testing

/// Thousands of damaged files of every kind that anybody may have written: an answer to each, never a trap, and nothing is
/// believed that cannot be. `make fuzz` looks further, for as long as it is given.
@Suite("Mutated files", .serialized)
struct MutationTests {
    /// Of each kind.
    private static let damaged = 1000
    private static let impossible = 100

    @Test func fiveThousand() throws {
        var total = 0
        var lines: [String] = []
        for (number, kind) in ForeignKind.all.enumerated() {
            let begin = ContinuousClock.now
            var random = Mutator(seed: UInt64(number))
            let seeds = try kind.seeds()
            for seed in seeds { #expect(try kind.fate(seed) != .refused, "\(kind.name): a whole one is refused") }
            var counts: [ForeignKind.Fate: Int] = [:]
            for turn in 0..<Self.damaged {
                counts[try kind.fate(random.damaged(seeds[turn % seeds.count])), default: 0] += 1
            }
            for _ in 0..<Self.impossible {
                let bytes = try kind.impossible(&random)
                let fate = try kind.fate(bytes)
                #expect(fate != .read, "\(kind.name): believed: \(String(decoding: bytes, as: UTF8.self))")
                counts[fate, default: 0] += 1
            }
            let sum = counts.values.reduce(0, +)
            total += sum
            lines.append(
                "\(kind.name): \(sum), of which \(counts[.read] ?? 0) read, \(counts[.complained] ?? 0) with complaints, "
                    + "\(counts[.refused] ?? 0) refused, in \(ContinuousClock.now - begin)")
            // Damage that every reader refuses, or none, would show nothing.
            #expect(counts.count >= 2, "\(kind.name): \(counts)")
        }
        #expect(total >= 5000)
        print("mutated files: \(total)\n  \(lines.joined(separator: "\n  "))")
    }
}
