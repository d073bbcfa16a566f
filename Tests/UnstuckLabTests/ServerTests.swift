import Testing
import UnstuckModel

@testable import UnstuckLab

@Suite struct ServerTests {
    private func text(_ connection: ServerConnection) -> String { String(decoding: connection.unsent, as: UTF8.self) }

    @Test func aHealthCheckIsAnsweredAndClosedAsAsked() {
        var connection = ServerConnection(.http)
        #expect(connection.received(Array("GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n".utf8)) == .none)
        #expect(text(connection).hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(text(connection).hasSuffix("\r\n\r\nok"))
        #expect(!connection.isFinished)
        connection.sent(connection.unsent.count)
        #expect(connection.isFinished)
    }

    @Test func keptAliveRequestsMayComeInPiecesAndTogether() {
        var connection = ServerConnection(.http)
        let request = Array("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
        for byte in request { #expect(connection.received([byte]) == .none) }
        _ = connection.received(request + request)
        #expect(text(connection).split(separator: "HTTP/1.1 200 OK").count == 3)
        connection.sent(connection.unsent.count)
        #expect(!connection.isFinished && connection.wantsInput)
    }

    @Test func theFirstBytesAloneCanAskToBeHeld() {
        var connection = ServerConnection(.http)
        #expect(connection.received(Array("HO".utf8)) == .none)
        #expect(connection.received(Array("LD\n".utf8)) == .hold)
        var later = ServerConnection(.http)
        _ = later.received(Array("GET /healthz HTTP/1.1\r\n\r\n".utf8))
        #expect(later.received(Array("HOLD\n".utf8)) == .none)
    }

    @Test func slowWorkIsAskedForAndAnsweredAtTheEnd() {
        var connection = ServerConnection(.http)
        #expect(connection.received(Array("GET /slow?ms=250 HTTP/1.1\r\n\r\n".utf8)) == .work(milliseconds: 250))
        #expect(connection.unsent.isEmpty)
        connection.answerWork()
        #expect(text(connection).hasPrefix("HTTP/1.1 200 OK"))
    }

    @Test(arguments: ["\r\n\r\n", "GET\r\n\r\n", "GET / SPDY/1\r\n\r\n", String(repeating: "x", count: 20_000)])
    func nonsenseIsRefused(_ request: String) {
        #expect(ServedRequest.parse(Array(request.utf8)) == .malformed)
    }

    @Test(arguments: ["GET /slow?&&=&ms HTTP/1.0\r\n\r\n", "GET ? HTTP/1.1\r\n\r\n", "GET /?= HTTP/1.1\r\n\r\n"])
    func oddTargetsDoNotStopTheServer(_ request: String) {
        var connection = ServerConnection(.http)
        _ = connection.received(Array(request.utf8))
    }

    @Test func anEchoIsCompared() {
        var random = PseudoRandom(seed: 1)
        let message = random.bytes(100)
        var exchange = EchoExchange(message)
        exchange.sent(60)
        #expect(exchange.received(Array(message[..<60])) == .more)
        exchange.sent(40)
        #expect(exchange.received(Array(message[60...])) == .complete)

        var wrong = EchoExchange(message)
        wrong.sent(100)
        #expect(wrong.received([message[0] &+ 1]) == .mismatch)
        var early = EchoExchange(message)
        #expect(early.received([message[0]]) == .mismatch)
    }

    @Test func theSameSeedGivesTheSameBytes() {
        var first = PseudoRandom(seed: 7)
        var second = PseudoRandom(seed: 7)
        var other = PseudoRandom(seed: 8)
        let bytes = first.bytes(1001)
        #expect(bytes.count == 1001)
        #expect(bytes == second.bytes(1001))
        #expect(bytes != other.bytes(1001))
    }

    @Test func whatTheServerSaysIsReadBack() throws {
        let held = HeldConnection(
            peer: try #require(Endpoint("[2001:db8::10]:50504")), descriptor: 9, inode: 4_026_531_840)
        #expect(HeldConnection(held.line) == held)
        #expect(HeldConnection("held nobody fd 9 inode 1") == nil)
        #expect(HeldConnection("released 1") == nil)
    }
}
