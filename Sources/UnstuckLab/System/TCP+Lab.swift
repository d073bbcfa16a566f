import UnstuckKernel

extension TCP {
    init(_ family: AddressFamily, blocking: Bool = true) throws(SystemError) {
        self = try TCP(isV4: family == .v4, blocking: blocking)
    }

    /// Sends bytes to an echo server and reads them back. False if other bytes, or an end, came back.
    func echoes(_ bytes: [UInt8]) throws(SystemError) -> Bool {
        guard try send(bytes) == bytes.count else { return false }
        var back: [UInt8] = []
        while back.count < bytes.count {
            let chunk = try Self.receive(bytes.count - back.count, on: raw)
            if chunk.isEmpty { return false }
            back += chunk
        }
        return back == bytes
    }
}
