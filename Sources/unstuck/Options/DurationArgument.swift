import ArgumentParser

/// A length of time as people write it: 90, 90s, 10m, 2h.
struct DurationArgument: ExpressibleByArgument, CustomStringConvertible {
    var value: Double

    init(_ value: Double) { self.value = value }

    init?(argument: String) {
        let units = ["s": 1.0, "m": 60, "h": 3600]
        let unit = argument.last.flatMap { units["\($0)"] }
        guard let number = Double(unit == nil ? argument[...] : argument.dropLast()), number.isFinite, number > 0,
            number * (unit ?? 1) <= Self.most
        else { return nil }
        value = number * (unit ?? 1)
    }

    /// A week: what is needed for longer is no stopgap.
    static let most = 604_800.0

    var description: String { "\(Int(value))s" }
}
