import Glibc
import UnstuckKernel

/// One kernel, one command: a guest under QEMU's emulation, without any network.
public struct VirtualMachine: Sendable {
    /// How a run ended. A guest that did not answer is never a result.
    public enum Outcome: Sendable, Equatable {
        /// The command ended, and its kernel had nothing to complain of.
        case ended(Int32)
        /// The command ended, but its kernel complained: the lines that begin each splat.
        case splat([String], status: Int32)
        /// The guest panicked, hung past its deadline or never answered; why.
        case lost(String)
    }

    public var kernel: KernelImage
    public var command: [String]
    public var environment: [String] = ["PATH=/usr/bin:/usr/sbin", "HOME=/root", "LANG=C.UTF-8"]
    /// Static programs of ours, put on the guest's PATH by their own names.
    public var companions: [String] = []
    /// Further programs, with the libraries they are linked with.
    public var programs: [String] = []
    /// Further files and folders, at the same paths in the guest.
    public var files: [String] = []
    /// Files brought back into `results`, by their names alone.
    public var collect: [String] = []
    public var results: String?
    public var megabytes = 2048
    public var processors = 2
    /// For the whole run, from the start of the emulator.
    public var limit: Duration = .seconds(300)

    public init(kernel: KernelImage, command: [String]) {
        self.kernel = kernel
        self.command = command
    }

    /// Runs it in a folder of its own, which is removed again unless the guest was lost or complained.
    /// - Parameter streams: gets what the command printed, as it comes; `true` for its standard error.
    public func run(lab: String, streams: ([UInt8], Bool) -> Void) throws -> (outcome: Outcome, console: String) {
        let folder = "/tmp/unstuck-guest-\(getpid())"
        try Files.removeTree(folder)
        try Files.makeFolder(folder)
        let initramfs: String
        do {
            initramfs = try prepare(lab: lab, below: folder)
        } catch {
            try Files.removeTree(folder)
            throw error
        }
        let console = "\(folder)/console.log"
        let line = "\(folder)/line"
        try Files.write("", to: line)
        let emulator = try Child([
            "/usr/bin/env", "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "\(processors)",
            "-m", "\(megabytes)M", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-nic", "none",
            "-serial", "file:\(console)", "-serial", "file:\(line)", "-kernel", kernel.image, "-initrd", initramfs,
            "-append", "console=ttyS0 loglevel=6 panic=-1 rdinit=/init",
        ])
        var status: Int32?
        var failure: String?
        var taken = 0
        let deadline = Deadline(after: limit)
        let inTime = try deadline.wait(every: .milliseconds(50)) {
            let hasEnded = emulator.hasEnded  // asked first: then all that it wrote is there to be read
            let all = try readFile(line)
            var rest = all[taken...]
            while status == nil, failure == nil, let message = try GuestMessage.take(from: &rest) {
                switch message {
                case .ready: break
                case .output(let bytes): streams(bytes, false)
                case .errors(let bytes): streams(bytes, true)
                case .file(let path, let bytes): try keep(bytes, of: path)
                case .exit(let number): status = number
                case .failure(let text): failure = text
                }
            }
            taken = rest.startIndex
            return hasEnded
        }
        if !inTime { emulator.signal(SIGKILL) }
        let ended = try emulator.wait()
        let said = String(decoding: (try? readFile(console)) ?? [], as: UTF8.self)
        let splats = SplatScanner.splats(in: said)
        let outcome: Outcome
        if let failure {
            outcome = .lost("the guest could not begin: \(failure)")
        } else if let status {
            outcome = splats.isEmpty ? .ended(status) : .splat(splats, status: status)
        } else if !inTime {
            outcome = .lost("no answer within \(limit)")
        } else {
            outcome = .lost(splats.first ?? "the emulator ended with status \(ended.status): \(ended.errors)")
        }
        if case .ended = outcome { try Files.removeTree(folder) }
        return (outcome, said)
    }

    private func prepare(lab: String, below folder: String) throws -> String {
        let root = try Initramfs(folder: "\(folder)/root")
        try root.add(lab, at: "/unstuck-lab")
        // The Swift runtime needs /proc before it starts, which is too early for our own program to see to it.
        for tool in ["sh", "mount", "env"] { try root.addProgram(tool) }
        try Files.write(
            "#!/usr/bin/sh\n/usr/bin/mount -t proc proc /proc\nexec /unstuck-lab guest\n", to: "\(folder)/root/init")
        try Tool.run(["chmod", "755", "\(folder)/root/init"])
        try root.addProgram("ip")
        for program in companions where Files.exists(program) {
            try root.add(program, at: "/usr/bin/\(program.split(separator: "/").last ?? "")")
        }
        for program in programs { try root.addProgram(program) }
        for file in files { try root.add(file) }
        let task = GuestTask(
            command: command, environment: environment, modules: try root.addModules(of: kernel), collect: collect)
        try Files.write(try JSONText.encode(task), to: "\(folder)/root\(GuestTask.path)")
        try root.pack(to: "\(folder)/initramfs")
        try Files.removeTree("\(folder)/root")
        return "\(folder)/initramfs"
    }

    private func keep(_ bytes: [UInt8], of path: String) throws {
        guard let results, let name = path.split(separator: "/").last else { return }
        try Files.makeFolder(results)
        let target = "\(results)/\(name)"
        try Files.write(bytes, to: try OwnedDescriptor(path: target, flags: O_WRONLY | O_CREAT | O_TRUNC), target)
    }
}
