import FoundationEssentials
import UnstuckKernel

extension Lab {
    /// Runs our own program as an actor inside a host; it prints the fault that it made.
    func act(as host: HostID, _ arguments: [String]) throws -> Fault {
        let outcome = try Child.run(
            [program, "actor"] + arguments + ["--lab", name, "--as", "\(host)"], within: .seconds(120))
        guard outcome.status == 0 else {
            // The actor is our own program and has said what happened in full.
            let reason = outcome.errors.split(separator: "\n").joined(separator: " ")
            throw LabError(
                .didNotHappen, reason.hasPrefix("unstuck-lab: ") ? String(reason.dropFirst(13)) : reason)
        }
        return try JSONDecoder().decode(Fault.self, from: Data(outcome.output.utf8))
    }

    /// Starts our own program as an actor that stays inside a host until `heal`; waits until it says what it made.
    func actAndStay(as host: HostID, _ arguments: [String], label: String) throws -> Fault {
        let report = "\(layout.processLogs)/\(label).report"
        let log = "\(layout.processLogs)/\(label).log"
        try Files.removeTree(report)
        try Files.removeTree(log)
        let pid = try Child.startDetached(
            [program, "actor"] + arguments + ["--lab", name, "--as", "\(host)", "--report", report], log: log)
        let ended = Deadline(after: .seconds(10)).wait {
            Files.exists(report) || !(readText(log) ?? "").isEmpty || !Files.exists("/proc/\(pid)")
        }
        guard ended, Files.exists(report) else {
            throw LabError(.didNotHappen, readText(log) ?? "the actor \(label) said nothing")
        }
        var fault = try JSONDecoder().decode(Fault.self, from: Data(try readFile(report)))
        fault.holders = [pid]
        return fault
    }
}
