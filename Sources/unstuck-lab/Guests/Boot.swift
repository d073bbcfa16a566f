import ArgumentParser
import Glibc
import UnstuckKernel
import UnstuckLab

struct Boot: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a command inside another kernel, in a virtual machine.",
        discussion: """
            The guest has no network and nothing of this machine's files but copies of what it is given. The exit \
            status is the command's own; 2 if the guest was lost (panicked, hung, never answered) or its kernel \
            complained on its console, whatever the command said; that console is kept, and where is said. KVM is used \
            where a guest that was tried with it answers, else emulation. `unstuck`, `unstuck-lab` and the command \
            itself are taken along; every other program that it uses needs its own --program. --program, --file, --env \
            and --collect may be given many times. A listed kernel is downloaded once, through apt.

            EXAMPLES
              unstuck-lab boot 5.10.218 -- uname -r
              unstuck-lab boot 5.10.218 --userland bullseye -- unstuck --version
              unstuck-lab boot sid --program bash -- bash -c 'unstuck-lab up && unstuck diagnose'
            """)

    @Option(help: "The list of kernels.")
    var kernels = "lab/kernels.toml"
    @Option(help: "Where fetched kernels are kept. Default: ~/.cache/unstuck/kernels")
    var cache: String?
    @Option(help: "An image of your own instead of a listed kernel.")
    var kernelImage: String?
    @Option(help: "With --kernel-image: the folder that holds its lib/modules.")
    var modules: String?
    @Option(help: "The guest's programs and libc come from this Debian suite, not from this machine.")
    var userland: String?
    @Option(help: "Another program to take along, with its libraries.")
    var program: [String] = []
    @Option(help: "Another file or folder to take along, to the same path.")
    var file: [String] = []
    @Option(help: "A variable for the command, NAME=VALUE.")
    var env: [String] = []
    @Option(help: "A file to bring back from the guest, into --results.")
    var collect: [String] = []
    @Option(help: "The folder for what is brought back.")
    var results: String?
    @Option(help: "Seconds after which the guest is lost.")
    var limit = 300
    @Option(help: "The guest's memory in MB.")
    var memory = 2048
    @Option(help: "kvm, tcg (emulation), or auto: KVM if it runs a guest here.")
    var accel = Accel.auto
    @Argument(help: "A kernel's name in the list, unless --kernel-image is given.")
    var kernel: String?
    @Argument(parsing: .postTerminator, help: "The command and its arguments, behind `--`.")
    var command: [String] = []

    enum Accel: String, ExpressibleByArgument { case auto, kvm, tcg }

    func validate() throws {
        guard !command.isEmpty else { throw ValidationError("no command: unstuck-lab boot KERNEL -- CMD…") }
        guard (kernel == nil) != (kernelImage == nil) else {
            throw ValidationError("name one kernel, or give --kernel-image")
        }
        guard collect.isEmpty || results != nil else { throw ValidationError("--collect needs --results") }
        guard memory >= 256 else { throw ValidationError("--memory is at least 256") }
    }

    func run() throws {
        let home = unsafe getenv("HOME").map { unsafe String(cString: $0) } ?? "/root"
        let cache = cache ?? "\(home)/.cache/unstuck/kernels"
        let image =
            if let kernelImage {
                try KernelImage(image: kernelImage, root: modules)
            } else {
                try KernelImage.fetch(try KernelCatalogue(path: kernels)[kernel ?? ""], below: cache)
            }
        guard let own = linkTarget("/proc/self/exe") else { throw LabError(.missing, "/proc is not mounted") }
        var machine = VirtualMachine(kernel: image, command: command)
        machine.engine = try engine(image, cache, own)
        machine.environment += env
        let folder = own.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
        // Both of our programs, on the guest's PATH.
        machine.userland = try userland.map { try Userland.fetch($0, below: cache) }
        machine.programs = program
        machine.companions = ["\(folder)/unstuck", own]
        machine.files = file
        machine.collect = collect
        machine.results = results
        machine.limit = .seconds(limit)
        machine.megabytes = memory
        machine.progress = Self.say
        let first = command[0]
        if !["unstuck", "unstuck-lab"].contains(first) { machine.programs.append(first) }
        let (outcome, console) = try machine.run(lab: own) { bytes, isError in
            if isError { StandardError.write(bytes) } else { try Output.raw(bytes) }
        }
        switch outcome {
        case .ended(let status): throw ExitCode(status)
        case .splat(let lines, let status):
            Self.showEnd(of: console)
            Self.say("the kernel complained (the command's status was \(status)):")
            for line in lines { Output.progress("  \(line)") }
        case .lost(let why):
            Self.showEnd(of: console)
            Self.say("lost: \(why)")
        }
        throw ExitCode(2)
    }

    private func engine(_ image: KernelImage, _ cache: String, _ own: String) throws -> GuestEngine {
        switch accel {
        case .kvm: return .kvm
        case .tcg: return .tcg
        case .auto:
            // An image of a given one proves nothing about KVM if it fails.
            guard let known = try kernelImage == nil ? image : KernelImage.fetched(below: cache) else { return .tcg }
            return try KVMProbe(cache: cache, progress: Self.say).engine(trying: known, lab: own)
        }
    }

    private static func showEnd(of console: String) {
        for line in console.split(whereSeparator: \.isNewline).suffix(40) { Output.progress(String(line)) }
    }

    private static func say(_ text: String) { Output.progress("unstuck-lab: \(text)") }
}

/// The first process of a guest.
struct GuestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "guest", shouldDisplay: false)

    func run() throws { try Guest.main() }
}
