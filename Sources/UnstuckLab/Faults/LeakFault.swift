import Glibc
import UnstuckKernel
import UnstuckModel

/// P1: clients connect, nobody accepts, the listener closes. On an affected kernel the unaccepted sockets stay in the
/// sockmap for ever; on a fixed one nothing is left.
public struct LeakFault: Sendable {
    public var pod: HostID
    public var family = AddressFamily.v4
    public var count = 10

    public init(pod: HostID) { self.pod = pod }

    /// Runs as the clients: the calling process is in the node's control group and namespace.
    public func act(in lab: Lab) throws -> Fault {
        guard (1...Int(LabServer.unacceptedBacklog)).contains(count) else {
            throw LabError(.invalid, "1 to \(LabServer.unacceptedBacklog) connections fit the listener's queue")
        }
        let remote = Endpoint(try lab.host(pod).addresses[family], LabServer.unacceptedPort)
        let clients = try (0..<count).map { _ in try WaitingClient(to: remote, saying: Array("ten bytes\n".utf8)) }
        let tuples = clients.map { FourTuple(local: $0.local, remote: remote) }
        let map = try SockmapView(lab: lab)
        if let map {
            let queued = try map.claims(ofAll: tuples.map(\.reversed))
            guard queued == count else {
                throw LabError(.didNotHappen, "only \(queued) of \(count) unaccepted sockets are in the sockmap")
            }
        }

        let log = ServerLog(lab: lab, host: pod)
        let start = log.end
        try lab.signalServer(pod, SIGUSR2)
        guard log.wait(from: start, for: { $0.hasPrefix("reopened ") ? true : nil }) == true else {
            throw LabError(.didNotHappen, "the server of \(pod) did not close its listener")
        }
        for client in clients where !client.wasReset(within: .patience) {
            throw LabError(.didNotHappen, "the listener closed, but \(client.local) was not reset: was it accepted?")
        }
        for client in clients { client.close() }

        let left = try map?.claims().intersection(tuples.map(\.reversed)).count
        let outcome = left.map { $0 == 0 ? ": this kernel left nothing" : ": \($0) entries leaked" } ?? ""
        return Fault(
            .leak,
            "\(count) connections to \(pod) port \(LabServer.unacceptedPort) were never accepted, then the "
                + "listener closed\(outcome)",
            victims: left == 0 ? [] : tuples, entriesLeft: left)
    }
}

extension Lab {
    /// Lets connections wait for an accept that never comes, and closes the listener.
    @discardableResult
    public func breakLeak(_ fault: LeakFault) throws -> Fault {
        let made = try act(
            as: .node,
            ["leak", "--pod", "\(fault.pod)", "--family", "\(fault.family.rawValue)", "--count", "\(fault.count)"])
        if made.entriesLeft != 0 { try record(made) }
        return made
    }
}
