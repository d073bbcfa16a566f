import Glibc
import UnstuckModel

extension Endpoint {
    var family: Int32 { address.isV4 ? AF_INET : AF_INET6 }

    /// Lends the endpoint as the kernel wants it.
    func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        if let v4 = address.v4 {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = v4.bigEndian
            // Every socket address begins with what `sockaddr` declares: the kernel reads the family and goes on.
            return unsafe withUnsafeBytes(of: &address) { unsafe Self.lend($0, body) }
        }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        unsafe withUnsafeMutableBytes(of: &address.sin6_addr) { unsafe $0.copyBytes(from: self.address.bytes) }
        return unsafe withUnsafeBytes(of: &address) { unsafe Self.lend($0, body) }
    }

    private static func lend<Result>(
        _ bytes: UnsafeRawBufferPointer, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        // A buffer of a value on the stack always has an address.
        unsafe body(bytes.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
    }

    /// What `getsockname` filled in; `nil` for any other family.
    init?(_ storage: sockaddr_storage) {
        var storage = storage
        let bytes = unsafe withUnsafeBytes(of: &storage) { unsafe Array($0) }
        let port = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
        let address: IPAddress? =
            switch Int32(storage.ss_family) {
            case AF_INET: IPAddress(bytes: bytes[4..<8])
            case AF_INET6: IPAddress(bytes: bytes[8..<24])
            default: nil
            }
        guard let address else { return nil }
        self.init(address, port)
    }
}
