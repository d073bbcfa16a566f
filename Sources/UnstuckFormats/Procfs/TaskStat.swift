import UnstuckModel

/// What `/proc/PID/stat` and `/proc/PID/task/TID/stat` say of a task (proc_pid_stat(5)).
public struct TaskStat: Hashable, Sendable {
    public var id: UInt32
    /// Up to 15 bytes that the task chose, parentheses, spaces and line breaks included; invalid UTF-8 is repaired.
    public var name: String
    public var state: ProcessState
    /// `utime` and `stime`: of the whole process in its own file, of the thread in a thread's. Clock ticks.
    public var cpuTicks: UInt64
    public var threadCount: Int
    /// Clock ticks since boot.
    public var startTime: UInt64

    /// - Parameter bytes: `PID (name) S …`; the name ends at the last `)`.
    /// - Returns: `nil` for what is no such line.
    public init?(_ bytes: [UInt8]) {
        guard let open = bytes.firstIndex(of: UInt8(ascii: "(")), let close = bytes.lastIndex(of: UInt8(ascii: ")")),
            open < close
        else { return nil }
        let head = String(decoding: bytes[..<open], as: UTF8.self)
        let fields = bytes[(close + 1)...].split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
            .map { String(decoding: $0, as: UTF8.self) }
        // The list begins with field 3.
        guard let id = UInt32(head.filter { $0 != " " }), fields.count >= 20, fields[0].utf8.count == 1,
            let user = UInt64(fields[11]), let system = UInt64(fields[12]), let threads = Int(fields[17]),
            let start = UInt64(fields[19])
        else { return nil }
        self.id = id
        name = String(decoding: bytes[(open + 1)..<close], as: UTF8.self)
        state = ProcessState(rawValue: fields[0])
        cpuTicks = user &+ system
        threadCount = threads
        startTime = start
    }
}
