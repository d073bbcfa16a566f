import UnstuckModel

/// Rows of kubectl: `describe pod`'s events, `get events`, `events`. Columns are recognized by what is in them, for there are a dozen
/// arrangements.
struct EventRow {
    /// Of a `describe`: whose events follow.
    private(set) var name: String?
    private(set) var namespace: String?
    /// The header line of a list has a namespace first.
    private var hasNamespaces = false

    /// A line that says whose events follow; `false`: it is none.
    mutating func takeHeading(_ line: ArraySlice<UInt8>) -> Bool {
        var text = LogBytes(line)
        if text.skip("Name:") {
            text.skipBlanks()
            name = text.word().prefix(256).text
            namespace = nil
            return true
        }
        if text.skip("Namespace:") {
            text.skipBlanks()
            namespace = text.word().prefix(256).text
            return true
        }
        guard line.has("LAST SEEN") || line.has("MESSAGE") && line.has("REASON") else { return false }
        hasNamespaces = line.begins(with: "NAMESPACE")
        (name, namespace) = (nil, nil)
        return true
    }

    /// Whether a line may be a heading: cheap, for every line.
    static func mayBeHeading(_ line: ArraySlice<UInt8>) -> Bool {
        line.first == UInt8(ascii: "N") || line.first == UInt8(ascii: "L")
    }

    /// - Parameter number: of the line.
    func failure(_ line: ArraySlice<UInt8>, number: Int) -> ProbeFailure? {
        guard let (start, message) = Self.message(in: line) else { return nil }
        let cells = Self.words(line[..<start])
        guard cells.contains("Unhealthy") || cells.contains("ProbeWarning") else { return nil }
        let output = Self.withoutColumns(message.output)
        var failure = ProbeFailure(
            line: number, result: message.result, source: .event,
            output: String(decoding: output.prefix(ProbeFailure.longestOutput), as: UTF8.self),
            cause: ProbeFailureCause(ofOutput: Array(output)))
        failure.kind = message.kind
        let object = cells.first { $0.lowercased().hasPrefix("pod/") }.map { String($0.dropFirst(4)) }
        let place = hasNamespaces ? cells.first : object == nil ? namespace : nil
        failure.pod = (object ?? name).map { name in place.map { "\($0)/\(name)" } ?? name }
        failure.container = cells.first { $0.hasPrefix("spec.containers{") }
            .map { String($0.dropFirst("spec.containers{".count).prefix { $0 != "}" }) }
        // `(x12 over 10m)`; of older ones a column of its own, beside two ages.
        let ages = cells.compactMap(Self.age)
        if let times = cells.firstIndex(where: { $0.hasPrefix("(x") }), let count = Int(cells[times].dropFirst(2)),
            count > 0
        {
            failure.count = min(count, 1_000_000_000)
            if times + 2 < cells.count, cells[times + 1] == "over" {
                failure.span = Self.age(String(cells[times + 2].prefix { $0 != ")" }))
            }
        } else if ages.count > 1, let count = cells.compactMap({ Int($0) }).first, count > 0 {
            failure.count = min(count, 1_000_000_000)
            failure.span = (ages.max() ?? 0) - (ages.min() ?? 0)
        }
        return failure
    }

    /// The sentence, and where it begins.
    private static func message(in line: ArraySlice<UInt8>) -> (start: Int, message: ProbeMessage)? {
        guard let probe = line.find(" probe ") else { return nil }
        for word in ["Readiness", "Liveness", "Startup"] {
            let start = probe - word.utf8.count
            if start >= line.startIndex, let message = ProbeMessage(ofEvent: line[start...]) { return (start, message) }
        }
        return nil
    }

    private static func words(_ text: ArraySlice<UInt8>) -> [String] {
        text.prefix(2048).split { $0 == 0x20 || $0 == 0x09 }.map(\.text)
    }

    /// Columns behind the message (`get events -o wide`): `   10m   12   web-0.17a1b2c3`.
    private static func withoutColumns(_ output: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let cells = words(output.suffix(400))
        guard cells.count >= 3, age(cells[cells.count - 3]) != nil, Int(cells[cells.count - 2]) != nil,
            cells[cells.count - 1].contains("."), let cut = output.suffix(400).find("   ")
        else { return output }
        return output[..<cut]
    }

    /// `3m12s`, `5d3h`, `45s`, `2y33d`: seconds.
    static func age(_ text: String) -> Double? {
        var total = 0.0
        var number = 0.0
        var hasDigits = false
        var isAge = false
        for byte in text.utf8 {
            if (0x30...0x39).contains(byte) {
                number = number * 10 + Double(byte - 0x30)
                hasDigits = true
                isAge = false
                continue
            }
            let unit: Double? =
                switch byte {
                case UInt8(ascii: "s"): 1
                case UInt8(ascii: "m"): 60
                case UInt8(ascii: "h"): 3600
                case UInt8(ascii: "d"): 86_400
                case UInt8(ascii: "y"): 31_536_000
                default: nil
                }
            guard let unit, hasDigits, number < 1e6 else { return nil }
            total += number * unit
            (number, hasDigits, isAge) = (0, false, true)
        }
        return isAge ? total : nil
    }
}
