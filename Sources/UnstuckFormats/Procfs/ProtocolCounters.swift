import UnstuckModel

/// Counters of a network namespace as text, with the names that nstat(8) gives them.
public enum ProtocolCounters {
    /// `/proc/net/snmp` and `/proc/net/netstat`: pairs of lines, names and values, both behind a prefix.
    ///
    /// Pairs whose counts differ are left out whole, for no value could be trusted to be its name's; so is a value that is
    /// no count (`Tcp: MaxConn -1`).
    public static func pairs(_ text: String) -> [String: UInt64] {
        var result: [String: UInt64] = [:]
        var names: [Substring] = []
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard let prefix = fields.first, prefix.hasSuffix(":") else { continue }
            guard names.first == prefix else {
                names = fields
                continue
            }
            if names.count == fields.count {
                for (name, value) in zip(names, fields).dropFirst() {
                    if let value = UInt64(value) { result["\(prefix.dropLast())\(name)"] = value }
                }
            }
            names = []
        }
        return result
    }

    /// `/proc/net/snmp6`: a name and its value on each line.
    public static func lines(_ text: String) -> [String: UInt64] {
        var result: [String: UInt64] = [:]
        for line in text.split(separator: "\n") {
            let fields = line.split { $0 == " " || $0 == "\t" }
            if fields.count == 2, let value = UInt64(fields[1]) { result[String(fields[0])] = value }
        }
        return result
    }

    /// `/proc/net/softnet_stat`: hexadecimal columns, a processor each line (`softnet_seq_show`, net/core/net-procfs.c).
    public static func softnet(_ text: String) -> [SoftnetCounters.Processor] {
        text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            let numbers = fields.compactMap { UInt32($0, radix: 16) }
            guard numbers.count >= 3, numbers.count == fields.count else { return nil }
            // Column 13 is the number of the processor (Linux 5.10); a line for each that is online.
            return SoftnetCounters.Processor(
                number: numbers.count > 12 ? numbers[12] : nil, processed: numbers[0], dropped: numbers[1],
                timeSqueezed: numbers[2])
        }
    }
}
