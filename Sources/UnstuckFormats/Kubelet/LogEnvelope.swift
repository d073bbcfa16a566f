import UnstuckModel

/// What journald, syslog or a container runtime puts before a line of a program.
struct LogEnvelope {
    var time: LogTime?
    /// Whose line it is: lines of one source belong together.
    var source = ""
    var payload: ArraySlice<UInt8>
    /// The line goes on in the next one of its source.
    var isPartial = false
    /// There is something before the line.
    var isKnown = false

    init(_ line: ArraySlice<UInt8>) {
        payload = line
        if takeStamped() || takeSyslog() { isKnown = true }
    }

    /// `2026-11-29T10:15:00.123456789Z stderr F …` (CRI), or with a host and a program behind the time (syslog).
    private mutating func takeStamped() -> Bool {
        var text = LogBytes(payload)
        guard let time = LogTime.stamp(&text), text.skip(" ") else { return false }
        self.time = time
        payload = text.rest
        if text.skip("stdout ") || text.skip("stderr ") {
            source = payload.prefix(6).text
            let tags = text.word()
            guard tags.first == UInt8(ascii: "F") || tags.first == UInt8(ascii: "P") else { return true }
            isPartial = tags.first == UInt8(ascii: "P")
            _ = text.skip(" ")
            payload = text.rest
        } else {
            takeHost(text)
        }
        return true
    }

    /// `Aug  9 06:39:44 node-a kubelet[123]: `, `Fri 2026-11-27 06:39:44 UTC node-a …`, `[ 12.345] node-a …`.
    private mutating func takeSyslog() -> Bool {
        var text = LogBytes(payload)
        if text.skip("<") {
            guard text.number(1...3) != nil, text.skip(">") else { return false }
        }
        if let time = LogTime.syslog(&text) ?? LogTime.full(&text) {
            self.time = time
        } else if text.skip("[") {
            text.skipBlanks()
            guard text.number(1...9) != nil, text.skip("."), text.number(1...9) != nil, text.skip("]") else {
                return false
            }
        } else if let seconds = text.number(10...10), text.skip("."), text.number(1...9) != nil {
            time = LogTime(seconds: Double(seconds))
        } else {
            return false
        }
        guard text.skip(" ") else { return false }
        takeHost(text)
        return true
    }

    /// `node-a kubelet[123]: `
    private mutating func takeHost(_ behind: LogBytes) {
        var text = behind
        let host = text.word()
        guard !host.isEmpty, host.last != UInt8(ascii: ":"), text.skip(" ") else { return }
        let program = text.word()
        guard program.last == UInt8(ascii: ":"), program.count > 1, program.first != UInt8(ascii: "\"") else { return }
        source = "\(host.text) \(program.text)"
        _ = text.skip(" ")
        payload = text.rest
    }
}

extension LogTime {
    /// RFC 3339, and ISO 8601 as journalctl has it: `2026-11-29T10:15:00.123456+0000`, `…Z`, `…+00:00`, `2026-11-29 10:15:00`.
    static func stamp(_ text: inout LogBytes) -> LogTime? {
        var rest = text
        guard let year = rest.number(4...4), rest.skip("-"), let month = rest.number(2...2), rest.skip("-"),
            let day = rest.number(2...2), rest.skip("T") || rest.skip(" "), let hour = rest.number(2...2),
            rest.skip(":"),
            let minute = rest.number(2...2), rest.skip(":"), let second = rest.seconds()
        else { return nil }
        var zone: Int?
        if rest.skip("Z") || rest.skip("z") {
            zone = 0
        } else {
            let isWest = rest.rest.first == UInt8(ascii: "-")
            if isWest || rest.rest.first == UInt8(ascii: "+") {
                rest.rest = rest.rest.dropFirst()
                guard let hours = rest.number(2...2) else { return nil }
                _ = rest.skip(":")
                guard let minutes = rest.number(2...2), hours < 24, minutes < 60 else { return nil }
                zone = (hours * 3600 + minutes * 60) * (isWest ? -1 : 1)
            }
        }
        text = rest
        return LogTime(
            year: year, month: month, day: day, hour: hour, minute: minute, second: second, zone: zone)
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// `Aug  9 06:39:44.123456`
    static func syslog(_ text: inout LogBytes) -> LogTime? {
        guard let month = months.firstIndex(where: { text.rest.begins(with: $0) }) else { return nil }
        var rest = text
        rest.rest = rest.rest.dropFirst(3)
        guard rest.skipBlanks() > 0, let day = rest.number(1...2), rest.skip(" ") else { return nil }
        // Some templates of rsyslog have the year here.
        var year = LogBytes(rest.rest)
        let named = year.number(4...4).flatMap { year.skip(" ") ? $0 : nil }
        if named != nil { rest = year }
        guard let hour = rest.number(2...2), rest.skip(":"), let minute = rest.number(2...2), rest.skip(":"),
            let second = rest.seconds()
        else { return nil }
        text = rest
        return LogTime(month: month + 1, day: day, hour: hour, minute: minute, second: second)
    }

    /// `Fri 2026-11-27 06:39:44.123456 UTC`
    static func full(_ text: inout LogBytes) -> LogTime? {
        var rest = text
        guard ["Mon ", "Tue ", "Wed ", "Thu ", "Fri ", "Sat ", "Sun "].contains(where: { rest.skip($0) }),
            let time = stamp(&rest), rest.skip(" ")
        else { return nil }
        let zone = rest.word()
        guard (1...6).contains(zone.count) else { return nil }
        text = rest
        // Another zone than UTC is a name that nothing explains.
        return zone.elementsEqual("UTC".utf8)
            ? LogTime(seconds: time.seconds) : LogTime(seconds: time.seconds, form: .withoutZone)
    }
}
