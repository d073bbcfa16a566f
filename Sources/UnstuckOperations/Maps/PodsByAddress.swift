import UnstuckKernel
import UnstuckModel

/// Pods by address, as the node's TCP tables tell.
///
/// - Returns: the index, and why it may lack pods.
public func podsByAddress(root: NodeRoot) -> (pods: PodIndex, missing: [MissingEvidence]) {
    var options = NodeObserver.Options()
    options.root = root
    options.maps = [0]  // no map has this id: the sockets are all that is wanted
    let snapshot = NodeObserver(options).look()
    let index = PodIndex(cgroups: snapshot.cgroups, pods: snapshot.pods, sockets: snapshot.sockets.map(\.socket))
    return (index, snapshot.missingEvidence.filter { $0.evidence != .sockmaps })
}
