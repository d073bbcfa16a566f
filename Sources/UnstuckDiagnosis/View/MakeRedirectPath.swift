import UnstuckModel

extension RedirectPath {
    /// The path of what a socket sends.
    public init(of sender: TCPSocket, in view: NodeView) {
        let path = view.sockmaps.redirect(of: sender.socket)
        let peer = view.peer(of: sender)
        self.init(
            connection: sender.socket.tuple, netns: sender.socket.netns,
            pod: view.pod(of: sender.socket)
                ?? view.pods.pod(at: sender.socket.tuple.local.address, in: sender.socket.netns),
            sendmsg: view.handlers(of: sender.socket)?.sendmsg,
            program: path.map { Program(id: $0.program.id, name: $0.program.name) },
            hops: (path?.maps ?? []).map { Self.hop(through: $0.map, from: sender, to: peer, view) },
            peerIsHere: peer != nil)
    }

    private static func hop(
        through map: Sockmap, from sender: TCPSocket, to peer: TCPSocket?, _ view: NodeView
    ) -> Hop {
        let layout = view.sockmaps.layouts[map.id]?.layout
        let receiver = sender.socket.tuple.reversed
        let claims = view.sockmaps.entries(in: map.id, claiming: receiver)
        let isPeer = { (entry: NodeView.ClassifiedEntry) in
            peer?.socket.identity.mayBe(entry.entry.socket.identity) ?? false
        }
        // Where the key is not known, the peer may be found all the same.
        let isNameable = layout?.claims(naming: receiver).isEmpty == false
        let found = isNameable ? claims : view.sockmaps.entries(of: map.id).filter(isPeer)
        let verdict: Hop.Verdict =
            !isNameable || peer == nil
            ? .unknown
            : claims.contains(where: isPeer)
                ? .reachesPeer
                : claims.isEmpty ? .misses : view.sockmaps.namesConnections(map.id) ? .misdirected : .unknown
        return Hop(
            map: map.id, mapName: map.name, layout: layout?.name,
            key: layout?.encode(receiver).map { SockmapKey($0) }, verdict: verdict,
            sockets: found.map { entry in
                Socket(
                    key: entry.entry.key, tuple: entry.entry.socket.tuple, state: entry.state,
                    netns: entry.entry.socket.netns, pod: view.pods.pod(of: entry.entry, claim: entry.claim),
                    isPeer: isPeer(entry), unreadBytes: entry.entry.socket.psock?.queuedBytes ?? 0)
            })
    }
}
