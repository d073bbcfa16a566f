import ArgumentParser
import Glibc
import UnstuckKernel
import UnstuckLab

struct Boot: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a command inside another kernel, under emulation.",
        discussion: """
            The guest has no network and nothing of this machine's files but copies of what it is given. The exit \
            status is the command's own; 2 if the guest was lost (panicked, hung, never answered) or its kernel \
            complained on its console, whatever the command said.

            EXAMPLES
              unstuck-lab boot 5.10.218 -- uname -r
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
    @Argument(help: "A kernel's name in the list, unless --kernel-image is given.")
    var kernel: String?
    @Argument(parsing: .postTerminator, help: "The command and its arguments, behind `--`.")
    var command: [String] = []

    func validate() throws {
        guard !command.isEmpty else { throw ValidationError("no command: unstuck-lab boot KERNEL -- CMD…") }
        guard (kernel == nil) != (kernelImage == nil) else {
            throw ValidationError("name one kernel, or give --kernel-image")
        }
        guard collect.isEmpty || results != nil else { throw ValidationError("--collect needs --results") }
    }

    func run() throws {
        let image: KernelImage
        if let kernelImage {
            image = try KernelImage(image: kernelImage, root: modules)
        } else {
            let home = unsafe getenv("HOME").map { unsafe String(cString: $0) } ?? "/root"
            image = try .fetch(
                try KernelCatalogue(path: kernels)[kernel ?? ""], below: cache ?? "\(home)/.cache/unstuck/kernels")
        }
        guard let own = linkTarget("/proc/self/exe") else { throw LabError(.missing, "/proc is not mounted") }
        var machine = VirtualMachine(kernel: image, command: command)
        machine.environment += env
        let folder = own.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
        // Both of our programs, on the guest's PATH.
        machine.programs = program
        machine.companions = ["\(folder)/unstuck", own]
        machine.files = file
        machine.collect = collect
        machine.results = results
        machine.limit = .seconds(limit)
        let first = command[0]
        if !["unstuck", "unstuck-lab"].contains(first) { machine.programs.append(first) }
        let (outcome, console) = try machine.run(lab: own) { bytes, isError in Output.raw(bytes, isError ? 2 : 1) }
        switch outcome {
        case .ended(let status): throw ExitCode(status)
        case .splat(let lines, let status):
            Output.progress(console)
            Output.progress("unstuck-lab: the kernel complained (the command's status was \(status)):")
            for line in lines { Output.progress("  \(line)") }
        case .lost(let why):
            Output.progress(console)
            Output.progress("unstuck-lab: lost: \(why)")
        }
        throw ExitCode(2)
    }
}

/// The first process of a guest.
struct GuestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "guest", shouldDisplay: false)

    func run() throws { try Guest.main() }
}
