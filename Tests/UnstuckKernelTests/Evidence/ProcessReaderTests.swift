import CLinuxUAPI
import Glibc
import TestSupport
import Testing
import UnstuckModel

@testable import UnstuckKernel

/// Processes of the test's own, as /proc shows them.
@Suite("Processes and what their threads wait in", .serialized)
struct ProcessReaderTests {
    private static let ours = UInt32(getpid())

    private static func read(_ pid: UInt32, threads: Int = 4096) -> ObservedProcess? {
        var bounds = ProcessReader.Bounds()
        bounds.threadsPerProcess = threads
        return ProcessReader(root: NodeRoot(), bounds: bounds).read(pids: [pid]).processes.first
    }

    /// Number of the calling thread.
    private static func thread() -> UInt32 {
        linkTarget("/proc/thread-self")?.split(separator: "/").last.flatMap { UInt32($0) } ?? 0
    }

    @Test func aStoppedChild() throws {
        let child = try Programs.start("sleep", ["600"])
        defer { child.terminate() }
        let pid = UInt32(child.pid)
        expectSoon("it never slept") { Self.read(pid)?.name == "sleep" && Self.read(pid)?.state == .sleeping }
        let before = try #require(Self.read(pid))
        #expect(!before.isStopped)
        #expect(before.threads.map(\.tid) == [pid] && before.threadCount == 1)
        #expect(before.threads.first?.systemCall?.name?.rawValue == "clock_nanosleep")
        kill(child.pid, SIGSTOP)
        defer { kill(child.pid, SIGCONT) }
        expectSoon("it never stopped") { Self.read(pid)?.state == .stopped }
        let stopped = try #require(Self.read(pid))
        #expect(stopped.isStopped)
        #expect(stopped.startTime == before.startTime)
        #expect(stopped.startTime == ProcessStatus.startTime(of: child.pid))
        #expect(stopped.takenAt >= before.takenAt)
    }

    /// The descriptor tells which connection it waits for.
    @Test func aThreadInRecv() throws {
        let pair = try SocketPair()
        let server = pair.server
        let thread = try JoinableThread {
            var byte: UInt8 = 0
            return unsafe recv(server, &byte, 1, 0)
        }
        var found: ObservedThread?
        expectSoon("no thread was seen in recv") {
            found = Self.read(Self.ours)?.threads.first {
                $0.systemCall?.name?.rawValue == "recvfrom" && $0.systemCall?.descriptor == server
            }
            return found?.state == .sleeping && found?.waitsIn != nil
        }
        var byte: UInt8 = 1
        unsafe _ = send(pair.client, &byte, 1, 0)
        #expect(try thread.wait() == 1)
        let waiting = try #require(found)
        #expect(waiting.systemCall?.name?.reads == true)
        #expect(waiting.systemCall?.arguments.count == 6)
        #expect(waiting.systemCall?.arguments[2] == 1)  // bytes wanted
        let stack = try #require(waiting.stack)
        #expect(stack.contains { $0.hasPrefix("tcp_recvmsg") }, "\(stack)")
        if let channel = waiting.waitChannel { #expect(stack.contains(channel), "\(channel) \(stack)") }
    }

    @Test func aThreadThatWaitsForALock() throws {
        let lock = Lock()
        lock.lock()
        let thread = try JoinableThread {
            lock.lock()
            lock.unlock()
            return Self.thread()
        }
        var found: Set<UInt32> = []
        expectSoon("no thread was seen in a futex") {
            found = Set(
                (Self.read(Self.ours)?.threads ?? []).filter {
                    $0.systemCall?.name?.isFutex == true && $0.systemCall?.descriptor == nil
                        && $0.waitsIn?.contains("futex") == true
                        && $0.systemCall?.arguments.first == lock.address
                }.map(\.tid))
            return !found.isEmpty
        }
        lock.unlock()
        #expect(try found == [thread.wait()])
    }

    /// A lock at an address that the kernel names.
    @safe private final class Lock: @unchecked Sendable {
        private let mutex: UnsafeMutablePointer<pthread_mutex_t>

        init() {
            unsafe mutex = .allocate(capacity: 1)
            unsafe pthread_mutex_init(mutex, nil)
        }

        deinit {
            unsafe pthread_mutex_destroy(mutex)
            unsafe mutex.deallocate()
        }

        var address: UInt64 { unsafe UInt64(UInt(bitPattern: mutex)) }
        func lock() { unsafe _ = pthread_mutex_lock(mutex) }
        func unlock() { unsafe _ = pthread_mutex_unlock(mutex) }
    }

    @Test func whatIsMissingIsNamed() throws {
        let child = try Programs.start("sleep", ["600"])
        defer { child.terminate() }
        let pid = UInt32(child.pid)
        let nobody = UInt32(4_194_304)  // PID_MAX_LIMIT, include/linux/threads.h
        let (processes, missingEvidence) = ProcessReader(root: NodeRoot()).read(pids: [pid, nobody])
        #expect(processes.map(\.pid) == [pid])
        #expect(missingEvidence.isEmpty)
        var bounds = ProcessReader.Bounds()
        bounds.threads = 1
        let bounded = ProcessReader(root: NodeRoot(), bounds: bounds).read(pids: [pid, Self.ours])
        #expect(Set(bounded.processes.map(\.pid)) == [pid, Self.ours])
        #expect(bounded.processes.reduce(0) { $0 + $1.threads.count } == 1)
        #expect(bounded.missingEvidence.map(\.evidence) == [.processes])
    }

    /// Where a security module keeps process 1 to itself, the rest of it is read all the same, and each refusal said once.
    @Test func refusalsAreNamedOnce() throws {
        let (processes, missingEvidence) = ProcessReader(root: NodeRoot()).read(pids: [1])
        let first = try #require(processes.first)
        #expect(!first.name.isEmpty && first.startTime < first.takenAtTicks)
        if try KernelUnderTest.provides(.openProc) {
            #expect(missingEvidence.isEmpty)
        } else {
            #expect(missingEvidence.count == 2)
            #expect(missingEvidence.first?.description.contains("CAP_SYS_PTRACE") == true)
            #expect(missingEvidence.last?.description.contains("CAP_SYS_ADMIN") == true)
            #expect(first.threads.allSatisfy { $0.systemCall == nil && $0.waitChannel == nil && $0.stack == nil })
        }
    }

    /// A name that looks like the rest of its line.
    @Test func aHostileName() throws {
        let folder = "/tmp/unstuck-name-\(getpid())"
        let name = "a) R 1 (\n"
        let file = "\(folder)/\(name)"
        try syscall("mkdir", on: folder) { unsafe mkdir(folder, 0o755) }
        defer {
            unsafe unlink(file)
            unsafe rmdir(folder)
        }
        try syscall("symlink", on: file) { unsafe symlink("/usr/bin/sleep", file) }
        let child = try Programs.start(file, ["600"])
        defer { child.terminate() }
        var seen: ObservedProcess?
        expectSoon("it never slept") {
            seen = Self.read(UInt32(child.pid))
            return seen?.name == name && seen?.state == .sleeping
        }
        let process = try #require(seen)
        #expect(process.threads.map(\.name) == [name])
        #expect(process.startTime == ProcessStatus.startTime(of: child.pid))
    }

    @Test func descriptorsAreCounted() throws {
        let process = try #require(Self.read(Self.ours))
        let limit = UInt64(sysconf(Int32(_SC_OPEN_MAX)))
        #expect(process.descriptorLimit == limit)
        if let count = process.openDescriptors { #expect(count > 2 && count <= limit) }
    }
}

extension ObservedProcess {
    /// When it was read, in the ticks that start times have.
    fileprivate var takenAtTicks: UInt64 { UInt64((takenAt + 1) * Double(sysconf(Int32(_SC_CLK_TCK)))) }
}
