/// A connection that a cause, or a control case, is about.
public struct CauseConnection: Codable, Sendable {
    /// Address and port of each end, as ss prints them.
    public var client: String
    public var server: String
    public var clientPid: Int32
    /// The process of the server's end, or of its listener where nobody has accepted; absent where it is gone.
    public var serverPid: Int32?
    /// Inode numbers of the network namespaces; the server's is absent where that is gone.
    public var clientNetns: UInt64
    public var serverNetns: UInt64?
}
