import Glibc
import UnstuckKernel
import UnstuckModel

/// A client that has sent something and waits for someone to answer.
final class WaitingClient {
    let local: Endpoint
    private var socket: TCP?

    init(from source: Endpoint? = nil, to remote: Endpoint, saying bytes: [UInt8]) throws {
        let connected = try TCP.connected(from: source, to: remote)
        _ = try connected.send(bytes)
        local = try connected.localEndpoint()
        socket = consume connected
    }

    func wasReset(within limit: Duration) -> Bool {
        guard let raw = socket?.raw else { return false }
        var request = pollfd(fd: raw, events: Int16(POLLIN), revents: 0)
        _ = unsafe poll(&request, 1, Deadline(after: limit).remainingMilliseconds)
        return request.revents & Int16(POLLERR | POLLHUP) != 0
    }

    func close() { socket = nil }
}
