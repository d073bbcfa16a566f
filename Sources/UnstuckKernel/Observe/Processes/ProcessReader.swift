import Glibc
import UnstuckFormats
import UnstuckModel

/// Reads processes and what their threads wait in, from /proc. Read-only; a process that ends meanwhile is left out.
public struct ProcessReader {
    /// How much is read.
    public struct Bounds: Sendable {
        /// Threads of one process, the first of them first.
        public var threadsPerProcess = 64
        /// Threads of all processes together.
        public var threads = 4096
        public init() {}
    }

    let root: NodeRoot
    let bounds: Bounds

    public init(root: NodeRoot, bounds: Bounds = Bounds()) {
        self.root = root
        self.bounds = bounds
    }

    /// - Parameter pids: as the node's procfs numbers them.
    /// - Returns: the processes that are there, by pid, and what could not be read of them.
    public func read(pids: Set<UInt32>) -> (processes: [ObservedProcess], missingEvidence: [MissingEvidence]) {
        var pass = Pass(root: root, bounds: bounds)
        let processes = pids.sorted().compactMap { pass.read($0) }
        return (processes, pass.missingEvidence)
    }

    /// What one reading has come to so far.
    private struct Pass {
        let root: NodeRoot
        let bounds: Bounds
        let mounts: CgroupMounts
        var threadsLeft: Int
        /// Of some process not every thread was read.
        var isCutOff = false
        var refused: Set<Refusal> = []

        enum Refusal { case processes, waits, stacks }

        init(root: NodeRoot, bounds: Bounds) {
            self.root = root
            self.bounds = bounds
            mounts = CgroupMounts(root: root)
            threadsLeft = bounds.threads
        }

        mutating func read(_ pid: UInt32) -> ObservedProcess? {
            let folder = "\(root.procfs)/\(pid)"
            guard let before = contents("\(folder)/stat", refusal: .processes).flatMap(TaskStat.init) else {
                return nil
            }
            var process = ObservedProcess(
                pid: pid, startTime: before.startTime, name: before.name, state: before.state,
                takenAt: SystemClock.monotonic.seconds)
            process.threadCount = before.threadCount
            let cgroups = ProcessFiles.cgroups(readText("\(folder)/cgroup") ?? "")
            process.cgroup = cgroups.unified
            process.controllerCgroups = cgroups.controllers
            process.isFrozen = mounts.isFrozen(cgroups)
            process.descriptorLimit = readText("\(folder)/limits").flatMap(ProcessFiles.descriptorLimit)
            process.openDescriptors = sizeOfFile("\(folder)/fd")
            process.threads = threads(of: folder)
            // A pid that was given to another process meanwhile has another start time.
            guard let after = (try? readFile("\(folder)/stat")).flatMap(TaskStat.init),
                after.startTime == before.startTime
            else { return nil }
            return process
        }

        private mutating func threads(of folder: String) -> [ObservedThread] {
            let all = directoryNames("\(folder)/task").compactMap { UInt32($0) }.sorted()
            let wanted = all.prefix(min(bounds.threadsPerProcess, threadsLeft))
            if wanted.count < all.count { isCutOff = true }
            threadsLeft -= wanted.count
            let names = names(of: folder)
            return wanted.compactMap { thread($0, "\(folder)/task/\($0)", names) }
        }

        /// Numbers mean other calls in a 32-bit program.
        private func names(of folder: String) -> SystemCallTable? {
            let vector = (try? readFile("\(folder)/auxv")) ?? []
            return TaskWait.isWide(auxiliaryVector: vector) == true ? SystemCallTable.native : nil
        }

        private mutating func thread(_ tid: UInt32, _ folder: String, _ names: SystemCallTable?) -> ObservedThread? {
            guard let stat = (try? readFile("\(folder)/stat")).flatMap(TaskStat.init) else { return nil }
            var thread = ObservedThread(tid: tid, name: stat.name, state: stat.state, cpuTicks: stat.cpuTicks)
            guard ![.running, .zombie, .dead].contains(stat.state) else { return thread }
            if let text = contents("\(folder)/syscall", refusal: .waits) {
                thread.systemCall = TaskWait.systemCall(String(decoding: text, as: UTF8.self), names: names)
                thread.waitChannel = readText("\(folder)/wchan").flatMap(TaskWait.channel)
            }
            if let text = contents("\(folder)/stack", refusal: .stacks) {
                let stack = TaskWait.stack(String(decoding: text, as: UTF8.self))
                thread.stack = stack.isEmpty ? nil : stack
            }
            return thread
        }

        /// A refusal is kept; what is gone is gone.
        private mutating func contents(_ path: String, refusal: Refusal) -> [UInt8]? {
            do {
                return try readFile(path)
            } catch {
                if error.errno == EPERM || error.errno == EACCES { refused.insert(refusal) }
                return nil
            }
        }

        var missingEvidence: [MissingEvidence] {
            // Without counts: what is missing for one process and then for another is said once.
            var result: [MissingEvidence] = []
            func note(_ refusal: Refusal, _ what: String, _ capability: Capability) {
                guard refused.contains(refusal) else { return }
                let reason: MissingEvidence.Reason =
                    capability.isPresent
                    ? .failed("\(capability.name) is present, and a security module or a user namespace refuses")
                    : .needs(capability.name)
                result.append(MissingEvidence(.processes, action: what, reason))
            }
            note(.processes, "read processes", .sysPtrace)
            // `lock_trace` (fs/proc/base.c) asks for PTRACE_MODE_ATTACH.
            note(.waits, "read what threads are blocked in (wchan, syscall)", .sysPtrace)
            // `proc_pid_stack` (fs/proc/base.c), Linux commit f8a00cef1720 ("proc: restrict kernel stack dumps to root").
            note(.stacks, "read the kernel stacks of threads", .sysAdmin)
            if isCutOff {
                result.append(
                    MissingEvidence(
                        .processes, action: "read every thread",
                        .failed("the bound is \(bounds.threadsPerProcess) threads a process, \(bounds.threads) in all"))
                )
            }
            return result
        }
    }
}

/// `st_size` of what a path names; `nil`: it has none, or cannot be asked.
private func sizeOfFile(_ path: String) -> UInt64? {
    var status = stat()
    guard unsafe stat(path, &status) == 0, status.st_size > 0 else { return nil }
    return UInt64(status.st_size)
}
