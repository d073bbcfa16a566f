import Glibc
import UnstuckKernel
import UnstuckModel

/// One health check from a chosen source port, as the lab's own client makes it: it can use a port again at once, where
/// curl's would still be taken.
public struct Request: Sendable {
    public enum Outcome: String, Sendable, Codable {
        case answered
        /// Connected and sent, but no answer came in time.
        case hung
    }

    public var target: Endpoint
    public var source: Endpoint?
    public var path = "/healthz"
    public var milliseconds: Int32 = 1000
    /// Ends the connection with a RST, as a client does that gave up for good.
    public var resets = false

    public init(target: Endpoint, source: Endpoint? = nil) {
        self.target = target
        self.source = source
    }

    var bytes: [UInt8] { Array("GET \(path) HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n".utf8) }

    /// Runs in the calling process's namespace and control group.
    public func make() throws -> Outcome {
        let client = try TCP.connected(from: source, to: target, within: milliseconds)
        if resets { try client.resetOnClose() }
        _ = try client.send(bytes)
        do throws(SystemError) {
            let answer = try TCP.receive(4096, on: client.raw)
            guard String(decoding: answer, as: UTF8.self).hasPrefix("HTTP/1.1 200 ") else {
                throw SystemError("recv", "an answer from \(target)", errno: EPROTO)
            }
            return .answered
        } catch {
            guard error.errno == EAGAIN else { throw error }
            return .hung
        }
    }
}
