import FuzzSupport
import UnstuckFormats
import UnstuckModel

/// A datagram of the kernel, whole and damaged: messages, their attributes, the sockets and links in them.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzNetlink(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe input(start, count)
    let span = unsafe bytes.span.bytes
    // As the payload of a message whose header is right: most inputs would get no further than the header.
    _ = try? DiagSocket.decode(span, in: 0..<count)
    _ = try? NetlinkAttribute.decode(span, in: 0..<count)
    _ = try? RouteLink.decode(span, in: 0..<count, netns: 1)
    _ = try? RouteQdisc.decode(span, in: 0..<count, netns: 1)
    _ = try? RouteNeighbour.decode(span, in: 0..<count, netns: 1)
    _ = try? RouteNamespaceID.decode(span, in: 0..<count)
    guard let messages = try? NetlinkMessage.decode(span) else { return 0 }
    require(messages.count * 16 <= count, "\(messages.count) messages in \(count) bytes")
    var end = 0
    for message in messages {
        require(message.payload.lowerBound >= end + 16 && message.payload.upperBound <= count, "messages overlap")
        end = message.payload.upperBound
        guard case .data = message.kind else { continue }
        if let socket = try? DiagSocket.decode(span, in: message.payload) {
            let kept = socket.others.reduce(0) { $0 + $1.bytes.count }
            require(kept <= message.payload.count, "more bytes of attributes than there are")
        }
    }
    return 0
}
