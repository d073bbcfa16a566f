import CLinuxUAPI
import Glibc
import UnstuckModel

/// What FIONREAD says of sockets of other processes: asked of a duplicate of their descriptor, which is closed at once.
///
/// The answer is the kernel's, together with what corrects it on this node: OBI rewrites it on the way out of ioctl(2).
struct ReadableCollector: Collector {
    let brings = MissingEvidence.Evidence.readable
    let root: NodeRoot

    func collect(_ subjects: Set<EvidenceRequest.Subject>, into snapshot: inout Snapshot) {
        let wanted = subjects.sockets.subtracting([0])
        var readable = (snapshot.readable ?? []).filter { !wanted.contains($0.inode) }
        for socket in snapshot.sockets.map(\.socket) where wanted.contains(socket.inode) {
            guard let owner = snapshot.owners.first(where: { $0.inode == socket.inode }) else {
                snapshot.add([gap(socket, .failed("no process was found that holds it"))])
                continue
            }
            do throws(DuplicatedSocket.Failure) {
                let duplicate = try DuplicatedSocket(owner, expecting: socket.identity, root: root)
                let bytes = linux_unread_bytes(duplicate.raw)
                guard bytes >= 0 else {
                    snapshot.add([gap(socket, .failed("its state has no bytes to read"))])
                    continue
                }
                readable.append(
                    ReadableBytes(
                        inode: socket.inode, pid: owner.pid, descriptor: owner.descriptor, bytes: UInt32(bytes),
                        takenAt: SystemClock.monotonic.seconds))
            } catch {
                snapshot.add([gap(socket, .failed(error.reason))])
            }
        }
        snapshot.readable = readable
    }

    private func gap(_ socket: KernelSocket, _ reason: MissingEvidence.Reason) -> MissingEvidence {
        MissingEvidence(brings, action: "ask FIONREAD of socket \(socket.inode)", reason)
    }
}
