import UnstuckModel

/// What the server says about a connection that it holds, and what the faults read back: `held 192.0.2.10:50504 fd 9
/// inode 12345`.
struct HeldConnection: Hashable, Sendable {
    var peer: Endpoint
    var descriptor: Int32
    var inode: UInt64

    var line: String { "held \(peer) fd \(descriptor) inode \(inode)" }

    init(peer: Endpoint, descriptor: Int32, inode: UInt64) {
        self.peer = peer
        self.descriptor = descriptor
        self.inode = inode
    }

    init?(_ line: some StringProtocol) {
        let words = String(line).split(separator: " ").map(String.init)
        guard words.count == 6, words[0] == "held", words[2] == "fd", words[4] == "inode",
            let peer = Endpoint(words[1]), let descriptor = Int32(words[3]), let inode = UInt64(words[5])
        else { return nil }
        self.init(peer: peer, descriptor: descriptor, inode: inode)
    }
}
