import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel
import UnstuckRender

/// Sockmaps without an iterator: their keys, and which of them name a socket of the node.
public struct WalkedSockmaps {
    public let view: NodeView

    /// Samples the node without iterators.
    ///
    /// - Parameter maps: only these; empty: every one.
    public init?(_ maps: [UInt32], root: NodeRoot) {
        var options = NodeObserver.Options()
        options.root = root
        options.maps = Set(maps)
        options.avoidsIterators = true
        guard let view = NodeView([NodeObserver(options).look()]) else { return nil }
        self.view = view
    }

    /// Each map with its keys by state and pod.
    public var summaries: [SockmapSummary] {
        view.now.sockmaps.compactMap { map in
            var totals = PodTotals()
            add(to: &totals) { $0.map.id == map.id }
            return view.sockmaps.layouts[map.id].map { SockmapSummary(map, $0, totals) }
        }
    }

    /// Keys by pod and address.
    public func add(to totals: inout PodTotals, where wanted: (ClassifiedKey) -> Bool) {
        for key in view.sockmaps.walked where wanted(key) {
            let address = key.claim?.local.address
            totals.add(key.state, pod: address.flatMap(view.pod(at:)), address: address)
        }
    }
}
