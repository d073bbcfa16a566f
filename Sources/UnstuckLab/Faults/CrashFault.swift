import Glibc
import UnstuckKernel
import UnstuckModel

/// P1 as it happens to a pod: its server stops accepting, health checks pile up and give up one by one, the server is
/// killed, and another takes its place on the same port. On an affected kernel the checks' sockets stay in the sockmap
/// for ever, and the check that gets one of their ports again hangs; on a fixed one nothing is left.
public struct CrashFault: Sendable {
    /// How long a health check waits for its answer.
    private static let patience: UInt32 = 1_000_000

    public var pod: HostID
    public var family = AddressFamily.v4
    /// The first check's source port; the others take the following ones.
    public var sourcePort: UInt16 = 50504
    public var count = 10

    public init(pod: HostID) { self.pod = pod }

    /// Runs as the clients, while the server is stopped: the calling process is in the node's control group and
    /// namespace.
    /// - Returns: the fault as far as the clients know it; what their sockets leave behind shows when the server dies.
    public func act(in lab: Lab) throws -> Fault {
        guard (1...Int(LabServer.httpBacklog)).contains(count), Int(sourcePort) + count - 1 <= 65535 else {
            throw LabError(
                .invalid, "1 to \(LabServer.httpBacklog) checks fit the listener's queue, and ports end at 65535")
        }
        let node = try lab.host(.node).addresses[family]
        let remote = Endpoint(try lab.host(pod).addresses[family], LabServer.httpPort)
        let tuples = (0..<count).map { FourTuple(local: Endpoint(node, sourcePort + UInt16($0)), remote: remote) }
        let map = try SockmapView(lab: lab)
        guard try map?.claims().isDisjoint(with: tuples.map(\.reversed)) != false else {
            throw LabError(.didNotHappen, "a port from \(sourcePort) on is poisoned already: choose --source-port")
        }

        let checks = try tuples.map { tuple in
            try WaitingClient(from: tuple.local, to: remote, saying: Request(target: remote).bytes)
        }
        if let queued = try map?.claims(ofAll: tuples.map(\.reversed)), queued != count {
            throw LabError(.didNotHappen, "only \(queued) of \(count) unaccepted checks are in the sockmap")
        }
        usleep(Self.patience)
        for check in checks { check.close() }
        return Fault(
            .crash,
            "\(count) health check\(count == 1 ? "" : "s") of \(pod) were never accepted, then its server crashed",
            victims: tuples)
    }
}

extension Lab {
    /// Stops a pod's server, lets health checks pile up, kills it and starts it anew.
    @discardableResult
    public func breakCrash(_ fault: CrashFault) throws -> Fault {
        try signalServer(fault.pod, SIGSTOP)
        var made: Fault
        do {
            made = try act(
                as: .node,
                [
                    "crash", "--pod", "\(fault.pod)", "--family", "\(fault.family.rawValue)", "--source-port",
                    "\(fault.sourcePort)", "--count", "\(fault.count)",
                ])
        } catch {
            try signalServer(fault.pod, SIGCONT)
            throw error
        }
        try replaceServer(of: fault.pod)
        if let claims = try SockmapView(lab: self)?.claims() {
            made.victims = made.victims.filter { claims.contains($0.reversed) }
            made.entriesLeft = made.victims.count
            made.summary +=
                made.victims.isEmpty ? ": this kernel left nothing" : ": \(made.victims.count) entries leaked"
        }
        if made.entriesLeft != 0 { try record(made) }
        return made
    }

    /// As its supervisor does: kills a pod's server and starts another.
    private func replaceServer(of id: HostID) throws {
        // Anyone who takes the lab down meanwhile waits, and finds the new server too.
        let lock = try LabLock.acquire(layout)
        guard let pod = try runningState().pods.first(where: { $0.id == id }) else { return }
        let pid = try server(of: id)
        try signalServer(id, SIGKILL)
        let hasGone = Deadline(after: .patience).wait {
            // Dead, buried or not: it has closed everything.
            readText("/proc/\(pid)/stat").map { $0.contains(") Z ") } ?? true
        }
        guard hasGone else { throw LabError(.failed, "the server \(pid) of \(id) survived SIGKILL") }
        try startServers(of: [pod], lock: lock.raw)
    }
}
