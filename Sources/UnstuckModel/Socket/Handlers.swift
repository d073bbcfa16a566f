/// The functions of a socket's `sk_prot` that sockmap replaces, by the kernel's own names.
///
/// They say that a psock was attached, and no more: a healthy redirected connection and a stuck one can show the same
/// handlers (docs/kernel-facts.md, section 3). `nil` where the name could not be read.
public struct Handlers: Hashable, Sendable, Codable {
    public var recvmsg: String?
    public var sendmsg: String?
    public var close: String?
    public var destroy: String?
    public var unhash: String?
    public var ioctl: String?

    public init(
        recvmsg: String?, sendmsg: String?, close: String?, destroy: String?, unhash: String?, ioctl: String? = nil
    ) {
        self.recvmsg = recvmsg
        self.sendmsg = sendmsg
        self.close = close
        self.destroy = destroy
        self.unhash = unhash
        self.ioctl = ioctl
    }
}
