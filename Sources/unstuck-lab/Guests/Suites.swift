import ArgumentParser
import Glibc
import UnstuckKernel
import UnstuckLab

struct Suites: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the tests inside other kernels, and show in one table what ran where.",
        discussion: """
            In each kernel the tests run that the list of kernels gives it, unless --all or --filter is given. Without \
            --bundle no guest is started: only the machine's own run is evaluated. The exit status is 1 if a test \
            failed, a run is no result, or a test was skipped without need.

            EXAMPLES
              unstuck-lab suites --bundle .build/debug/unstuckPackageTests.xctest --kernel sid --filter RepairTests
              unstuck-lab suites --machine .build/test-events.jsonl
            """)

    @Option(help: "The list of kernels.")
    var kernels = "lab/kernels.toml"
    @Option(help: "A kernel of the list to run the tests in. Default: all of them.")
    var kernel: [String] = []
    @Option(help: "The test bundle to run in each kernel.")
    var bundle: String?
    @Option(help: "Only tests whose names match this regular expression.")
    var filter: [String] = []
    @Flag(help: "Every test in every kernel, whatever the list of kernels gives it.")
    var all = false
    @Option(help: ArgumentHelp("A variable of the tests' environment.", valueName: "name=value"))
    var env: [String] = []
    @Option(help: "The event stream of the same tests' run on the machine itself.")
    var machine: String?
    @Option(help: "The process of that run, if it is not over yet: guests run beside it.")
    var machineProcess: Int32?
    @Flag(help: "Every kernel has its turn: a test that ran on none of them is a failure.")
    var whole = false
    @Option(help: "Where the guests' logs go.")
    var results = ".build/guests"
    @Option(help: "Where the complete table goes.")
    var table = ".build/test-table.md"
    @Option(help: "The table of whole runs, in which each kernel's column is replaced as it ends. With --all.")
    var matrix: String?
    @Option(help: "With --matrix: the commit that is tested.")
    var commit: String?
    @Option(help: "Guests at a time.")
    var jobs = 2
    @Option(help: "Seconds after which a guest is lost.")
    var limit = 3300

    func validate() throws {
        guard jobs > 0, limit > 0 else { throw ValidationError("--jobs and --limit are positive") }
        guard !whole || bundle != nil && machine != nil && kernel.isEmpty else {
            throw ValidationError("--whole is of the machine and all kernels: --machine, --bundle, and no --kernel")
        }
        guard machineProcess == nil || machine != nil && machineProcess ?? 0 > 0 else {
            throw ValidationError("--machine-process goes with --machine")
        }
        guard !all || filter.isEmpty else { throw ValidationError("--all runs everything, and --filter does not") }
        guard (matrix == nil) == (commit == nil), matrix == nil || all else {
            throw ValidationError("--matrix and --commit go together, and with --all")
        }
        guard bundle != nil || machine != nil else { throw ValidationError("nothing to run: --bundle or --machine") }
    }

    func run() throws {
        // A number alone may be another process's by then.
        let machineStart = machineProcess.flatMap { ProcessStatus.startTime(of: $0) }
        let catalogue = try KernelCatalogue(path: kernels)
        var columns: [TestTable.Column] = []
        if let bundle {
            let chosen =
                try kernel.isEmpty
                ? catalogue.kernel.filter { all || !filter.isEmpty || $0.tests != nil }
                : kernel.map { try catalogue[$0] }
            columns += try run(try absolute(bundle), in: chosen, of: catalogue)
        }
        if let machine {
            while let machineProcess, let machineStart, ProcessStatus.startTime(of: machineProcess) == machineStart {
                usleep(100_000)
            }
            guard let text = readText(machine) else { throw LabError(.missing, "cannot read \(machine)") }
            let events = KernelRun(lines: text.split(separator: "\n"))
            let column = TestTable.Column("machine", provides: catalogue.machine.provides, run: events)
            let times = events.times ?? 0...0
            try keep(
                column, version: readText("/proc/version") ?? "", seconds: times.upperBound - times.lowerBound,
                catalogue)
            columns.insert(column, at: 0)
        }
        let table = TestTable(columns)
        try table.write(to: self.table)
        for line in table.summary { try Output.line(line) }
        let problems = table.problems(isWhole: whole)
        for problem in problems { Output.progress("✗ \(problem)") }
        try Output.line("the complete table is in \(self.table)")
        if !problems.isEmpty { throw ExitCode(1) }
    }

    /// Runs them, a few at a time.
    private func run(
        _ bundle: String, in kernels: [KernelCatalogue.Kernel], of catalogue: KernelCatalogue
    ) throws -> [TestTable.Column] {
        guard let own = linkTarget("/proc/self/exe") else { throw LabError(.missing, "/proc is not mounted") }
        let root = try absolute(".")
        var options = GuestSuite.Options(
            bundle: bundle, root: root, results: results.hasPrefix("/") ? results : "\(root)/\(results)")
        options.environment = env + (all ? ["\(KernelCatalogue.thoroughVariable)=1"] : [])
        options.limit = .seconds(limit)
        var waiting = catalogue.inStartOrder(kernels)[...]
        var running: [GuestSuite] = []
        var done: [String: TestTable.Column] = [:]
        while !waiting.isEmpty || !running.isEmpty {
            while running.count < jobs, let next = waiting.popFirst() {
                Output.progress("\(next.name): begins")
                options.selection = try selection(of: next, catalogue)
                running.append(try GuestSuite(next, lab: own, options))
            }
            usleep(500_000)
            for suite in running {
                let name = suite.kernel.name
                for test in try suite.update() {
                    let outcome = suite.run.outcomes[test] == .failed ? "FAILED" : "passed"
                    Output.progress("\(name): \(suite.seconds) s  \(outcome)  \(test)")
                }
                guard suite.isOver else { continue }
                Output.progress("\(name): \(suite.trouble ?? "ended") after \(suite.seconds) s")
                let column = TestTable.Column(
                    name, provides: try catalogue.provides(name, thorough: all), run: suite.run, trouble: suite.trouble,
                    selection: suite.selection)
                try keep(column, version: suite.version ?? "", seconds: Double(suite.seconds), catalogue)
                done[name] = column
            }
            running.removeAll { $0.isOver }
        }
        return kernels.compactMap { done[$0.name] }
    }

    private func selection(of kernel: KernelCatalogue.Kernel, _ catalogue: KernelCatalogue) throws -> TestSelection {
        if all { return .all }
        return filter.isEmpty ? try catalogue.selection(of: kernel) : TestSelection(name: "filter", run: filter)
    }

    /// Writes a column of the table of whole runs: at once, so that a run that is cut off later keeps it.
    private func keep(_ column: TestTable.Column, version: String, seconds: Double, _ catalogue: KernelCatalogue) throws
    {
        guard let matrix, let commit else { return }
        var kept = try TestMatrix(kernels: ["machine"] + catalogue.kernel.map(\.name), readFrom: matrix)
        let column = TestMatrix.Column(column, version: version, commit: commit, seconds: seconds)
        try kept.replace(column, in: matrix, commit: commit)
    }

    /// Also makes sure that it is there.
    private func absolute(_ path: String) throws -> String {
        guard let full = unsafe realpath(path, nil) else { throw LabError(.missing, "there is no \(path)") }
        defer { unsafe free(full) }
        return unsafe String(cString: full)
    }
}
