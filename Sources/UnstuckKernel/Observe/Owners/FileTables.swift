import CLinuxUAPI
import Glibc

/// The descriptors of a process: one folder in /proc for each file table that its threads have.
struct FileTables {
    /// A table, and the thread through which it is read.
    struct Table {
        var process: Int32
        var thread: Int32
        /// `/proc/PID/task/TID`
        var folder: String
        var descriptors: [String]
        /// It is not the process's own, but one of its threads'.
        var isThreads: Bool { thread != process }
    }

    /// - Parameter comparesNumbers: threads' numbers in that procfs are ours, so that kcmp(2) may say which share a table.
    init(root: NodeRoot, comparesNumbers: Bool) { (self.root, self.comparesNumbers) = (root, comparesNumbers) }

    private let root: NodeRoot
    private let comparesNumbers: Bool

    /// Every table of a process. `refused` is reported of threads that may not be looked into.
    func tables(of process: Int32, threads: [Int32], refused: () -> Void) -> [Table] {
        var result: [Table] = []
        for thread in threads where !result.contains(where: { isShared($0.thread, thread) }) {
            let folder = "\(root.procfs)/\(process)/task/\(thread)"
            do {
                let names = try readDirectory("\(folder)/fd")
                result.append(Table(process: process, thread: thread, folder: folder, descriptors: names))
            } catch  where error.errno == EACCES || error.errno == EPERM {
                refused()
            } catch {}  // it has ended
        }
        return result
    }

    /// Not known is not shared: then the same descriptors are read again, which costs time alone.
    private func isShared(_ one: Int32, _ other: Int32) -> Bool {
        comparesNumbers && linux_share_files(one, other) == 1
    }
}
