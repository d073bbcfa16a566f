import Testing
import UnstuckFormats
import UnstuckModel

/// Thousands of damaged lines: nothing traps, and what is said of them stays within its bounds.
@Suite("A kubelet's log, damaged")
struct KubeletFuzzTests {
    /// The same numbers in each run.
    private struct Numbers: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    private static let pieces = [
        "\"", "\\", "\\x", "\\u12", "{", "}", "[", "]", "<", " >", "\n", "\t", "output=", "=<\n", "Get ", "\u{202E}",
        "\u{1B}[31m", ": ",
        "->", "Readiness probe failed:", "99999999999999999999", "stderr P ", "Event(v1.ObjectReference{", "\u{0}", "é",
    ].map { Array($0.utf8) }

    private static func damaged(_ text: [UInt8], _ numbers: inout Numbers) -> [UInt8] {
        var text = text
        for _ in 0..<Int.random(in: 1...4, using: &numbers) where !text.isEmpty {
            let place = Int.random(in: 0..<text.count, using: &numbers)
            switch Int.random(in: 0..<6, using: &numbers) {
            case 0: text[place] = UInt8.random(in: 0...255, using: &numbers)
            case 1: text.remove(at: place)
            case 2: text.insert(contentsOf: pieces.randomElement(using: &numbers) ?? [], at: place)
            case 3: text.removeLast(text.count - place)
            case 4:
                let end = Int.random(in: place...text.count, using: &numbers)
                text += text[place..<end]
            default: text[place] ^= 1 << UInt8.random(in: 0..<8, using: &numbers)
            }
        }
        return text
    }

    @Test(arguments: 0..<4) func nothingTraps(_ run: Int) {
        var numbers = Numbers(state: 15 + UInt64(run))
        var forms: [[UInt8]] = []
        for words in [
            "Get \"http://[2001:db8::1]:80/\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
            "Get \"http://203.0.113.10/\": read tcp 192.0.2.1:5->203.0.113.10:80: i/o timeout",
            #"Get "http://203.0.113.10/": malformed HTTP response "\x15\x03\x01""#, "a\nb\n",
        ] {
            forms += LogForms.all(words).map { Array($0.text.utf8) }
        }
        var failures = 0
        for _ in 0..<1500 {
            var text: [UInt8] = []
            for _ in 0..<Int.random(in: 1...3, using: &numbers) {
                text += Self.damaged(forms.randomElement(using: &numbers) ?? [], &numbers) + [0x0A]
            }
            var reader = KubeletLogReader { failure in
                failures += 1
                // Repaired UTF-8 takes three bytes for one.
                #expect(failure.output.utf8.count <= 3 * ProbeFailure.longestOutput)
                #expect(!failure.cause.reason.isEmpty && failure.count >= 1)
                #expect(failure.cause.target?.port != 0 && failure.cause.client?.port != 0)
                #expect(failure.span ?? 0 >= 0)
                if let time = failure.time { #expect(!"\(time)".isEmpty) }
            }
            let cut = Int.random(in: 0...text.count, using: &numbers)
            reader.add(Array(text[..<cut]))
            reader.add(Array(text[cut...]))
            let log = reader.finish()
            #expect(log.bytes == text.count)
            #expect(log.lines == text.count { $0 == 0x0A })
            #expect(log.groups.allSatisfy { $0.count > 0 && $0.perMinute?.isFinite ?? true })
        }
        #expect(failures > 300, "most of what is damaged a little is still understood")
    }
}
