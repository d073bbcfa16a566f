import Testing

@testable import UnstuckLab

/// A guest's messages arrive in pieces, and garbage is no message.
@Suite struct GuestMessageTests {
    static let messages: [GuestMessage] = [
        .ready, .output(Array("a\n".utf8)), .errors([0, 255]), .file(path: "/tmp/a", [1, 0, 2]), .failure("why"),
        .exit(130),
    ]

    @Test func whatIsSentIsTakenWhateverThePieces() throws {
        let all = Self.messages.flatMap(\.bytes)
        for size in [1, 3, 7, all.count] {
            var waiting: ArraySlice<UInt8> = []
            var taken: [GuestMessage] = []
            for start in stride(from: 0, to: all.count, by: size) {
                waiting += all[start..<min(start + size, all.count)]
                while let message = try GuestMessage.take(from: &waiting) { taken.append(message) }
            }
            #expect(taken == Self.messages, "in pieces of \(size)")
        }
    }

    @Test func garbageIsRefused() {
        var line = Array("[    0.000000] Linux version".utf8)[...]
        #expect(throws: LabError.self) { try GuestMessage.take(from: &line) }
    }
}
