import Glibc
import UnstuckKernel

/// The tests of one bundle inside one kernel of the catalogue, while they run and after: `unstuck-lab boot` as a process of
/// its own, which tells the tests' events as they happen.
public final class GuestSuite {
    public struct Options: Sendable {
        /// The test bundle that is run, the same as on the machine.
        public var bundle: String
        /// The repository: the tests read its files by relative paths.
        public var root: String
        /// The tests that are run.
        public var selection = TestSelection.all
        /// Folder for each kernel's log.
        public var results: String
        /// More of the tests' environment: `NAME=value`.
        public var environment: [String] = []
        /// For one guest.
        public var limit: Duration = .seconds(3300)

        public init(bundle: String, root: String, results: String) {
            self.bundle = bundle
            self.root = root
            self.results = results
        }
    }

    public let kernel: KernelCatalogue.Kernel
    public let selection: TestSelection
    public private(set) var run = KernelRun()
    /// Of the guest's kernel: `/proc/version`.
    public private(set) var version: String?
    /// Why the run is no result; known once it has ended.
    public private(set) var trouble: String?
    private let child: Child
    private let log: String
    /// Bytes of its output.
    private var taken = 0
    private let begin = ContinuousClock.now

    /// What the tests start.
    private static let programs = [
        "bash", "bpftool", "cat", "nft", "nsenter", "setpriv", "sleep", "ss", "tc", "unshare",
    ]
    /// What the tests read, of the repository.
    private static let readFolders = ["docs", "lab", "Tests/UnstuckFormatsTests/Fixtures"]
    /// As on the machine: tests hold more than a guest's 1024 files.
    private static let openFiles = 20_000

    /// - Parameter lab: this program, static.
    public init(_ kernel: KernelCatalogue.Kernel, lab: String, _ options: Options) throws {
        self.kernel = kernel
        selection = options.selection
        try Files.makeFolder(options.results)
        log = "\(options.results)/\(kernel.name).log"
        child = try Child(
            [lab, "parent-death-guard", "\(getpid())", "--", lab]
                + Self.boot(kernel.name, options, nginx: try NginxProgram.fetch()) + ["--"]
                + Self.command(options))
    }

    private static func boot(_ name: String, _ options: Options, nginx: String) -> [String] {
        let fixed = [
            "boot", name, "--kernels", "\(options.root)/lab/kernels.toml", "--limit",
            "\(options.limit.components.seconds)", "--file", "/etc/hostname",
        ]
        let variables =
            [
                "UNSTUCK_KERNEL=\(name)", "UNSTUCK_SCALE=small", "UNSTUCK_BIN_DIR=/usr/bin", "NO_COLOR=1",
                "\(NginxProgram.variable)=\(nginx)",
            ] + options.environment
        return fixed + readFolders.flatMap { ["--file", "\(options.root)/\($0)"] }
            + (programs + [nginx, options.bundle]).flatMap { ["--program", $0] }
            + variables.flatMap { ["--env", $0] }
    }

    /// The tests' words go to standard error, their events to standard output, as they happen.
    private static func command(_ options: Options) -> [String] {
        [
            "sh", "-c",
            "read -r version < /proc/version && echo \"$version\" && ulimit -n \(openFiles) && cd \"$0\" && exec \"$@\"",
            options.root, options.bundle,
            "--testing-library", "swift-testing", "--no-parallel", "--event-stream-version", "0",
            "--event-stream-output-path", "/proc/self/fd/1",
        ] + options.selection.arguments
    }

    /// Takes in what was reported since the last time.
    /// - Returns: the tests that ended since.
    public func update() throws -> [TestName] {
        let hasEnded = child.hasEnded  // asked first: then all that it told is there to be read
        let bytes = child.output(from: taken)
        // The last line is not whole.
        let whole = bytes.prefix((bytes.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1)
        taken += whole.count
        let fresh = String(decoding: whole, as: UTF8.self).split(separator: "\n")
        version = version ?? fresh.first { $0.hasPrefix("Linux version ") }.map(String.init)
        let ended = fresh.compactMap { run.add($0) }
        if hasEnded, !isOver { try finish() }
        return ended
    }

    public private(set) var isOver = false
    /// Since it began.
    public var seconds: Int64 { (ContinuousClock.now - begin).components.seconds }

    private func finish() throws {
        isOver = true
        let outcome = try child.wait()
        try Files.write(outcome.errors, to: log)
        trouble = Self.trouble(status: outcome.status, errors: outcome.errors, run).map { "\($0) (\(log))" }
    }

    /// What makes a run no result, whatever its tests told.
    /// - Parameter status: of `boot`: the tests' own, or 2 for a guest that was lost or a kernel that complained.
    static func trouble(status: Int32, errors: String, _ run: KernelRun) -> String? {
        let hasFailed = run.count { $0 == .failed } > 0 || !run.issues.isEmpty
        switch status {
        case 2:
            let lines = errors.split(separator: "\n")
            guard let last = lines.lastIndex(where: { $0.hasPrefix("unstuck-lab: ") }) else {
                return "the guest ended with status 2 and nobody said why"
            }
            return lines[last...].joined(separator: "\n    ")
        case 0 where run.hasEnded, 1 where run.hasEnded && hasFailed: return nil
        case 0, 1: return "the tests ended with status \(status) and did not tell why"
        default:
            return status > 128
                ? "the tests crashed with signal \(status - 128)" : "the tests ended with status \(status)"
        }
    }
}
