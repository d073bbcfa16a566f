import UnstuckModel

/// `I0809 06:39:44.340592   13117 prober.go:106] `: severity, date without a year, time, process, place.
///
/// Source: k8s.io/klog/v2, `formatHeader`.
struct KlogHeader {
    var time: LogTime
    /// Where it begins, and where the message does.
    var start: Int
    var message: ArraySlice<UInt8>

    /// Whether a line may begin with one: cheap, for every line.
    static func mayBegin(_ line: ArraySlice<UInt8>) -> Bool {
        guard let letter = line.first, let digit = line.dropFirst().first else { return false }
        return "IWEF".utf8.contains(letter) && (0x30...0x39).contains(digit)
    }

    /// At the start of a line.
    init?(_ line: ArraySlice<UInt8>) {
        var text = LogBytes(line)
        guard text.skip("I") || text.skip("W") || text.skip("E") || text.skip("F"), let month = text.number(2...2),
            let day = text.number(2...2), text.skip(" "), let hour = text.number(2...2), text.skip(":"),
            let minute = text.number(2...2), text.skip(":"), let second = text.seconds(),
            let time = LogTime(month: month, day: day, hour: hour, minute: minute, second: second),
            text.skipBlanks() > 0, text.number(1...10) != nil, text.skip(" ")
        else { return nil }
        let place = text.rest.prefix(256)
        guard let end = place.find("] "), !place[..<end].contains(0x20) else { return nil }
        self.time = time
        start = line.startIndex
        message = text.rest[(end + 2)...]
    }

    /// Anywhere near the start of a line: behind the name of a file, or what else stands there.
    init?(in line: ArraySlice<UInt8>) {
        if let header = KlogHeader(line) {
            self = header
            return
        }
        let near = line.prefix(512)
        for index in near.indices.dropFirst()
        where "IWEF".utf8.contains(near[index]) && !Self.isOfWord(near[index - 1]) {
            if let header = KlogHeader(line[index...]) {
                self = header
                return
            }
        }
        return nil
    }

    private static func isOfWord(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
