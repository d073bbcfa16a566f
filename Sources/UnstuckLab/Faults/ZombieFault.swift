import Glibc
import UnstuckKernel
import UnstuckModel

/// Z1: the client resets, the server keeps the descriptor. The server's socket is dead but stays in the sockmap, and
/// whoever gets the same source port next sends into it.
public struct ZombieFault: Sendable {
    public var pod: HostID
    public var family = AddressFamily.v4
    /// The first source port; the following ones are poisoned too if `count` says so.
    public var sourcePort: UInt16 = 50504
    public var count = 1

    public init(pod: HostID) { self.pod = pod }

    /// Runs as the client: the calling process is in the node's control group and namespace.
    public func act(in lab: Lab) throws -> Fault {
        let server = try lab.host(pod)
        let pid = try lab.server(of: pod)
        let client = try lab.host(.node).addresses[family]
        guard count > 0, Int(sourcePort) + count - 1 <= 65535 else {
            throw LabError(.invalid, "there are no \(count) ports from \(sourcePort) on")
        }
        let victims = (0..<count).map { number in
            FourTuple(
                local: Endpoint(client, sourcePort + UInt16(number)),
                remote: Endpoint(server.addresses[family], LabServer.httpPort))
        }
        let held = try victims.map { try poison($0, lab, ProcessSockets(pid: pid)) }
        return Fault(
            .zombie,
            "\(count) connection\(count == 1 ? "" : "s") from the node to \(pod): reset by the client, "
                + "still held by the server",
            victims: victims, heldBy: held.map { Fault.Held(pid: pid, descriptor: $0.descriptor) },
            entriesLeft: try SockmapView(lab: lab)?.claims().intersection(victims.map(\.reversed)).count)
    }

    private func poison(_ tuple: FourTuple, _ lab: Lab, _ sockets: ProcessSockets) throws -> HeldConnection {
        let log = ServerLog(lab: lab, host: pod)
        let start = log.end
        do {
            let client = try TCP.connected(from: tuple.local, to: tuple.remote)
            try client.resetOnClose()
            _ = try client.send(ServerConnection.holdMark)
            let held = log.wait(from: start) { line in
                HeldConnection(line).flatMap { $0.peer == tuple.local ? $0 : nil }
            }
            guard let held else {
                throw LabError(
                    .didNotHappen,
                    "the server of \(pod) never got the first bytes from \(tuple.local): that port is poisoned "
                        + "already (unstuck-lab heal)")
            }
            // The client goes at the end of this scope: with a reset.
            return try check(held, client, tuple, lab, sockets)
        } catch let error as SystemError {
            throw LabError(.failed, "the client \(tuple) failed", cause: error)
        }
    }

    private func check(
        _ held: HeldConnection, _ client: consuming TCP, _ tuple: FourTuple, _ lab: Lab, _ sockets: ProcessSockets
    ) throws -> HeldConnection {
        guard sockets.hashedInodes().contains(held.inode) else {
            throw LabError(.didNotHappen, "the server's socket of \(tuple) was gone before the reset")
        }
        _ = consume client
        let isDead = Deadline(after: .seconds(3)).wait { !sockets.hashedInodes().contains(held.inode) }
        guard isDead else { throw LabError(.didNotHappen, "the reset of \(tuple) did not reach the server") }
        guard sockets.inode(of: held.descriptor) == held.inode else {
            throw LabError(.didNotHappen, "the server of \(pod) closed descriptor \(held.descriptor): no zombie")
        }
        if let map = try SockmapView(lab: lab), try !map.claims().contains(tuple.reversed) {
            throw LabError(.didNotHappen, "the dead socket of \(tuple) is not in the sockmap: this kernel removed it")
        }
        return held
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
                "\(fault.sourcePort)", "--count", "\(fault.count)",
            ])
        try record(made)
        return made
    }
}
