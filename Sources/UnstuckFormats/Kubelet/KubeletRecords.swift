import UnstuckModel

extension ProbeFailure {
    /// Of a structured line.
    ///
    /// - Returns: `nil` for other messages.
    init?(_ line: KlogValues, number: Int, time: LogTime?) {
        let (result, words): (Result, String)
        switch line.message {
        case KubeletMessages.failed: (result, words) = (.failure, "output")
        case KubeletMessages.errored: (result, words) = (.errored, "err")
        case KubeletMessages.warned: (result, words) = (.warning, "output")
        case "Event occurred":
            guard line["kind"] == nil || line["kind"] == "Pod",
                let message = ProbeMessage(ofEvent: (line.values["message"] ?? [])[...])
            else { return nil }
            self.init(
                message, number: number, time: time, source: .event,
                isSeveralLines: line.severalLines.contains("message"))
            pod = line["object"]
            container = line["fieldPath"].flatMap(Self.container)
            return
        default: return nil
        }
        let output = line.values[words] ?? []
        self.init(
            number, result, .log, output[...], isSeveralLines: line.severalLines.contains(words), time: time)
        take(kind: line["probeType"], pod: line["pod"], uid: line["podUID"], container: line["containerName"])
    }

    /// Of kubelet's JSON.
    init?(_ record: JSONFields, number: Int, time: LogTime?) {
        guard let message = record["msg"] else { return nil }
        let (result, words): (Result, String)
        switch message {
        case KubeletMessages.failed: (result, words) = (.failure, "output")
        case KubeletMessages.errored: (result, words) = (.errored, "err")
        case KubeletMessages.warned: (result, words) = (.warning, "output")
        case "Event occurred":
            guard record["kind"] == nil || record["kind"] == "Pod",
                let sentence = ProbeMessage(ofEvent: (record.bytes("message") ?? [])[...])
            else { return nil }
            self.init(
                sentence, number: number, time: time, source: .event, isSeveralLines: sentence.output.contains(0x0A))
            pod = record["object"] ?? Self.pod(record["object.namespace"], record["object.name"])
            container = record["fieldPath"].flatMap(Self.container)
            return
        default: return nil
        }
        let output = record.bytes(words) ?? []
        let text = output.last == 0x0A ? output.dropLast() : output[...]
        self.init(number, result, .log, text, isSeveralLines: text.contains(0x0A), time: time)
        let pod = record["pod"] ?? Self.pod(record["pod.namespace"], record["pod.name"])
        take(kind: record["probeType"], pod: pod, uid: record["podUID"], container: record["containerName"])
    }

    /// Of an event as the API has it, of either version.
    init?(event record: JSONFields, number: Int) {
        guard record.first("involvedObject.kind", "regarding.kind") == "Pod",
            let text = record.bytes("message") ?? record.bytes("note"), let message = ProbeMessage(ofEvent: text[...])
        else { return nil }
        let output = message.output.last == 0x0A ? message.output.dropLast() : message.output
        func time(_ text: String?) -> LogTime? {
            text.flatMap { text in
                var bytes = LogBytes(Array(text.utf8)[...])
                return LogTime.stamp(&bytes)
            }
        }
        let last = record.first("series.lastObservedTime", "lastTimestamp", "deprecatedLastTimestamp", "eventTime")
        let first = record.first("firstTimestamp", "deprecatedFirstTimestamp", "eventTime")
        self.init(message, number: number, time: time(last), source: .event, isSeveralLines: output.contains(0x0A))
        firstTime = time(first)
        count = Int(max(1, min(record.number("series.count", "count", "deprecatedCount") ?? 1, 1e9)))
        pod = Self.pod(
            record.first("involvedObject.namespace", "regarding.namespace"),
            record.first("involvedObject.name", "regarding.name"))
        podUID = record.first("involvedObject.uid", "regarding.uid")
        container = record.first("involvedObject.fieldPath", "regarding.fieldPath").flatMap(Self.container)
    }

    /// Of a sentence.
    init(_ message: ProbeMessage, number: Int, time: LogTime?, source: Source, isSeveralLines: Bool = false) {
        self.init(number, message.result, source, message.output, isSeveralLines: isSeveralLines, time: time)
        kind = message.kind
        pod = message.pod
        podUID = message.podUID
        container = message.container
    }

    private init(
        _ number: Int, _ result: Result, _ source: Source, _ output: ArraySlice<UInt8>, isSeveralLines: Bool,
        time: LogTime?
    ) {
        self.init(
            line: number, result: result, source: source,
            output: String(decoding: output.prefix(Self.longestOutput), as: UTF8.self),
            cause: ProbeFailureCause(ofOutput: Array(output), isSeveralLines: isSeveralLines))
        self.time = time
    }

    private mutating func take(kind: String?, pod: String?, uid: String?, container: String?) {
        self.kind = kind.flatMap { Kind(rawValue: $0.lowercased()) }
        self.pod = pod
        podUID = uid
        self.container = container
    }

    static func pod(_ namespace: String?, _ name: String?) -> String? {
        name.map { name in namespace.map { "\($0)/\(name)" } ?? name }
    }

    /// `spec.containers{web}`
    static func container(inField path: String) -> String? {
        guard path.hasPrefix("spec.containers{"), path.hasSuffix("}") else { return nil }
        return String(path.dropFirst("spec.containers{".count).dropLast())
    }
}
