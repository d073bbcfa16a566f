import UnstuckFormats
import UnstuckModel

/// The part of a look that reads the TCP sockets of all network namespaces.
extension NodeObserver {
    /// Whether the programs that read sockets are still to be loaded: once, and not again where the kernel refused them.
    var needsSocketObserver: Bool {
        options.readsSockets && !options.avoidsIterators && socketObserver == nil
            && (socketError as? BPFError)?.isOfLoading != true
    }

    func readSockets(into snapshot: inout Snapshot) {
        if options.avoidsIterators { return readTables(into: &snapshot, because: WalkedMaps.chosen) }
        guard let observer = socketObserver else {
            return readTables(
                into: &snapshot, because: socketError.map(MissingPrivilege.reason(behind:)) ?? .needs("a thread"))
        }
        let start = ContinuousClock.now
        let found = NamespaceFinder(root: options.root).find()
        if found.isEmpty {
            snapshot.missingEvidence.append(
                MissingEvidence(
                    .namespaces, action: "find any network namespace",
                    .failed("no process is in \(options.root.procfs)")))
        }
        var pass = SocketObserver.Pass()
        var missing: [UInt32: Int] = [:]
        do {
            // Listeners that come and go are in no counter of what was opened: what is missing is missing twice.
            for _ in 1...2 {
                let before = SocketCounts(of: found, root: options.root)
                pass = try observer.read(expecting: before.total)
                let after = SocketCounts(of: found, root: options.root)
                missing = SocketCounts.missing(before: before, after: after, seen: pass.counts)
                if missing.isEmpty { break }
            }
        } catch {
            snapshot.missingEvidence.append(MissingEvidence(.sockets, action: "read TCP sockets", error: error))
            return
        }
        snapshot.sockets = pass.sockets
        details = pass.details
        addNamespaces(pass.namespaces.union(pass.counts.keys.filter { $0 != 0 }), found, to: &snapshot)
        noteRead(&snapshot)
        snapshot.coverage.noteRead(.handlers, at: SystemClock.monotonic.seconds)
        snapshot.missingEvidence += pass.missingEvidence
        for (inode, count) in missing.sorted(by: { $0.key < $1.key }) {
            snapshot.missingEvidence.append(
                MissingEvidence(
                    .sockets, of: inode,
                    action: "read \(pluralized(count, "TCP socket")) of network namespace \(inode)",
                    .needs(
                        "a way to them: /proc/net/sockstat counts them, and neither a process nor a hash table shows them"
                    )))
        }
        log.debug(
            """
            \(snapshot.sockets.count) TCP sockets of \(snapshot.namespaces.count) network namespaces in \
            \(ContinuousClock.now - start), \(pass.unowned) of them held by no process that we see
            """)
    }

    /// All of the kernel's namespaces: their sockets were read, whether or not a process is in them.
    private func addNamespaces(
        _ inodes: Set<UInt32>, _ found: [NamespaceFinder.Found], to snapshot: inout Snapshot
    ) {
        let ours = linkTarget("/proc/thread-self/ns/net").flatMap(NamespaceFinder.inode(ofLink:))
        let found = Dictionary(found.map { ($0.namespace.inode, $0) }) { first, _ in first }
        for inode in inodes.sorted() {
            var namespace =
                found[inode]?.namespace ?? NetworkNamespace(inode: inode, name: nil, process: nil, wasRead: true)
            namespace.wasRead = true
            if options.readsLocalPorts, let path = found[inode]?.path {
                Self.readClientSide(of: &namespace, at: inode == ours ? nil : path)
            }
            snapshot.namespaces.append(namespace)
        }
    }

    private func noteRead(_ snapshot: inout Snapshot) {
        let now = SystemClock.monotonic.seconds
        if !snapshot.namespaces.isEmpty { snapshot.coverage.noteRead(.namespaces, at: now) }
        for namespace in snapshot.namespaces where namespace.wasRead {
            snapshot.coverage.noteRead(.sockets, of: namespace.inode, at: now)
        }
    }

    /// Namespaces that only the sockmaps' own sockets name: nobody read the other sockets there.
    static func addUnread(to snapshot: inout Snapshot) {
        let known = Set(snapshot.namespaces.map(\.inode))
        var unread = Set<UInt32>()
        for map in snapshot.sockmaps {
            for entry in map.entries where entry.socket.netns != 0 { unread.insert(entry.socket.netns) }
        }
        for inode in unread.subtracting(known).sorted() {
            snapshot.namespaces.append(NetworkNamespace(inode: inode, name: nil, process: nil, wasRead: false))
            snapshot.missingEvidence.append(
                MissingEvidence(
                    .sockets, of: inode,
                    action: "read the sockets of network namespace \(inode), which a sockmap's socket is in",
                    .needs("a way into it: no process and no name under /run/netns leads there")))
        }
    }

    /// `/proc/sys/net` shows the namespace of the process that opens it (net/sysctl_net.c).
    private static func readClientSide(of namespace: inout NetworkNamespace, at path: String?) {
        let read: @Sendable () -> (LocalPorts?, [IPAddress]) = {
            let ports = LocalPorts(
                range: readText("/proc/sys/net/ipv4/ip_local_port_range") ?? "",
                reserved: readText("/proc/sys/net/ipv4/ip_local_reserved_ports") ?? "")
            return (ports, InterfaceAddresses.all())
        }
        let found = path.map { try? NamespaceThread.run(in: $0, read) } ?? read()
        namespace.localPorts = found?.0
        namespace.addresses = found?.1
    }

    /// The sockets without the iterator: what INET_DIAG tells.
    private func readTables(into snapshot: inout Snapshot, because reason: MissingEvidence.Reason) {
        let start = ContinuousClock.now
        let opened = tables ?? SocketTables(root: options.root)
        let reading = opened.read(withDetails: options.readsDetails)
        tables = opened
        snapshot.sockets = reading.sockets
        details = reading.details
        snapshot.namespaces = reading.namespaces
        noteRead(&snapshot)
        snapshot.missingEvidence += reading.missingEvidence
        snapshot.missingEvidence.append(
            MissingEvidence(
                .handlers,
                action:
                    "read the handlers, sk_msg programs, redirected bytes and sequence numbers of sockets (INET_DIAG reports "
                    + "none of them, so no misdirected connection can be found)",
                reason))
        log.debug(
            """
            \(snapshot.sockets.count) TCP sockets of \(snapshot.namespaces.count) network namespaces by INET_DIAG in \
            \(ContinuousClock.now - start)
            """)
    }
}
