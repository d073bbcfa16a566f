import UnstuckModel

/// Where in the kernel a task is: its files `wchan`, `stack` and `syscall` in /proc.
public enum TaskWait {
    /// `nil`: the task runs, or the reader may not know (`proc_pid_wchan`, fs/proc/base.c, writes "0" for both).
    public static func channel(_ text: String) -> String? {
        let name = text.prefix { $0 != "\n" }
        return name.isEmpty || name == "0" ? nil : String(name)
    }

    /// Functions without offsets, innermost first: `[<0>] futex_wait_queue+0x5f/0x90` is `futex_wait_queue`. What the kernel
    /// writes without a name stays as it is.
    public static func stack(_ text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            var name = line
            if name.hasPrefix("["), let end = name.firstIndex(of: "]") { name = name[name.index(after: end)...] }
            name = name.drop { $0 == " " }
            name = name.prefix { $0 != "+" && $0 != " " }
            return name.isEmpty ? nil : String(name)
        }
    }

    /// `202 0x7f… 0x80 0x0 0x0 0x0 0x0 0x7ffc… 0x7f…`: number, six arguments, stack pointer and program counter
    /// (`proc_pid_syscall`, fs/proc/base.c).
    ///
    /// - Parameter table: names of the task's instruction set; `nil`: not known, so that no call gets a name.
    /// - Returns: `nil`: the task runs, or sleeps outside of any call.
    public static func systemCall(_ text: String, names table: SystemCallTable?) -> SystemCall? {
        let fields = text.prefix { $0 != "\n" }.split(separator: " ")
        guard fields.count == 9, let number = Int64(fields[0]), number >= 0 else { return nil }
        var arguments: [UInt64] = []
        for field in fields[1...6] {
            guard field.hasPrefix("0x"), let value = UInt64(field.dropFirst(2), radix: 16) else { return nil }
            arguments.append(value)
        }
        return SystemCall(number: number, name: table?.name(of: number), arguments: arguments)
    }

    /// Whether `/proc/PID/auxv` is that of a 64-bit program. A 32-bit one's is a list of 32-bit pairs, of which two make a
    /// number that is none of `AT_…` (include/uapi/linux/auxvec.h).
    ///
    /// - Returns: `nil`: it is empty, as a kernel thread's.
    public static func isWide(auxiliaryVector bytes: [UInt8]) -> Bool? {
        guard bytes.count >= 16 else { return nil }
        let key = bytes[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return key < 1 << 16
    }
}
