import Glibc
import UnstuckModel

/// The addresses of a namespace's interfaces.
enum InterfaceAddresses {
    /// Of the calling thread's network namespace, loopback included; none where they cannot be read.
    static func all() -> [IPAddress] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard unsafe getifaddrs(&list) == 0 else { return [] }
        defer { unsafe freeifaddrs(list) }
        var result: [IPAddress] = []
        var next = unsafe list
        while let one = unsafe next {
            if let address = unsafe address(one.pointee.ifa_addr) { result.append(address) }
            unsafe next = one.pointee.ifa_next
        }
        return result
    }

    private static func address(_ raw: UnsafeMutablePointer<sockaddr>?) -> IPAddress? {
        guard let raw = unsafe raw else { return nil }
        switch Int32(unsafe raw.pointee.sa_family) {
        case AF_INET:
            return unsafe raw.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                unsafe IPAddress(v4: UInt32(bigEndian: $0.pointee.sin_addr.s_addr))
            }
        case AF_INET6:
            return unsafe raw.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                unsafe withUnsafeBytes(of: $0.pointee.sin6_addr) { unsafe IPAddress(bytes: Array($0)) }
            }
        default: return nil
        }
    }
}
