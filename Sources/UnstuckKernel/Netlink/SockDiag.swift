import CNetlinkUAPI
import Glibc
import UnstuckFormats
import UnstuckModel

/// The TCP sockets of one network namespace as NETLINK_SOCK_DIAG tells of them (`ss -t`), and how one is ended (`ss -K`).
public final class SockDiag {
    private var channel: NetlinkChannel
    private let namespace: String

    /// - Parameter path: the namespace's file; `nil`: the calling thread's own.
    public init(inNamespace path: String?) throws {
        namespace = path ?? "our namespace"
        guard let path else {
            channel = try Self.open()
            return
        }
        let box = try NamespaceThread.run(in: path) { Box(try Self.open()) }
        guard let opened = box.take() else { throw SystemError("socket", path, errno: EBADF) }
        channel = opened
    }

    private static func open() throws(SystemError) -> NetlinkChannel {
        try NetlinkChannel(family: NETLINK_SOCK_DIAG, name: "NETLINK_SOCK_DIAG")
    }

    /// Carries a channel out of the thread that opened it, which has ended by then.
    private final class Box: @unchecked Sendable {
        private var channel: NetlinkChannel?
        init(_ channel: consuming NetlinkChannel) { self.channel = consume channel }
        func take() -> NetlinkChannel? { channel.take() }
    }

    /// Both families' sockets in every state.
    public struct Table {
        public var sockets: [DiagSocket] = []
        /// The kernel said, every time it was asked, that the table changed meanwhile.
        public var isInterrupted = false
    }

    /// How often a table is asked for that changed meanwhile.
    private static let tries = 4

    /// - Throws: `SystemError`; ENOENT: the kernel has no `tcp_diag`. `NetlinkError`.
    public func table(withDetails: Bool = false) throws -> Table {
        var table = Table()
        for _ in 1...Self.tries {
            table = Table()
            table.isInterrupted = try channel.ask(
                "TCPDIAG_GETSOCK", on: namespace, isDump: true,
                { DiagRequest.dump(withDetails: withDetails, sequence: $0) },
                { table.sockets.append(try DiagSocket.decode($1, in: $0.payload)) })
            if !table.isInterrupted { break }
        }
        return table
    }

    /// The socket that has exactly that tuple, whatever its state; CLOSE sockets are in no table.
    public func socket(of tuple: FourTuple) throws -> DiagSocket? {
        var found: DiagSocket?
        do {
            try channel.ask(
                "SOCK_DIAG_BY_FAMILY", on: "\(tuple)", isDump: false,
                { DiagRequest.describe(tuple, sequence: $0) },
                { found = try DiagSocket.decode($1, in: $0.payload) })
        } catch let error as SystemError where error.errno == ENOENT {
            return nil
        }
        // Where no connection has the tuple the kernel answers with a listener, if one would take it.
        return found?.tuple == tuple ? found : nil
    }

    /// Resets the one socket with that tuple and cookie (SOCK_DESTROY). Needs CAP_NET_ADMIN in the namespace and
    /// CONFIG_INET_DIAG_DESTROY.
    ///
    /// - Throws: `SystemError`; ENOENT: it is gone.
    public func destroy(_ tuple: FourTuple, cookie: UInt64) throws {
        try channel.ask(
            "SOCK_DESTROY", on: "\(tuple)", needs: [.netAdmin], isDump: false,
            { DiagRequest.destroy(tuple, cookie: cookie, sequence: $0) }, { _, _ in })
    }
}
