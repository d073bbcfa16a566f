import Glibc
import UnstuckFormats
import UnstuckModel

/// Reads protocol counters of network namespaces, and those of the processors. Read-only.
public struct CounterReader {
    let root: NodeRoot

    public init(root: NodeRoot) { self.root = root }

    /// - Parameter namespaces: inode numbers, and a path that opens each. `/proc/PID/ns/net` is read through that process,
    ///   without entering the namespace.
    public func read(
        namespaces: [(inode: UInt32, path: String)]
    ) -> (counters: [NamespaceCounters], missingEvidence: [MissingEvidence]) {
        var counters: [NamespaceCounters] = []
        var missingEvidence: [MissingEvidence] = []
        for (inode, path) in namespaces {
            do {
                counters.append(try read(inode, path))
            } catch {
                missingEvidence.append(
                    MissingEvidence(
                        .counters, of: inode, action: "read the counters of network namespace \(inode)", error: error))
            }
        }
        return (counters, missingEvidence)
    }

    /// What the processors did with packets: the same in every namespace.
    public func readSoftnet() -> SoftnetCounters? {
        let taken = SystemClock.monotonic.seconds
        let text = readText("\(root.procfs)/self/net/softnet_stat") ?? readText("\(root.procfs)/1/net/softnet_stat")
        let processors = text.map(ProtocolCounters.softnet) ?? []
        return processors.isEmpty ? nil : SoftnetCounters(takenAt: taken, processors: processors)
    }

    private func read(_ inode: UInt32, _ path: String) throws -> NamespaceCounters {
        let suffix = "/ns/net"
        if path.hasPrefix(root.procfs + "/"), path.hasSuffix(suffix) {
            let counters = try? Self.read(inode, in: "\(path.dropLast(suffix.count))/net")
            // The process may have ended or moved meanwhile; then its namespace is entered.
            if let counters, linkTarget(path).flatMap(NamespaceFinder.inode(ofLink:)) == inode { return counters }
        }
        return try NamespaceThread.run(in: path) {
            let entered = linkTarget("/proc/thread-self/ns/net").flatMap(NamespaceFinder.inode(ofLink:))
            // Another one has that path now.
            guard entered == inode else { throw SystemError("setns", path, errno: ENOENT) }
            return try Self.read(inode, in: "/proc/thread-self/net")
        }
    }

    private static func read(_ inode: UInt32, in folder: String) throws -> NamespaceCounters {
        let taken = SystemClock.monotonic.seconds
        var values = ProtocolCounters.pairs(try text("\(folder)/snmp"))
        values.merge(ProtocolCounters.pairs(try text("\(folder)/netstat"))) { first, _ in first }
        // Absent without IPv6.
        values.merge(ProtocolCounters.lines(readText("\(folder)/snmp6") ?? "")) { first, _ in first }
        return NamespaceCounters(netns: inode, takenAt: taken, values: values)
    }

    private static func text(_ path: String) throws -> String { String(decoding: try readFile(path), as: UTF8.self) }
}
