import UnstuckKernel

extension Lab {
    /// Runs our own program as an actor inside a host; it prints the fault that it made.
    func act(as host: HostID, _ arguments: [String]) throws -> Fault {
        let outcome = try Child.run(
            [program, "actor"] + arguments + ["--lab", name, "--as", "\(host)"], within: .seconds(120))
        guard outcome.status == 0 else {
            throw LabError(.didNotHappen, Self.lastWords(outcome.errors))
        }
        return try JSONText.decode(Fault.self, from: outcome.output)
    }

    /// Starts our own program as an actor that stays inside a host until `heal`; waits until it says what it made.
    func actAndStay(as host: HostID, _ arguments: [String], label: String) throws -> Fault {
        let report = "\(layout.processLogs)/\(label).report"
        let log = "\(layout.processLogs)/\(label).log"
        try Files.removeTree(report)
        try Files.removeTree(log)
        let pid = try Child.startDetached(
            [program, "actor"] + arguments + ["--lab", name, "--as", "\(host)", "--report", report], log: log)
        let ended = Deadline(after: .patience).wait {
            Files.exists(report) || !(readText(log) ?? "").isEmpty || !Files.exists("/proc/\(pid)")
        }
        guard ended, Files.exists(report) else {
            throw LabError(.didNotHappen, Self.lastWords(readText(log) ?? "the actor \(label) said nothing"))
        }
        var fault = try JSONText.decode(Fault.self, from: readText(report) ?? "")
        fault.holders = [pid]
        return fault
    }

    /// What an actor said, which is our own program and names itself first.
    private static func lastWords(_ text: String) -> String {
        text.split(separator: "\n").joined(separator: " ").replacing("unstuck-lab: ", with: "", maxReplacements: 1)
    }
}
