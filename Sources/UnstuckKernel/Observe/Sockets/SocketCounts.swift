import UnstuckModel

/// How many TCP sockets the kernel itself counts in each network namespace (`/proc/net/sockstat`): the check that a pass
/// missed none. Read before and after the pass.
struct SocketCounts {
    private var counts: [UInt32: Count] = [:]

    /// A namespace's numbers.
    struct Count: Equatable {
        /// Hashed TCP sockets of both families: listeners and everything from SYN_SENT to CLOSING, TIME_WAIT aside.
        var inUse: Int
        /// Connections opened since the namespace began.
        var opened: UInt64

        /// - Parameters: `/proc/net/sockstat`, `/proc/net/sockstat6` and `/proc/net/snmp`. `nil`: no numbers there.
        init?(sockstat: String, sockstat6: String, snmp: String) {
            guard let v4 = Self.number(after: "inuse", inLine: "TCP:", of: sockstat) else { return nil }
            // Without IPv6 there is no such file.
            inUse = v4 + (Self.number(after: "inuse", inLine: "TCP6:", of: sockstat6) ?? 0)
            let lines = snmp.split(separator: "\n").filter { $0.hasPrefix("Tcp: ") }.map { $0.split(separator: " ") }
            guard lines.count == 2 else { return nil }
            var opened: UInt64 = 0
            for (name, value) in zip(lines[0], lines[1]) where name == "ActiveOpens" || name == "PassiveOpens" {
                guard let value = UInt64(value) else { return nil }
                opened &+= value
            }
            self.opened = opened
        }

        private static func number(after name: Substring, inLine start: String, of text: String) -> Int? {
            let line = text.split(separator: "\n").first { $0.hasPrefix(start) }
            let words = line?.split(separator: " ") ?? []
            return words.firstIndex(of: name).flatMap { $0 + 1 < words.count ? Int(words[$0 + 1]) : nil }
        }
    }

    /// - Parameter found: namespaces that have a way in.
    init(of found: [NamespaceFinder.Found], root: NodeRoot) {
        for one in found {
            // A process's view of /proc/net is its namespace's. A namespace without a process has to be entered.
            let count =
                if let process = one.namespace.process {
                    Self.read("\(root.procfs)/\(process)/net")
                } else {
                    try? NamespaceThread.run(in: one.path) { Self.read("/proc/thread-self/net") }
                }
            if let count { counts[one.namespace.inode] = count }
        }
    }

    /// Sockets of all namespaces that could be asked.
    var total: Int { counts.values.reduce(0) { $0 + $1.inUse } }

    private static func read(_ folder: String) -> Count? {
        guard let sockstat = readText("\(folder)/sockstat"), let snmp = readText("\(folder)/snmp") else { return nil }
        return Count(sockstat: sockstat, sockstat6: readText("\(folder)/sockstat6") ?? "", snmp: snmp)
    }

    /// Sockets that the kernel counted before and after a pass and that the pass did not see, by namespace. A difference
    /// within what may have changed meanwhile says nothing: what was closed before the pass came to it was missed, and as many
    /// were closed as were opened, but for the difference of the counts.
    static func missing(before: SocketCounts, after: SocketCounts, seen: [UInt32: Int]) -> [UInt32: Int] {
        var result: [UInt32: Int] = [:]
        for (inode, first) in before.counts {
            guard let last = after.counts[inode] else { continue }
            let opened = Int(clamping: last.opened &- first.opened)
            let changed = opened + abs(last.inUse - first.inUse)
            let missing = min(first.inUse, last.inUse) - (seen[inode] ?? 0)
            if missing > changed { result[inode] = missing }
        }
        return result
    }
}
