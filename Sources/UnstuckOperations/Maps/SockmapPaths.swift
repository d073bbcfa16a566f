import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel

/// The paths of what connections send: socket, program, maps, key, the socket behind it.
public struct SockmapPaths {
    /// Connections by one of their ends.
    public enum Target: Sendable {
        case address(IPAddress)
        case endpoint(Endpoint)

        /// `nil` for what is neither an address nor an address with a port.
        public init?(_ text: String) {
            if let address = IPAddress(text) {
                self = .address(address)
            } else if let endpoint = Endpoint(text) {
                self = .endpoint(endpoint)
            } else {
                return nil
            }
        }

        func names(_ end: Endpoint) -> Bool {
            switch self {
            case .address(let address): end.address == address
            case .endpoint(let endpoint): end == endpoint
            }
        }
    }

    public let paths: [RedirectPath]
    /// What could not be seen.
    public let missing: [MissingEvidence]

    /// Samples the node once.
    ///
    /// - Parameter targets: both directions of every connection with such an end; empty: every socket that sends through a
    ///   sk_msg program. Only sockets that can still send; with `options.maps`, only those whose program uses one of them.
    public init(_ targets: [Target], _ options: NodeObserver.Options) throws(OperationError) {
        let snapshot = NodeObserver(options).look()
        guard let view = NodeView([snapshot]) else { throw OperationError(.noSnapshots, "no snapshot was taken") }
        let senders = snapshot.sockets.filter { socket in
            let tuple = socket.socket.tuple
            guard tuple.isComplete, socket.socket.state.maySend else { return false }
            guard options.maps.isEmpty || view.sockmaps.redirect(of: socket.socket)?.maps.isEmpty == false else {
                return false
            }
            return targets.isEmpty
                ? socket.socket.psock?.msgProgram != nil
                : targets.contains { $0.names(tuple.local) || $0.names(tuple.remote) }
        }
        paths = senders.map { RedirectPath(of: $0, in: view) }
        missing = snapshot.coverage.reasons
    }
}
