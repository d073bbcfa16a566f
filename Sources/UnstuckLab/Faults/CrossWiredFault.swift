import Glibc
import UnstuckKernel
import UnstuckModel

/// Z5: a process gives up its connection and makes another with the same descriptor. Its old key stays in the sockmap
/// and now points at the new connection: what the first pod answers to anyone who uses that port next lands there.
public struct CrossWiredFault: Sendable {
    public var first: HostID
    public var second: HostID
    public var family = AddressFamily.v4
    public var sourcePort: UInt16 = 50600

    public init(first: HostID, second: HostID) {
        self.first = first
        self.second = second
    }

    /// Runs as the client, which must stay: the calling process is in the node's control group and namespace.
    /// - Parameter stay: called once with the fault; the connection lives as long as it runs.
    public func act(in lab: Lab, stay: (Fault) throws -> Void) throws {
        let local = Endpoint(try lab.host(.node).addresses[family], sourcePort)
        let old = FourTuple(
            local: local, remote: Endpoint(try lab.host(first).addresses[family], LabServer.echoPort))
        let new = FourTuple(
            local: local, remote: Endpoint(try lab.host(second).addresses[family], LabServer.echoPort))

        let client = try TCP.connected(from: local, to: old.remote)
        guard try client.echoes(Array("first".utf8)) else {
            throw LabError(.didNotHappen, "\(old) does not work: is that port poisoned already? (unstuck-lab heal)")
        }
        try client.disconnect()
        try client.connect(to: new.remote)
        guard try client.echoes(Array("second".utf8)) else {
            throw LabError(.didNotHappen, "\(new) does not work after the socket was used again")
        }
        let map = try SockmapView(lab: lab)
        if let claims = try map?.claims() {
            // The new tuple is not inserted: a socket that has a msg program already is refused with EBUSY.
            guard claims.contains(old) else {
                throw LabError(.didNotHappen, "the key of \(old) left the sockmap: this kernel removed it")
            }
        }
        try stay(
            Fault(
                .crossWired, "the socket of \(new) is still in the map as \(old) too", victims: [old],
                heldBy: [Fault.Held(pid: getpid(), descriptor: client.raw)], entriesLeft: map == nil ? nil : 1))
        withExtendedLifetime(client.raw) {}
    }
}

extension Lab {
    /// Makes a cross-wired entry; a process of its own holds it until `heal`.
    @discardableResult
    public func breakCrossWired(_ fault: CrossWiredFault) throws -> Fault {
        let made = try actAndStay(
            as: .node,
            [
                "cross-wired", "--pod", "\(fault.first)", "--second", "\(fault.second)", "--family",
                "\(fault.family.rawValue)", "--source-port", "\(fault.sourcePort)",
            ], label: "cross-wired-\(fault.family.rawValue)-\(fault.sourcePort)")
        try record(made)
        return made
    }
}
