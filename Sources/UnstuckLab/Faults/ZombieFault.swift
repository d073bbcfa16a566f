import Glibc
import UnstuckKernel
import UnstuckModel

/// Z1: the client resets, the server keeps the descriptor. The server's socket is dead but stays in the sockmap, and
/// anyone who gets the same source port next sends into it.
public struct ZombieFault: Sendable {
    public var pod: HostID
    public var family = AddressFamily.v4
    /// The first source port; the following ones are poisoned too if `count` says so.
    public var sourcePort: UInt16 = 50504
    public var count = 1
    /// From one source port to the next.
    public var step = 1

    public init(pod: HostID) { self.pod = pod }

    /// Runs as the client: the calling process is in the node's control group and namespace.
    public func act(in lab: Lab) throws -> Fault {
        let server = try lab.host(pod)
        let pid = try lab.server(of: pod)
        let client = try lab.host(.node).addresses[family]
        guard count > 0, step > 0, Int(sourcePort) + (count - 1) * step <= 65535 else {
            throw LabError(.invalid, "there are no \(count) ports from \(sourcePort) on, \(step) apart")
        }
        let victims = (0..<count).map { number in
            FourTuple(
                local: Endpoint(client, sourcePort + UInt16(number * step)),
                remote: Endpoint(server.addresses[family], LabServer.httpPort))
        }
        var held: [HeldConnection] = []
        for start in stride(from: 0, to: victims.count, by: Self.batch) {
            held += try poison(
                Array(victims[start..<min(start + Self.batch, victims.count)]), lab, ProcessSockets(pid: pid))
        }
        return Fault(
            .zombie,
            "\(count) connection\(count == 1 ? "" : "s") from the node to \(pod): reset by the client, "
                + "still held by the server",
            victims: victims, heldBy: held.map { Fault.Held(pid: pid, descriptor: $0.descriptor) },
            entriesLeft: try SockmapView(lab: lab)?.claims().intersection(victims.map(\.reversed)).count)
    }

    /// Connections that are made, checked and reset together.
    private static let batch = 100

    private func poison(
        _ tuples: [FourTuple], _ lab: Lab, _ sockets: ProcessSockets
    ) throws -> [HeldConnection] {
        let log = ServerLog(lab: lab, host: pod)
        let start = log.end
        var clients: [ScenarioSocket] = []
        do {
            for tuple in tuples {
                let client = try TCP.connected(from: tuple.local, to: tuple.remote)
                try client.resetOnClose()
                _ = try client.send(ServerConnection.holdMark)
                clients.append(ScenarioSocket(client))
            }
        } catch let error as SystemError {
            throw LabError(.failed, "the client \(tuples[clients.count]) failed", cause: error)
        }
        var held: [Endpoint: HeldConnection] = [:]
        let wanted = Set(tuples.map(\.local))
        _ = log.wait(from: start, within: .seconds(10)) { line in
            if let one = HeldConnection(line), wanted.contains(one.peer) { held[one.peer] = one }
            return held.count == wanted.count ? true : nil
        }
        let all = try tuples.map { tuple in
            guard let one = held[tuple.local] else {
                throw LabError(
                    .didNotHappen,
                    "the server of \(pod) never got the first bytes from \(tuple.local): that port is poisoned "
                        + "already (unstuck-lab heal)")
            }
            return one
        }
        let alive = sockets.hashedInodes()
        for (one, tuple) in zip(all, tuples) where !alive.contains(one.inode) {
            throw LabError(.didNotHappen, "the server's socket of \(tuple) was gone before the reset")
        }
        for client in clients { client.close() }  // with a reset
        try check(all, tuples, lab, sockets)
        return all
    }

    private func check(
        _ held: [HeldConnection], _ tuples: [FourTuple], _ lab: Lab, _ sockets: ProcessSockets
    ) throws {
        let inodes = Set(held.map(\.inode))
        guard Deadline(after: .seconds(10)).wait(until: { sockets.hashedInodes().isDisjoint(with: inodes) }) else {
            throw LabError(.didNotHappen, "the reset of \(tuples[0]) or one after it did not reach the server")
        }
        for one in held where sockets.inode(of: one.descriptor) != one.inode {
            throw LabError(.didNotHappen, "the server of \(pod) closed descriptor \(one.descriptor): no zombie")
        }
        guard let claims = try SockmapView(lab: lab)?.claims() else { return }
        for tuple in tuples where !claims.contains(tuple.reversed) {
            throw LabError(.didNotHappen, "the dead socket of \(tuple) is not in the sockmap: this kernel removed it")
        }
    }
}

extension Lab {
    /// Makes zombies on the node's pod.
    @discardableResult
    public func breakZombie(_ fault: ZombieFault) throws -> Fault {
        let made = try act(
            as: .node,
            [
                "zombie", "--pod", "\(fault.pod)", "--family", "\(fault.family.rawValue)", "--source-port",
                "\(fault.sourcePort)", "--count", "\(fault.count)", "--step", "\(fault.step)",
            ])
        try record(made)
        return made
    }
}
