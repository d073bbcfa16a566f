import CLinuxUAPI
import Glibc
import UnstuckKernel

/// The first process of a guest: mounts, loads modules, runs one command, tells how it went, and powers off.
public enum Guest {
    /// The second serial line, which the kernel prints nothing on.
    private static let line = "/dev/ttyS1"

    /// Only as process 1 of a guest, where nothing can be broken.
    public static func main() throws -> Never {
        guard getpid() == 1 else { throw LabError(.invalid, "this is for the first process of a guest only") }
        _ = unsafe mount("dev", "/dev", "devtmpfs", 0, nil)
        let channel = try OwnedDescriptor(path: line, flags: O_RDWR | O_NOCTTY)
        let raw = channel.raw
        try syscall("tcsetattr", on: line) { linux_make_raw(raw) }
        do {
            let task = try JSONText.decode(GuestTask.self, from: readText(GuestTask.path) ?? "")
            try prepare(task)
            try channel.writeAll(GuestMessage.ready.bytes)
            let status = try run(task, channel)
            for path in task.collect {
                if let bytes = try? readFile(path) {
                    try channel.writeAll(GuestMessage.file(path: path, bytes).bytes)
                }
            }
            try channel.writeAll(GuestMessage.exit(status).bytes)
        } catch {
            try? channel.writeAll(GuestMessage.failure("\(error)").bytes)
        }
        _ = linux_power_off(raw)
        while true { pause() }
    }

    private static func prepare(_ task: GuestTask) throws {
        // Some are optional: a kernel without tracefs is still one to test on. Anyone who needs one says so.
        // Nothing over /tmp: files that were taken along may lie there.
        for (type, folder) in [
            ("sysfs", "/sys"), ("tmpfs", "/run"), ("cgroup2", "/sys/fs/cgroup"),
            ("bpf", "/sys/fs/bpf"), ("tracefs", "/sys/kernel/tracing"),
        ] {
            _ = unsafe mount(type, folder, type, 0, nil)
        }
        // Where shells expect their open files; only an init makes this, not the kernel.
        unsafe _ = symlink("/proc/self/fd", "/dev/fd")
        try Files.write("guest", to: "/proc/sys/kernel/hostname", flags: O_WRONLY)
        for path in task.modules {
            let file = try OwnedDescriptor(path: path)
            let raw = file.raw
            try syscall("finit_module", on: path) { linux_load_module(raw) }
        }
        try syscall("ioctl", on: "lo") { linux_raise_loopback() }
    }

    /// Runs the command to its end, its output passing through as it comes.
    private static func run(_ task: GuestTask, _ channel: borrowing OwnedDescriptor) throws -> Int32 {
        let output = try Pipe()
        let errors = try Pipe()
        let nothing = try OwnedDescriptor(path: "/dev/null")
        let words = ["/usr/bin/env"] + task.environment + task.command
        let list = CStringList(words)
        var pid: Int32 = 0
        let code = unsafe linux_spawn(
            words[0], list.pointer, nothing.raw, output.writer.raw, errors.writer.raw, 1, &pid)
        guard code == 0 else { throw SystemError("posix_spawn", words[0], errno: code) }
        var status: Int32?
        while true {
            // First the end, then what is left to read: nothing that it wrote is lost.
            var ended: Int32 = 0
            var who = unsafe waitpid(-1, &ended, WNOHANG)
            while who > 0 {
                if who == pid { status = ended & 0x7F == 0 ? ended >> 8 & 0xFF : 128 + ended & 0x7F }
                who = unsafe waitpid(-1, &ended, WNOHANG)
            }
            let some = output.read()
            let more = errors.read()
            if !some.isEmpty { try channel.writeAll(GuestMessage.output(some).bytes) }
            if !more.isEmpty { try channel.writeAll(GuestMessage.errors(more).bytes) }
            if some.isEmpty, more.isEmpty {
                if let status { return status }
                usleep(10_000)
            }
        }
    }

    /// A pipe whose reading end never blocks.
    private struct Pipe: ~Copyable {
        let reader: OwnedDescriptor
        let writer: OwnedDescriptor

        init() throws {
            var ends: [Int32] = [-1, -1]
            try syscall("pipe", on: "a stream") { unsafe pipe(&ends) }
            reader = OwnedDescriptor(owning: ends[0])
            writer = OwnedDescriptor(owning: ends[1])
            _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        }

        func read() -> [UInt8] {
            var chunk = [UInt8](repeating: 0, count: 32768)
            let raw = reader.raw
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(raw, $0.baseAddress, $0.count) }
            return count > 0 ? Array(chunk[..<count]) : []
        }
    }
}
