import CLinuxUAPI
import Glibc
import UnstuckKernel

/// Live connections of both their ends' process in a network namespace that nothing else keeps: no process is in it, and it has
/// no name.
public final class HiddenPairs: @unchecked Sendable {  // made by a thread that has ended, used by one at a time since
    public let pairs: [SocketPair]

    private init(_ pairs: [SocketPair]) { self.pairs = pairs }

    public static func make(_ count: Int) throws -> HiddenPairs {
        try NamespaceThread.onThread {
            try syscall("unshare", on: "the network") { linux_new_network() }
            try syscall("raise", on: "lo") { linux_raise_loopback() }
            return HiddenPairs(try (0..<count).map { _ in try SocketPair() })
        }
    }
}
