import Glibc

/// One message on its way to an echo server and back: what is still to be sent, and whether what came back is right.
/// It knows no sockets.
struct EchoExchange {
    enum Received: Equatable {
        case more, complete, mismatch
    }

    private let message: [UInt8]
    private var sentCount = 0
    private var receivedCount = 0

    init(_ message: [UInt8]) { self.message = message }

    var unsent: ArraySlice<UInt8> { message[sentCount...] }
    mutating func sent(_ count: Int) { sentCount += count }

    /// Bytes beyond what was sent are wrong too.
    mutating func received(_ bytes: [UInt8]) -> Received {
        let end = receivedCount + bytes.count
        guard end <= sentCount, matches(bytes) else { return .mismatch }
        receivedCount = end
        return end == message.count ? .complete : .more
    }

    /// memcmp, not a loop over elements: a debug build, too, must keep hundreds of connections busy.
    private func matches(_ bytes: [UInt8]) -> Bool {
        unsafe message.withUnsafeBytes { expected in
            unsafe bytes.withUnsafeBytes { actual in
                guard let expected = expected.baseAddress, let actual = actual.baseAddress else {
                    return true
                }
                return unsafe memcmp(expected + receivedCount, actual, bytes.count) == 0
            }
        }
    }
}
