/// One accepted connection of the lab's server: what came in, what is to go out, and what the peer is reported.
/// It knows no sockets, so that it can be tested without any.
struct ServerConnection {
    enum Service { case http, echo }

    /// What the server has to do beside sending what is unsent.
    enum Action: Equatable {
        case none
        /// Never read again, never close: the first bytes were `HOLD\n`.
        case hold
        /// Leave the socket alone for so many milliseconds, then answer and close.
        case work(milliseconds: Int)
    }

    static let holdMark = Array("HOLD\n".utf8)
    /// While so much waits to be sent, no more is read.
    static let outputLimit = 1 << 20

    let service: Service
    private(set) var input: [UInt8] = []
    private var output: [UInt8] = []
    private var sentCount = 0
    /// Once everything is sent, close.
    private(set) var closesWhenSent = false
    private var isFirst = true

    init(_ service: Service) { self.service = service }

    var wantsInput: Bool { !closesWhenSent && output.count - sentCount < Self.outputLimit }
    var isFinished: Bool { closesWhenSent && output.isEmpty }

    var unsent: ArraySlice<UInt8> { output[sentCount...] }

    mutating func sent(_ count: Int) {
        sentCount += count
        guard sentCount == output.count else { return }
        output.removeAll(keepingCapacity: true)
        sentCount = 0
    }

    /// The peer will send no more.
    mutating func ended() { closesWhenSent = true }

    mutating func answerWork() {
        output += ServedRequest.response("200 OK", body: "slow\n", keepsAlive: false)
        closesWhenSent = true
    }

    mutating func received(_ bytes: [UInt8]) -> Action {
        guard service == .http else {
            output += bytes
            return .none
        }
        input += bytes
        if isFirst {
            if input.starts(with: Self.holdMark) { return .hold }
            if Self.holdMark.starts(with: input) { return .none }
            isFirst = false
        }
        while !closesWhenSent {
            switch ServedRequest.parse(input) {
            case .incomplete: return .none
            case .malformed:
                output += ServedRequest.response("400 Bad Request", body: "bad request\n", keepsAlive: false)
                closesWhenSent = true
            case .complete(let request, let length):
                input.removeFirst(length)
                let action = answer(request)
                if action != .none { return action }
            }
        }
        return .none
    }

    private mutating func answer(_ request: ServedRequest) -> Action {
        switch (request.method, request.path) {
        case ("GET", "/healthz"):
            output += ServedRequest.response("200 OK", body: "ok", keepsAlive: request.keepsAlive)
        case ("GET", "/slow"):
            return .work(milliseconds: request.query["ms"].flatMap { Int($0) } ?? 1000)
        default:
            output += ServedRequest.response("404 Not Found", body: "not found\n", keepsAlive: request.keepsAlive)
        }
        if !request.keepsAlive { closesWhenSent = true }
        return .none
    }
}
