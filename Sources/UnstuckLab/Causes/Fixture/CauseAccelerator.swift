import UnstuckKernel
import UnstuckModel

/// The reference accelerator for the processes that this one starts while it lives, in a cgroup and with a sockmap of
/// its own.
final class CauseAccelerator {
    private static let accelerator = FixtureAccelerator.cilium
    private let cgroup: FixtureCgroup
    private let object: BPFObject
    private let link: Attachment
    /// The id of its sockmap.
    let map: UInt32

    private final class Attachment {
        let link: BPFLink
        init(_ link: consuming BPFLink) { self.link = link }
    }

    /// Moves the calling process into the cgroup.
    init() throws {
        cgroup = try FixtureCgroup()
        object = try BPFObject(embedded: Self.accelerator.object, name: "cause_accel")
        let sockmap = try object.map(Self.accelerator.mapName)
        sockmap.setMaxEntries(64)
        try object.load()
        try object.program("redirect_message").attach(.messageVerdict, to: sockmap)
        link = Attachment(try object.program("file_socket").attach(toGroup: try cgroup.open(.inside)))
        map = try sockmap.id()
        try cgroup.join(.inside)
    }

    /// Whether both ends of a connection are in the sockmap.
    func holds(_ tuple: FourTuple) throws -> Bool {
        let keys = try object.map(Self.accelerator.mapName).keys(size: Self.accelerator.layout.size)
        return [tuple, tuple.reversed].allSatisfy { end in
            let claims = Self.accelerator.layout.claims(naming: end)
            return keys.contains { Self.accelerator.layout.decode($0).map(claims.contains) == true }
        }
    }

    /// Ended first: a cgroup with a process in it cannot be removed.
    func leave() { cgroup.leave() }
}
