import Glibc
import UnstuckKernel
import UnstuckModel

/// One lab: a node with pods, and a second node, in network namespaces and control groups of their own.
///
/// A value of this type only names a lab; nothing is there before `up`.
public struct Lab: Sendable {
    public let layout: LabLayout
    /// The `unstuck-lab` program, which runs the lab's servers and clients.
    public let program: String

    public static let defaultName = "lab"

    /// - Parameters:
    ///   - name: 1 to 20 lower-case letters and digits.
    ///   - program: `nil` finds it beside the running program.
    /// - Throws: `LabError` for an impossible name, a machine without cgroup v2, or a program that is not there.
    public init(name: String = defaultName, program: String? = nil) throws {
        layout = try LabLayout(name: name, cgroupMount: try MountTable.cgroup2())
        self.program = try program ?? Self.findProgram()
    }

    public var name: String { layout.name }

    /// What `up` wrote down; `nil` where there is no lab of this name.
    public func state() throws -> LabState? {
        guard Files.exists(layout.statePath) else { return nil }
        do {
            return try JSONText.decode(LabState.self, from: readText(layout.statePath) ?? "")
        } catch {
            throw LabError(.failed, "\(layout.statePath) is damaged; `unstuck-lab down` still works", cause: error)
        }
    }

    /// The state of a lab that can be used.
    public func runningState() throws -> LabState {
        guard let state = try state() else {
            throw LabError(.notUp, "there is no lab \"\(name)\": unstuck-lab up")
        }
        guard state.phase == .up else {
            throw LabError(.notUp, "lab \"\(name)\" was never finished: unstuck-lab up --replace")
        }
        return state
    }

    /// One host, `node`, `remote` or `shop/web-0`.
    public func host(_ name: String) throws -> LabHost {
        guard let id = HostID(name) else {
            throw LabError(.invalid, "\"\(name)\" is none of node, remote and NAMESPACE/POD")
        }
        return try host(id)
    }

    public func host(_ id: HostID) throws -> LabHost {
        let state = try runningState()
        guard let host = hosts(of: state).first(where: { $0.id == id }) else {
            let known = hosts(of: state).map(\.id.description).joined(separator: ", ")
            throw LabError(.invalid, "lab \"\(name)\" has no \(id); it has \(known)")
        }
        return host
    }

    public func hosts() throws -> [LabHost] { hosts(of: try runningState()) }

    func hosts(of state: LabState) -> [LabHost] {
        let machines: [(HostID, HostAddresses, String?)] = [
            (.node, AddressPlan.node, nil), (.remote, AddressPlan.remote, nil),
        ]
        let pods = state.pods.map { ($0.id, AddressPlan.pod($0.index), String?.some($0.uid)) }
        return (machines + pods).compactMap { id, addresses, uid in
            layout.cgroup(id, pods: state.pods).map { cgroup in
                LabHost(
                    id: id, addresses: addresses, namespace: layout.namespace(id), cgroup: cgroup, podUID: uid,
                    processes: ControlGroup(cgroup).processes)
            }
        }
    }

    func save(_ state: LabState) throws {
        try Files.publish(try JSONText.encode(state, pretty: true) + "\n", at: layout.statePath)
    }

    // MARK: Processes

    /// Starts a command inside a host; its output is caught.
    public func spawn(as host: String, _ arguments: [String], input: String = "") throws -> Child {
        try Child([program, "exec", "--lab", name, "--as", host, "--"] + arguments, input: input)
    }

    /// Runs a command inside a host to its end.
    public func run(
        as host: String, _ arguments: [String], input: String = "", within limit: Duration = .seconds(30)
    ) throws -> Child.Outcome {
        let child = try spawn(as: host, arguments, input: input)
        return try child.wait(within: limit)
    }

    /// Beside the running program: for `unstuck-lab` that is itself, for a test bundle the program built with it.
    private static func findProgram() throws -> String {
        guard let own = linkTarget("/proc/self/exe"), let slash = own.lastIndex(of: "/") else {
            throw LabError(.missing, "cannot read /proc/self/exe: is /proc mounted?")
        }
        let path = own[..<slash] + "/unstuck-lab"
        guard unsafe access(String(path), X_OK) == 0 else {
            throw LabError(.missing, "\(path) is not there: swift build --product unstuck-lab")
        }
        return String(path)
    }
}
