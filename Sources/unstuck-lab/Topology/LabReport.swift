import UnstuckLab

/// A lab as `up` and `list` show it.
struct LabReport: Encodable {
    /// Of the JSON form.
    var schema = "unstuck-lab.lab/1"
    var name: String
    var root: String
    var accelerator: LabState.Accelerator?
    var mapPin: String?
    var hosts: [LabHost]
    var faults: [Fault]

    init(_ lab: Lab) throws {
        let state = try lab.runningState()
        name = lab.name
        root = lab.layout.root
        accelerator = state.accelerator
        mapPin = state.accelerator == nil ? nil : lab.layout.mapPin
        hosts = try lab.hosts()
        faults = try lab.faults()
    }

    func print(as format: OutputFormat) throws {
        guard format == .text else { return try Output.json(self) }
        try Output.line("lab \(name) in \(root)")
        let width = hosts.map(\.id.description.count).max() ?? 0
        for host in hosts {
            let name = host.id.description.padded(to: width)
            let processes =
                host.processes.isEmpty ? "" : "  pid \(host.processes.map(String.init).joined(separator: " "))"
            try Output.line(
                "  \(name)  \(host.addresses.v4.description.padded(to: 14))  "
                    + "\(host.addresses.v6.description.padded(to: 16))  netns \(host.namespace)\(processes)")
        }
        if let accelerator, let mapPin {
            try Output.line("  sockmap \(accelerator.mapID) \(mapPin), room for \(accelerator.mapSize) entries")
        } else {
            try Output.line("  no accelerator")
        }
        for fault in faults { try Output.line("  fault \(fault.kind.rawValue): \(fault.summary)") }
    }
}

extension String {
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
