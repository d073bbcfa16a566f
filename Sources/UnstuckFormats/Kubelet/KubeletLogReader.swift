import UnstuckModel

/// Reads a kubelet's log, or events, in any of the forms in which people have them: klog of both kinds, kubelet's JSON,
/// `journalctl` as text and JSON, container runtimes' logs, `kubectl describe` and `get events`, a line that was pasted.
///
/// Takes chunks of bytes as they come, and keeps a line at most. Lines that say nothing of probes are passed over unread.
public struct KubeletLogReader {
    /// What was read so far; the groups are there once ``finish()`` was called.
    public private(set) var log = KubeletLog()

    private let each: ((ProbeFailure) -> Void)?
    private var groups = ProbeFailureGroups()
    /// The line that is not ended, of the last chunk.
    private var begun: [UInt8] = []
    private var isCut = false
    private var json = JSONObjects()
    /// Lines of JSON that are not ended.
    private var isInJSON = false
    private var rows = EventRow()
    /// Structured lines that go on, by whose they are.
    private var open: [String: OpenLine] = [:]
    /// Lines that a container runtime has cut, by stream.
    private var partial: [String: [UInt8]] = [:]
    /// Sources whose last line was a failed command's first one: what it printed follows, and proves nothing.
    private var commandOutput: Set<String> = []

    private struct OpenLine {
        var values: KlogValues
        var line: Int
        var time: LogTime?
    }

    /// Sources that are kept apart at the same time.
    private static let mostSources = 64

    /// - Parameter each: gets each failure as it is found.
    public init(_ each: ((ProbeFailure) -> Void)? = nil) { self.each = each }

    /// The log of a text.
    public static func read(_ text: some Sequence<UInt8>) -> KubeletLog {
        var reader = KubeletLogReader()
        reader.add(Array(text))
        return reader.finish()
    }

    /// Takes the next bytes.
    public mutating func add(_ chunk: [UInt8]) {
        log.bytes += chunk.count
        var start = 0
        while let end = Self.newline(in: chunk, from: start) {
            let piece = chunk[start..<end]
            if begun.isEmpty, !isCut {
                line(piece.prefix(KubeletLog.longestLine), isCut: piece.count > KubeletLog.longestLine)
            } else {
                append(piece)
                endBegun()
            }
            start = end + 1
        }
        append(chunk[start...])
    }

    /// What is left is the last line.
    public mutating func finish() -> KubeletLog {
        if !begun.isEmpty || isCut { endBegun() }
        for source in open.keys.sorted() { close(source) }
        for source in partial.keys.sorted() {
            if let text = partial[source] { take(text[...], nil, source: source) }
        }
        partial = [:]
        log.groups = groups.sorted
        log.ungrouped = groups.ungrouped
        return log
    }

    private static func newline(in chunk: [UInt8], from start: Int) -> Int? {
        let bytes = chunk.span
        var index = start
        while index < bytes.count {
            if bytes[index] == 0x0A { return index }
            index += 1
        }
        return nil
    }

    private mutating func append(_ piece: ArraySlice<UInt8>) {
        let room = KubeletLog.longestLine - begun.count
        begun += piece.prefix(room)
        if piece.count > room { isCut = true }
    }

    private mutating func endBegun() {
        let whole = begun
        begun.removeAll(keepingCapacity: true)
        let wasCut = isCut
        isCut = false
        line(whole[...], isCut: wasCut)
    }

    // MARK: Lines

    private mutating func line(_ raw: ArraySlice<UInt8>, isCut: Bool) {
        log.lines += 1
        if isCut { log.cutLines += 1 }
        if isInJSON, continueJSON(raw) { return }
        let isInteresting =
            Self.speaksOfProbes(raw) || !open.isEmpty || !partial.isEmpty || log.lines <= KubeletLog.examined
            || Self.beginsLines(raw) || EventRow.mayBeHeading(raw) || Self.mayBePartial(raw)
        guard isInteresting else {
            if KlogHeader.mayBegin(raw) { commandOutput.remove("") }
            return
        }
        let line = Self.isPlain(raw) ? raw : plainText(Array(raw))[...]
        guard line.contains(where: { $0 != 0x20 && $0 != 0x09 }) || !open.isEmpty else { return }
        if !isCut, mayBeJSON(line), beginJSON(line) { return }
        if EventRow.mayBeHeading(line), rows.takeHeading(line) {
            log.recognized += 1
            return
        }
        var envelope = LogEnvelope(line)
        if envelope.isPartial || partial[envelope.source] != nil {
            guard join(&envelope) else { return }
        }
        take(envelope.payload, envelope.time, source: envelope.source, isKnown: envelope.isKnown)
    }

    /// Nothing of it acts on a terminal, as in nearly every line.
    private static func isPlain(_ line: ArraySlice<UInt8>) -> Bool {
        let bytes = line.span
        for index in bytes.indices {
            let byte = bytes[index]
            if byte == 0x1B || byte == 0x0D || byte == 0xC2 || byte == 0xEF { return false }
        }
        return true
    }

    /// `robe` is in every word that is looked for.
    private static func speaksOfProbes(_ line: ArraySlice<UInt8>) -> Bool {
        let bytes = line.span
        var index = 3
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "e"):
                if bytes[index - 1] == UInt8(ascii: "b"), bytes[index - 2] == UInt8(ascii: "o"),
                    bytes[index - 3] == UInt8(ascii: "r")
                {
                    return true
                }
                index += 4
            case UInt8(ascii: "b"): index += 1
            case UInt8(ascii: "o"): index += 2
            case UInt8(ascii: "r"): index += 3
            default: index += 4
            }
        }
        return false
    }

    /// JSON that goes on in the next line.
    private static func beginsLines(_ line: ArraySlice<UInt8>) -> Bool {
        guard line.first == UInt8(ascii: "{") || line.first == UInt8(ascii: "[") else { return false }
        let last = line.last { $0 != 0x20 && $0 != 0x0D }
        return last != UInt8(ascii: "}") && last != UInt8(ascii: "]")
    }

    /// `2026-… stderr P …`: the line goes on in the next one.
    private static func mayBePartial(_ line: ArraySlice<UInt8>) -> Bool {
        guard line.count > 40, line[line.startIndex + 4] == UInt8(ascii: "-") else { return false }
        return line.prefix(60).has(" P ")
    }

    // MARK: JSON

    /// What a command printed is none: it is indented, or stands behind its sentence.
    private func mayBeJSON(_ line: ArraySlice<UInt8>) -> Bool {
        guard !commandOutput.contains(""), let first = line.first(where: { $0 != 0x20 && $0 != 0x09 }) else {
            return false
        }
        let isIndented = line.first != first
        if isIndented { return first == UInt8(ascii: "{") && open[""] == nil }
        return first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    }

    /// A line that begins with a bracket.
    ///
    /// - Returns: `false`: it is no JSON.
    private mutating func beginJSON(_ line: ArraySlice<UInt8>) -> Bool {
        if let record = JSONFields(line), !line.has("\"items\"") {
            log.recognized += 1
            take(record)
            return true
        }
        json = JSONObjects()
        return continueJSON(line)
    }

    private mutating func continueJSON(_ line: ArraySlice<UInt8>) -> Bool {
        // A line of a log: the JSON before it was none, or was cut off.
        if isInJSON, let first = line.first, !" \t\r{}[],\"".utf8.contains(first) {
            isInJSON = false
            return false
        }
        var objects: [[UInt8]] = []
        json.add(line) { objects.append($0) }
        if json.isOpen { json.endLine() }
        isInJSON = json.isOpen && !json.isDamaged
        for object in objects {
            if let record = JSONFields(object[...]) { take(record) }
        }
        if json.isDamaged { return false }
        log.recognized += 1
        return true
    }

    private mutating func take(_ record: JSONFields) {
        if record["involvedObject.name"] != nil || record["regarding.name"] != nil {
            if let failure = ProbeFailure(event: record, number: log.lines) { add(failure) }
        } else if let message = record.bytes("MESSAGE") {
            let time = record.number("__REALTIME_TIMESTAMP").map { LogTime(seconds: $0 / 1e6) }
            let source = [record["_HOSTNAME"], record["SYSLOG_IDENTIFIER"], record["_PID"]].compactMap { $0 }
            lines(of: message, time, source: source.joined(separator: " "))
        } else if record["msg"] != nil {
            let stamp = record.number("ts").map { LogTime(seconds: $0 > 1e11 ? $0 / 1000 : $0) }
            if let failure = ProbeFailure(record, number: log.lines, time: stamp) {
                add(failure)
            } else if let message = record.bytes("msg") {
                lines(of: message, stamp, source: "json")
            }
        } else if let message = record.bytes("log") ?? record.bytes("message") {
            // A container runtime's, or a collector's.
            var stamp = LogBytes((record.bytes("time") ?? record.bytes("@timestamp") ?? [])[...])
            let time = LogTime.stamp(&stamp)
            lines(of: message, time, source: record["stream"] ?? "json")
        }
    }

    private mutating func lines(of message: [UInt8], _ time: LogTime?, source: String) {
        for line in message.split(separator: 0x0A) {
            let envelope = LogEnvelope(line)
            take(
                envelope.payload, time ?? envelope.time, source: source + envelope.source, isKnown: true)
        }
    }

    // MARK: What stands in them

    /// - Returns: `false`: the line goes on.
    private mutating func join(_ envelope: inout LogEnvelope) -> Bool {
        var text = partial[envelope.source] ?? []
        if text.count < KubeletLog.longestLine { text += envelope.payload.prefix(KubeletLog.longestLine - text.count) }
        if envelope.isPartial {
            if partial[envelope.source] != nil || partial.count < Self.mostSources { partial[envelope.source] = text }
            return false
        }
        partial[envelope.source] = nil
        envelope.payload = text[...]
        return true
    }

    /// A line without what a runtime or journald puts before it.
    private mutating func take(_ payload: ArraySlice<UInt8>, _ time: LogTime?, source: String, isKnown: Bool = false) {
        if open[source] != nil {
            if KlogHeader(payload) == nil, open[source]?.values.add(payload) == true {
                if open[source]?.values.isOpen == false { close(source) }
                return
            }
            close(source)
        }
        if payload.first == UInt8(ascii: "{"), !commandOutput.contains(source), let record = JSONFields(payload) {
            log.recognized += 1
            take(record)
            return
        }
        if let header = KlogHeader(in: payload) {
            log.recognized += 1
            commandOutput.remove(source)
            take(message: header.message, time?.form == .utc ? time : header.time, source: source)
        } else if !commandOutput.contains(source) {
            let known = log.recognized
            take(bare: payload, time)
            if isKnown, log.recognized == known { log.recognized += 1 }
        }
    }

    /// Behind klog's header.
    private mutating func take(message: ArraySlice<UInt8>, _ time: LogTime?, source: String) {
        if let values = KlogValues(message) {
            take(values, time, source: source)
        } else if let sentence = ProbeMessage(ofLog: message) {
            let failure = ProbeFailure(sentence, number: log.lines, time: time, source: .log)
            add(failure)
            if failure.cause.method == .exec, commandOutput.count < Self.mostSources { commandOutput.insert(source) }
        } else if message.begins(with: "Event(v1.ObjectReference{") {
            if let failure = Self.event(message, number: log.lines, time: time) { add(failure) }
        } else if message.has("robe for \"") || message.has("probe failed") {
            log.notUnderstood += 1
        }
    }

    private mutating func take(_ values: KlogValues, _ time: LogTime?, source: String) {
        if values.isOpen {
            if open.count < Self.mostSources {
                open[source] = OpenLine(values: values, line: log.lines, time: time)
            } else {
                log.notUnderstood += 1
            }
        } else if let failure = ProbeFailure(values, number: log.lines, time: time) {
            add(failure)
        }
    }

    private mutating func close(_ source: String) {
        guard var line = open.removeValue(forKey: source) else { return }
        line.values.close()
        if let failure = ProbeFailure(line.values, number: line.line, time: line.time) { add(failure) }
    }

    /// A line without a header: a row of kubectl, or a part of a line that was pasted.
    private mutating func take(bare line: ArraySlice<UInt8>, _ time: LogTime?) {
        if let failure = rows.failure(line, number: log.lines) {
            log.recognized += 1
            add(failure)
            return
        }
        for words in ["\"\(KubeletMessages.failed)\"", "\"\(KubeletMessages.errored)\""] {
            if let start = line.find(words), let values = KlogValues(line[start...]) {
                log.recognized += 1
                take(values, time, source: "")
                return
            }
        }
        guard let probe = line.find(" probe ") else { return }
        let start = line[..<probe].lastIndex { !((0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)) }
        let sentence = line[(start.map { $0 + 1 } ?? line.startIndex)...]
        if let message = ProbeMessage(ofLog: sentence) {
            log.recognized += 1
            add(ProbeFailure(message, number: log.lines, time: time, source: .log))
        } else if let message = ProbeMessage(ofEvent: sentence) {
            log.recognized += 1
            add(ProbeFailure(message, number: log.lines, time: time, source: .event))
        }
    }

    /// `Event(v1.ObjectReference{Kind:"Pod", Namespace:"shop", Name:"web-0", …}): type: 'Warning' reason: 'Unhealthy' Readiness probe
    /// failed: …`
    private static func event(_ message: ArraySlice<UInt8>, number: Int, time: LogTime?) -> ProbeFailure? {
        guard let end = message.find("reason: '"), let close = message[(end + 9)...].find("' ") else { return nil }
        guard let sentence = ProbeMessage(ofEvent: message[(close + 2)...]) else { return nil }
        let reference = message[..<end]
        func value(_ name: String) -> String? {
            guard let start = reference.find("\(name):\"") else { return nil }
            return String(decoding: GoQuoting.unquote(reference[(start + name.utf8.count + 1)...]).text, as: UTF8.self)
        }
        guard value("Kind") == "Pod", let name = value(" Name") else { return nil }
        var failure = ProbeFailure(sentence, number: number, time: time, source: .event)
        failure.pod = ProbeFailure.pod(value("Namespace"), name)
        failure.podUID = value("UID")
        failure.container = value("FieldPath").flatMap(ProbeFailure.container)
        return failure
    }

    private mutating func add(_ failure: ProbeFailure) {
        let bounded = failure.bounded
        groups.add(bounded)
        each?(bounded)
    }
}
