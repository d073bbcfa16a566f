import UnstuckKernel
import UnstuckModel

/// One request on one new connection.
struct HTTPExchange: Sendable {
    /// Where it ended, and what there was by then.
    struct Result: Sendable {
        var phase = ProbeOutcome.Phase.connecting
        var failure: Failure?
        var head: HTTPResponseHead?
        var body: [UInt8] = []
        var source: Endpoint?
        var requestBytes = 0
        var responseBytes = 0
        /// `SystemClock.monotonic`, in nanoseconds.
        var connectedAt: Int64?
        var firstByteAt: Int64?
        /// Before the socket was closed: lingering is no part of what was measured.
        var endedAt: Int64 = 0
    }

    enum Failure: Error {
        case wire(WireFailure)
        case response(HTTPResponseError)
    }

    var request: ProbeRequest
    var vantage: Vantage
    var deadline: Deadline

    func run() throws(ProbeError) -> Result {
        var result = Result()
        let socket = try ProbeSocket.open(to: request.url.endpoint, from: vantage)
        do {
            try socket.connect(from: vantage, until: deadline) { result.source = $0 ?? result.source }
        } catch {
            if case .local(let error) = error { throw error }
            result.failure = .wire(error)
            result.endedAt = SystemClock.monotonic.nanoseconds
            return result
        }
        result.connectedAt = SystemClock.monotonic.nanoseconds
        do { try exchange(on: socket, &result) } catch { result.failure = error }
        result.endedAt = SystemClock.monotonic.nanoseconds
        return result
    }

    private func exchange(on socket: borrowing ProbeSocket, _ result: inout Result) throws(Failure) {
        result.phase = .sending
        let bytes = request.bytes
        do { try socket.write(bytes, until: deadline) } catch { throw .wire(error) }
        result.requestBytes = bytes.count
        result.phase = .awaitingHeaders

        var parser = HTTPResponseParser()
        while !parser.isComplete {
            let received: [UInt8]
            do { received = try socket.read(until: deadline) } catch { throw .wire(error) }
            if !received.isEmpty, result.firstByteAt == nil {
                result.firstByteAt = SystemClock.monotonic.nanoseconds
                result.phase = .readingHeaders
            }
            result.responseBytes += received.count
            defer {
                result.head = parser.head
                result.body = parser.body
                if parser.head != nil { result.phase = .readingBody }
            }
            do {
                if received.isEmpty { try parser.finish() } else { try parser.consume(received) }
            } catch {
                throw .response(error)
            }
        }
    }
}
