import Glibc
import UnstuckKernel
import UnstuckModel

/// The same loopback tuple in two pods. The first pair's server is inserted; the second pair's server is refused, its
/// client is inserted: what that client sends goes to the first pod's server, which is alive and well.
///
/// The first pair's client runs beside the accelerator (one-sided), so that its key is free for the second pair's: were
/// both of the second pair refused, both would fall back to plain TCP and nothing would go astray.
public struct SharedTupleFault: Sendable {
    public var first: HostID
    public var second: HostID
    public var sourcePort: UInt16 = 40000

    public init(first: HostID, second: HostID) {
        self.first = first
        self.second = second
    }

    var tuple: FourTuple {
        let loopback = IPAddress(v4: 0x7F00_0001)
        return FourTuple(local: Endpoint(loopback, sourcePort), remote: Endpoint(loopback, LabServer.echoPort))
    }

    /// Runs as one pair's client, which must stay: the calling process is in that pod's namespace.
    /// - Parameter stay: called once with the fault; the connection lives as long as it runs.
    public func act(in lab: Lab, isFirst: Bool, stay: (Fault) throws -> Void) throws {
        let client = try TCP.connected(from: tuple.local, to: tuple.remote)
        // The second says nothing: its bytes would be read by the first pod's server.
        if isFirst, try !client.echoes(Array("first".utf8)) {
            throw LabError(.didNotHappen, "\(tuple) in \(first) does not work")
        }
        try stay(
            Fault(
                .sharedTuple, "\(tuple) in \(second): what its client sends goes to the server of \(first)",
                victims: [tuple]))
        withExtendedLifetime(client.raw) {}
    }
}

extension Lab {
    /// Makes a live wrong socket; two processes hold it until `heal`.
    @discardableResult
    public func breakSharedTuple(_ fault: SharedTupleFault) throws -> Fault {
        let first = try fileFirstPair(fault)
        do {
            var made = try actAndStay(
                as: fault.second, arguments(fault, isFirst: false), label: "shared-tuple-second-\(fault.sourcePort)")
            made.holders += first.holders
            let claims = try SockmapView(lab: self)?.claims()
            made.entriesLeft = claims == nil ? nil : 1
            try record(made)
            guard claims?.contains(fault.tuple) != false else {
                throw LabError(
                    .didNotHappen, "the second pair's client \(fault.tuple) is not in the sockmap (unstuck-lab heal)")
            }
            return made
        } catch {
            for holder in first.holders { try end(holder: holder) }
            throw error
        }
    }

    /// The first pair alone: its server's entry waits for another's bytes. Not recorded.
    func fileFirstPair(_ fault: SharedTupleFault) throws -> Fault {
        let first = try actAndStay(
            as: fault.first, arguments(fault, isFirst: true), label: "shared-tuple-first-\(fault.sourcePort)")
        if let claims = try SockmapView(lab: self)?.claims(),
            !claims.contains(fault.tuple.reversed) || claims.contains(fault.tuple)
        {
            for holder in first.holders { try end(holder: holder) }
            throw LabError(.didNotHappen, "the first pair of \(fault.tuple) is not inserted one-sided")
        }
        return first
    }

    private func arguments(_ fault: SharedTupleFault, isFirst: Bool) -> [String] {
        [
            "shared-tuple", "--pod", "\(fault.first)", "--second", "\(fault.second)", "--source-port",
            "\(fault.sourcePort)",
        ] + (isFirst ? ["--is-first"] : [])
    }
}
