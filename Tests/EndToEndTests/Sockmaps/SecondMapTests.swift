import CLinuxUAPI
import Foundation
import Glibc
import TestSupport
import Testing
import UnstuckKernel
import UnstuckModel

@Suite("Handlers that mislead", .serialized, .requires(.zombie, .thorough))
struct SecondMapTests {
    /// The victim's server end also sits in a second map: both ends show tcp_bpf_*, as a healthy connection's would.
    @Test func bothEndsLookAcceleratedAndItHangsAllTheSame() throws {
        let lab = try RealLab("second")
        try lab.start(
            "node", [Programs.lab, "load", "--host", "203.0.113.11", "--connections", "5", "--seconds", "600"])
        _ = try lab.breakIt(["zombie", "--pod", "shop/web-0"])
        let victim = try lab.victim()

        let tuple = FourTuple(
            local: try #require(Endpoint("203.0.113.10:8080")), remote: try #require(Endpoint("192.0.2.10:50504")))
        let second = try TestMap()
        try second.passMessages()
        let borrowed = try borrow(tuple)
        try second.put(borrowed, as: tuple)
        close(borrowed)

        let snapshot = NodeObserver().look()
        for end in [tuple, tuple.reversed] {
            let socket = try #require(
                snapshot.sockets.first { $0.socket.tuple == end && $0.socket.state == .established })
            let handlers = try #require(socket.socket.handlers.map { snapshot.handlers[$0] })
            #expect(handlers.recvmsg == "tcp_bpf_recvmsg")
            #expect(handlers.sendmsg == "tcp_bpf_sendmsg")
        }
        let (status, diagnosis) = try lab.diagnose()
        #expect(status == 1)
        #expect(diagnosis.codes == ["sockmap.misdirected", "sockmap.disclosure", "sockmap.zombie"])
        #expect(diagnosis["findings"][0]["subject"]["stage"].text == "stuck")
        #expect(victim.isRunning)  // and hangs it does: an answer would have ended it
        try lab.down()
    }

    /// The server's own descriptor of that connection, duplicated.
    private func borrow(_ tuple: FourTuple) throws -> Int32 {
        let observer = NodeObserver()
        var snapshot = observer.look()
        let socket = try #require(
            snapshot.sockets.first { $0.socket.tuple == tuple && $0.socket.state == .established }?.socket)
        observer.collect(EvidenceRequest(.owners, of: [.socket(socket.inode)]), into: &snapshot)
        let owner = try #require(snapshot.owners.first { $0.inode == socket.inode })
        let process = linux_pidfd_open(owner.pid)
        defer { close(process) }
        return try syscall("pidfd_getfd", on: "\(owner)") { linux_pidfd_getfd(process, owner.descriptor) }
    }
}
