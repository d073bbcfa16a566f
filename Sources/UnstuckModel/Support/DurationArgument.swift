/// A length of time as options take it: `500ms`, `3s`, `2m`, `1h`; a bare number is seconds.
public struct DurationArgument: Sendable, Hashable {
    /// In seconds, never negative.
    public var seconds: Double

    public init(seconds: Double) { self.seconds = seconds }

    /// A week.
    public static let longest = 604_800.0

    /// - Returns: `nil` for what is no length of time, or longer than ``longest``.
    public init?(argument: String) {
        // "ms" ends with "s", too: the longer unit is tried first.
        let units = [("ms", 0.001), ("s", 1.0), ("m", 60), ("h", 3600)]
        let unit = units.first { argument.hasSuffix($0.0) }
        let number = argument.dropLast(unit?.0.count ?? 0)
        guard let first = number.utf8.first, Self.isDigit(first),
            number.utf8.allSatisfy({ Self.isDigit($0) || $0 == UInt8(ascii: ".") }), let value = Double(number)
        else { return nil }
        let seconds = unit?.0 == "ms" ? value / 1000 : value * (unit?.1 ?? 1)
        guard seconds <= Self.longest else { return nil }
        self.seconds = seconds
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}

extension DurationArgument: CustomStringConvertible {
    /// In the largest unit of which it is a whole number: `500ms`, `90s`, `2m`, `1h`.
    public var description: String {
        let milliseconds = Int((max(0, min(seconds, Self.longest)) * 1000).rounded())
        for (size, unit) in [(3_600_000, "h"), (60_000, "m"), (1000, "s")]
        where milliseconds > 0 && milliseconds % size == 0 {
            return "\(milliseconds / size)\(unit)"
        }
        return milliseconds == 0 ? "0s" : "\(milliseconds)ms"
    }
}

extension DurationArgument: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
    public init(floatLiteral seconds: Double) { self.seconds = seconds }
    public init(integerLiteral seconds: Int) { self.seconds = Double(seconds) }
}
