import UnstuckKernel
import UnstuckModel

/// The accelerator's map as far as the faults look at it: which tuples its keys claim.
struct SockmapView {
    private let path: String

    /// `nil` for a lab without an accelerator.
    init?(lab: Lab) throws {
        guard try lab.runningState().accelerator != nil else { return nil }
        path = lab.layout.mapPin
    }

    /// The tuples that the keys claim, each as its socket sees it.
    func claims() throws -> Set<FourTuple> {
        let keys = try PinnedMap(path: path).keys(size: Accelerator.keySize)
        return Set(keys.compactMap(KeyLayout.cilium.decode))
    }

    /// How many of some tuples are claimed, once all are: the last packet of a handshake can come after its client has
    /// connected.
    func claims(ofAll tuples: [FourTuple]) throws -> Int {
        var found = 0
        _ = try Deadline(after: .patience).wait {
            found = try claims().intersection(tuples).count
            return found == tuples.count
        }
        return found
    }
}
