/// What stands around a dump and is no part of it: prompts, code fences, what `kubectl exec` and `script` say, a sentence.
enum DumpSurroundings {
    /// What may come between a dump's lines, from another stream than the dump: the dump goes on behind it.
    static func isChatter(_ text: ArraySlice<UInt8>) -> Bool {
        let beginnings = [
            "Defaulted container ", "Defaulting container name to ", "Unable to use a TTY",
            "If you don't see a command prompt",
            "Script started", "Script done", "```", "~~~", "Warning: ", "warning: ", "libbpf: ",
        ]
        return beginnings.contains { text.starts(with: $0.utf8) }
    }

    /// The command ended before its time: keys may be missing.
    static func isFailure(_ text: ArraySlice<UInt8>) -> Bool {
        let beginnings = [
            "Error: ", "error: ", "Segmentation fault", "Killed", "Terminated", "command terminated with ",
            "Connection reset",
            "bash: bpftool", "sh: bpftool",
        ]
        return beginnings.contains { text.starts(with: $0.utf8) }
    }

    /// There are a key's bytes in it, however damaged: nothing to be passed over. A command that names bytes is none.
    static func holdsBytes(_ text: ArraySlice<UInt8>) -> Bool {
        var inARow = 0
        var most = 0
        for word in text.split(whereSeparator: { isBlank($0) || $0 == UInt8(ascii: ",") }) {
            var digits = word.drop { "\"'([{".utf8.contains($0) }
            while let last = digits.last, "\"')]}".utf8.contains(last) { digits.removeLast() }
            if digits.starts(with: "0x".utf8) { digits = digits.dropFirst(2) }
            inARow = digits.count == 2 && digits.allSatisfy { hexDigit($0) != nil } ? inARow + 1 : 0
            most = max(most, inARow)
        }
        return most >= 3 && !contains(text, "bpftool")
    }

    static func contains(_ text: ArraySlice<UInt8>, _ word: String) -> Bool {
        let word = Array(word.utf8)
        guard text.count >= word.count, let first = word.first else { return false }
        return text.indices.dropLast(word.count - 1).contains {
            text[$0] == first && text[$0..<$0 + word.count].elementsEqual(word)
        }
    }
}
