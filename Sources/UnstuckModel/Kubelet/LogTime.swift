/// A time as a log has it, which is not always all of it. Times of one form alone can be compared.
public struct LogTime: Sendable, Hashable {
    public enum Form: Sendable {
        case utc
        /// In the zone of the node that wrote it.
        case withoutZone
        /// Likewise, and without a year (klog, syslog).
        case withoutYear
    }

    /// Since 1970, or, without a year, since the beginning of one.
    public var seconds: Double
    public var form: Form

    public init(seconds: Double, form: Form = .utc) {
        self.seconds = seconds
        self.form = form
    }

    /// A year that has a 29 February, for dates without one.
    static let someYear = 2024

    /// - Parameters:
    ///   - year: `nil`: not said.
    ///   - zone: seconds east of UTC; `nil`: not said.
    /// - Returns: `nil` for what is no date or time of day.
    public init?(
        year: Int? = nil, month: Int, day: Int, hour: Int, minute: Int, second: Double, zone: Int? = nil
    ) {
        guard (1...12).contains(month), (1...31).contains(day), (0...23).contains(hour), (0...59).contains(minute),
            second >= 0, second < 61, (1...9999).contains(year ?? Self.someYear), abs(zone ?? 0) <= 86_400
        else { return nil }
        let days = Self.days(year ?? Self.someYear, month, day) - (year == nil ? Self.days(Self.someYear, 1, 1) : 0)
        seconds = Double(days * 86_400 + hour * 3600 + minute * 60 - (zone ?? 0)) + second
        form = year == nil ? .withoutYear : zone == nil ? .withoutZone : .utc
    }

    /// Days since 1 January 1970 in the Gregorian calendar; years are counted from March, so that the leap day is their last.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
    }

    /// The date of a day since 1970.
    private static func date(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let number = month < 10 ? month + 3 : month - 9
        return (yearOfEra + era * 400 + (number <= 2 ? 1 : 0), number, dayOfYear - (153 * month + 2) / 5 + 1)
    }
}

extension LogTime: CustomStringConvertible {
    /// `2026-11-29T06:39:44Z`, or `08-09 06:39:44`: whole seconds.
    public var description: String {
        // Year 9999 is the last that a log can name.
        let whole = Int(max(-1e11, min(seconds.isNaN ? 0 : seconds, 2.6e11)).rounded(.down))
        let day = whole >= 0 ? whole / 86_400 : (whole - 86_399) / 86_400
        let time = whole - day * 86_400
        let (year, month, date) = Self.date(day + (form == .withoutYear ? Self.days(Self.someYear, 1, 1) : 0))
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let clock = "\(two(time / 3600)):\(two(time / 60 % 60)):\(two(time % 60))"
        let monthAndDay = "\(two(month))-\(two(date))"
        return switch form {
        case .utc: "\(year)-\(monthAndDay)T\(clock)Z"
        case .withoutZone: "\(year)-\(monthAndDay)T\(clock)"
        case .withoutYear: "\(monthAndDay) \(clock)"
        }
    }
}

extension LogTime: Encodable {
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
