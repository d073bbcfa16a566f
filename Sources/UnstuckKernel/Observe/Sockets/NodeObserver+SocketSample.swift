import UnstuckFormats
import UnstuckModel

/// Every TCP socket with its details and owners: what `unstuck sockets` shows.
extension NodeObserver {
    /// Reads the TCP sockets of all network namespaces once, and no sockmap.
    ///
    /// - Precondition: the options say `readsSockets` and `readsDetails`.
    public func sampleSockets() -> SocketSample {
        precondition(options.readsSockets && options.readsDetails)
        var snapshot = Self.blank()
        defer { tables = nil }
        let loading = SocketObserverLoading(isNeeded: needsSocketObserver, readsDetails: true)
        for refusal in options.root.refusals() {
            snapshot.missingEvidence.append(
                MissingEvidence(.namespaces, action: "read \(refusal.object)", error: refusal))
        }
        loading.finish(into: self)
        readSockets(into: &snapshot)
        readHandlers(into: &snapshot)
        readPods(into: &snapshot)
        let owners = readOwners(into: &snapshot)
        var found: [SocketDetails] = []
        swap(&found, &details)
        // The reading broke off.
        if found.count != snapshot.sockets.count { (snapshot.sockets, found) = ([], []) }
        return SocketSample(of: snapshot, details: found, owners: owners)
    }

    /// By the pass that read the sockets, where it names processes as we do; else by /proc.
    private func readOwners(into snapshot: inout Snapshot) -> OwnerIndex {
        if OwnerCollector.namesProcessesAlike, !options.avoidsIterators, let socketObserver {
            return OwnerIndex(socketObserver.owners)
        }
        let sockets = snapshot.sockets.map(\.socket)
        let found = OwnerFinder(root: options.root).owners(of: sockets, in: snapshot.cgroups)
        let missing = MissingPrivilege.missingForProcesses
        if Set(found.map(\.inode)).count < Set(sockets.map(\.inode)).subtracting([0]).count, !missing.isEmpty {
            snapshot.missingEvidence.append(
                MissingEvidence(
                    .owners, action: "find the processes that hold sockets",
                    .needs(missing.joined(separator: ", "))))
        }
        return OwnerIndex(found)
    }
}
