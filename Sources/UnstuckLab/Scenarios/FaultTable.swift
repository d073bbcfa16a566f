import TOMLKit
import UnstuckKernel

/// `lab/faults.toml`: what comes of each fault on each kernel, and what Unstuck has to say and do about it.
public struct FaultTable: Decodable, Sendable {
    /// What a fault comes to, as it can be observed.
    public struct Outcome: Decodable, Sendable {
        public var says: String
        /// States of the entries that are left in the sockmap, live ones aside.
        public var left: Set<String>
        /// What the next connection with the same tuple experiences, or this one where it lives on.
        public var next: String
        /// Finding codes.
        public var finds: Set<String>
        /// Repair deletes what is left, and the connection after the next one answers.
        public var deletes: Bool
    }

    public struct Fault: Decodable, Sendable {
        public struct Control: Decodable, Sendable {
            public var does: String
            public var outcome: String
        }
        public var code: String
        public var does: String
        /// An outcome's name by kernel, and by `default` for all others.
        public var outcome: [String: String]
        public var control: Control
    }

    public var outcome: [String: Outcome]
    public var fault: [Fault]

    public init(path: String) throws {
        guard let text = readText(path) else {
            throw LabError(.missing, "cannot read the fault table, \(path): run from the repository or use --faults")
        }
        do {
            self = try TOMLDecoder().decode(FaultTable.self, from: text)
        } catch {
            throw LabError(.invalid, "\(path) is no fault table", cause: error)
        }
        for fault in fault {
            guard fault.outcome["default"] != nil else {
                throw LabError(.invalid, "\(path): \(fault.code) has no default outcome")
            }
            for name in Array(fault.outcome.values) + [fault.control.outcome] where outcome[name] == nil {
                throw LabError(.invalid, "\(path): \(fault.code) names no known outcome with \"\(name)\"")
            }
        }
    }

    /// The name of what a fault, or its control case, comes to on a kernel.
    public func expected(_ fault: Fault, isControl: Bool, on kernel: String) -> String {
        isControl ? fault.control.outcome : fault.outcome[kernel] ?? fault.outcome["default"] ?? ""
    }

    /// docs/support-matrix.md.
    public func markdown(kernels: [String]) -> String {
        var lines = [
            "# What each kernel does, and what Unstuck does about it", "",
            "Made from lab/faults.toml by `make matrix`. Every cell is run by the tests, over IPv4 and IPv6 and with its "
                + "control case: the",
            "fault itself in a real sockmap, `unstuck diagnose`, `unstuck repair --apply`, and "
                + "the next connection.", "",
            "Columns are the kernels of lab/kernels.toml: 5.10.218 has the leak; 6.12.113 has FIONREAD's bug; 5.10, 6.1, 6.12 and sid are the newest of their "
                + "Debian suites (5.10.262, 6.1.192,",
            "6.12.118 and 7.2.13 when this was last run); machine is the host that runs "
                + "the tests (6.18).", "",
            "| fault | what is done | \(kernels.joined(separator: " | ")) |",
            "|---|---|\(kernels.map { _ in "---|" }.joined())",
        ]
        for fault in fault {
            let cells = kernels.map { expected(fault, isControl: false, on: $0) }
            lines.append("| \(fault.code) | \(fault.does) | \(cells.joined(separator: " | ")) |")
        }
        lines += [
            "", "| outcome | | the next connection | `unstuck diagnose` finds | `unstuck repair --apply` |",
            "|---|---|---|---|---|",
        ]
        for (name, outcome) in outcome.sorted(by: { $0.key < $1.key }) {
            let finds = outcome.finds.sorted().map { "`\($0)`" }.joined(separator: ", ")
            lines.append(
                "| \(name) | \(outcome.says) | \(outcome.next) | \(finds.isEmpty ? "nothing" : finds) | "
                    + "\(outcome.deletes ? "deletes it" : "deletes nothing") |")
        }
        lines += ["", "| fault | its control case | comes to |", "|---|---|---|"]
        for fault in fault { lines.append("| \(fault.code) | \(fault.control.does) | \(fault.control.outcome) |") }
        return lines.joined(separator: "\n") + "\n"
    }
}
