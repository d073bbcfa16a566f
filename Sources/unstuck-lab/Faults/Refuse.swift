import ArgumentParser
import Glibc
import UnstuckLab

struct Refuse: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a command whose system calls of one kind all fail, as a seccomp filter makes them.",
        discussion: """
            What containers and service managers do to programs. The command's own start is not spared: one that is not \
            static does not even begin without openat.

            EXAMPLES
              unstuck-lab refuse newfstatat -- unstuck repair
              unstuck-lab refuse bpf --error ENOSYS -- unstuck sockmaps list
            """)

    enum Code: String, ExpressibleByArgument, CaseIterable {
        case EPERM, EACCES, ENOSYS, EIO
        var number: Int32 {
            switch self {
            case .EPERM: Glibc.EPERM
            case .EACCES: Glibc.EACCES
            case .ENOSYS: Glibc.ENOSYS
            case .EIO: Glibc.EIO
            }
        }
    }

    @Argument(help: "The call, by its kernel name: newfstatat, openat, bpf, …")
    var call: String
    @Option(help: "What it fails with.")
    var error: Code = .EPERM
    @Argument(parsing: .postTerminator, help: "The command and its arguments, behind `--`.")
    var command: [String] = []

    func validate() throws {
        guard !command.isEmpty else { throw ValidationError("no command: unstuck-lab refuse CALL -- CMD…") }
        guard RefusedCall.names.contains(call) else {
            throw ValidationError("no call \"\(call)\"; there are \(RefusedCall.names.joined(separator: ", "))")
        }
    }

    func run() throws {
        try RefusedCall.refuse(call, with: error.number)
        try Joining.become(command)
    }
}
