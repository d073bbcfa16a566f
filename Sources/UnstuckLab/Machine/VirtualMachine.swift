import Glibc
import UnstuckKernel

/// One kernel, one command: a guest of QEMU's, without any network.
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
    public var environment: [String] = ["PATH=/usr/bin:/usr/sbin:/bin:/sbin", "HOME=/root", "LANG=C.UTF-8"]
    /// Static programs of ours, put on the guest's PATH by their own names.
    public var companions: [String] = []
    /// Further programs, with the libraries they are linked with.
    public var programs: [String] = []
    /// Another suite's programs instead of this machine's.
    public var userland: Userland?
    /// Further files and folders, at the same paths in the guest.
    public var files: [String] = []
    /// Files brought back into `results`, by their names alone.
    public var collect: [String] = []
    public var results: String?
    public var engine = GuestEngine.tcg
    public var megabytes = 2048
    public var processors = 2
    /// For the whole run, from the start of the emulator.
    public var limit: Duration = .seconds(300)
    /// Told where the console of a guest is that was lost or complained.
    public var progress: @Sendable (String) -> Void = { _ in }
    /// Whether that console stays.
    var keepsConsole = true

    public init(kernel: KernelImage, command: [String]) {
        self.kernel = kernel
        self.command = command
    }

    /// Runs it in a folder of its own, which is removed again; of a guest that was lost or complained, its console
    /// stays. The guest never outlives the calling process.
    /// - Parameters:
    ///   - lab: our own program.
    ///   - streams: gets what the command printed, as it comes; `true` for its standard error.
    /// - Throws: also when a signal asked this process to end; then nothing is left.
    public func run(lab: String, streams: ([UInt8], Bool) throws -> Void) throws -> (outcome: Outcome, console: String)
    {
        let interruption = try Interruption()
        let folder = try Files.makeTemporaryFolder("/tmp/unstuck-guest-")
        do {
            let initramfs = try prepare(lab: lab, below: folder)
            let console = "\(folder)/console.log"
            let end = try boot(initramfs, lab: lab, below: folder, console: console, interruption, streams)
            let said = String(decoding: (try? readFile(console)) ?? [], as: UTF8.self)
            let outcome = outcome(end, SplatScanner.splats(in: said))
            if case .ended = outcome {
                try Files.removeTree(folder)
            } else if keepsConsole {
                for name in directoryNames(folder) where "\(folder)/\(name)" != console {
                    try Files.removeTree("\(folder)/\(name)")
                }
                progress("the guest's console is kept: \(console)")
            } else {
                try Files.removeTree(folder)
            }
            return (outcome, said)
        } catch {
            try Files.removeTree(folder)
            throw error
        }
    }

    /// What the guest and its emulator told of their end.
    private struct End {
        var status: Int32?
        var failure: String?
        var isInTime: Bool
        var emulator: Child.Outcome
    }

    private func boot(
        _ initramfs: String, lab: String, below folder: String, console: String,
        _ interruption: borrowing Interruption, _ streams: ([UInt8], Bool) throws -> Void
    ) throws -> End {
        let name = "qemu-system-x86_64"
        guard let program = Tool.path(of: name) else {
            throw LabError(.missing, "\(name) is not installed: apt-get install qemu-system-x86")
        }
        let line = "\(folder)/line"
        try Files.write("", to: line)
        let output = try OwnedDescriptor(path: line)
        let emulator = try Child(
            [lab, "parent-death-guard", "\(getpid())", "--", program] + engine.arguments + [
                "-smp", "\(processors)", "-m", "\(megabytes)M", "-nodefaults", "-no-user-config",
                "-display", "none", "-no-reboot", "-nic", "none", "-serial", "file:\(console)", "-serial",
                "file:\(line)", "-kernel", kernel.image, "-initrd", initramfs, "-append",
                "console=ttyS0 loglevel=6 panic=-1 rdinit=/init \(engine.bootWords)",
            ])
        var status: Int32?
        var failure: String?
        var read = 0
        var rest: ArraySlice<UInt8> = []
        let isInTime = try Deadline(after: limit).wait(every: .milliseconds(50)) {
            try interruption.check()
            let hasEnded = emulator.hasEnded  // asked first: then all that it wrote is there to be read
            let more = Files.rest(of: output, from: read)
            read += more.count
            rest += more
            while status == nil, failure == nil, let message = try GuestMessage.take(from: &rest) {
                switch message {
                case .ready: try Files.removeTree(initramfs)  // read long ago; anyone who kills us leaves little
                case .output(let bytes): try streams(bytes, false)
                case .errors(let bytes): try streams(bytes, true)
                case .file(let path, let bytes): try keep(bytes, of: path)
                case .exit(let number): status = number
                case .failure(let text): failure = text
                }
            }
            // Without what was taken off it.
            rest = ArraySlice(Array(rest))
            return hasEnded
        }
        if !isInTime { emulator.signal(SIGKILL) }
        return End(status: status, failure: failure, isInTime: isInTime, emulator: try emulator.wait())
    }

    private func outcome(_ end: End, _ splats: [String]) -> Outcome {
        if let failure = end.failure { return .lost("the guest could not begin: \(failure)") }
        // A guest that told its end and then hung is one that its kernel would not let go.
        if end.status != nil, !end.isInTime { return .lost(splats.first ?? "it told its end and did not power off") }
        if let status = end.status { return splats.isEmpty ? .ended(status) : .splat(splats, status: status) }
        guard end.isInTime else { return .lost("no answer within \(limit.components.seconds) s") }
        return .lost(splats.first ?? "the emulator ended with status \(end.emulator.status): \(end.emulator.errors)")
    }

    private func prepare(lab: String, below folder: String) throws -> String {
        let root = try Initramfs(folder: "\(folder)/root", userland: userland)
        try root.add(lab, at: "/unstuck-lab")
        // The Swift runtime needs /proc before it starts, which is too early for our own program to see to it.
        for tool in ["sh", "mount", "env"] { try root.addProgram(tool) }
        try Files.write(
            "#!/bin/sh\n/bin/mount -t proc proc /proc\nexec /unstuck-lab guest\n", to: "\(folder)/root/init")
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
