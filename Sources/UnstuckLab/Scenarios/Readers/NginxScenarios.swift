import Glibc
import Synchronization
import UnstuckKernel
import UnstuckModel

/// nginx, which asks FIONREAD when a read has filled its buffer (since 1.17.5), and goes on only if that counts some.
extension Scenario {
    static let nginxScenarios = [
        // A response that is longer than nginx's first buffer (4 KB), and is there at once. Control: in no sockmap.
        Scenario("FIONREAD-nginx", prepare: { _ = try NginxProgram.fetch() }) { fixture, family, isControl in
            let proxy = try NginxProxy(fixture, family, isInserted: !isControl)
            fixture.keep(proxy)
            // A short one first: its connection stays open, so that its addresses are known.
            let (exchange, tuple) = try proxy.exchange(bytes: 100)
            guard exchange == .answers else { throw LabError(.didNotHappen, "nginx passes no short response on") }
            try fixture.mustBeFiled(tuple, !isControl)
            try fixture.mustBeFiled(tuple.reversed, false)
            return Act(tuple: tuple, anew: { try proxy.request() }) {
                try proxy.exchangeOrWait(bytes: NginxProxy.long).rawValue
            }
        },
        // A client that reads slowly. The server sends in pieces that do not fill nginx's buffer, as events and logs are streamed;
        // in the control case, in no sockmap, all at once: nginx keeps what its client has not read.
        Scenario("nginx-slow", prepare: { _ = try NginxProgram.fetch() }) { fixture, family, isControl in
            let proxy = try NginxProxy(fixture, family, isInserted: !isControl)
            fixture.keep(proxy)
            let (exchange, _) = try proxy.exchange(bytes: 100)
            guard exchange == .answers else { throw LabError(.didNotHappen, "nginx passes no short response on") }
            let asked = try proxy.ask()
            try fixture.mustBeFiled(asked.tuple, !isControl)
            let stream = try SlowStream(asked, isControl ? .atOnce : .inPieces)
            fixture.keep(stream)
            return Act(tuple: asked.tuple, anew: { try proxy.request() }) {
                (stream.moves ? Fixture.Exchange.answers : .hangs).rawValue
            }
        },
    ]
}

/// A response that goes on as long as this lives, to a client that reads a little of it every now and then.
private final class SlowStream {
    enum Manner {
        case inPieces
        case atOnce
    }

    /// Bytes of the response: ten minutes for the client.
    private static let length = 16_000_000
    /// Bytes that are sent every 20 ms, and that are read meanwhile.
    private static let (piece, sip) = (1000, 500)

    private let counts = Counts()
    /// Its sockets, which the thread uses until it was joined.
    private let asked: NginxProxy.Asked
    private var thread: JoinableThread<Void>?

    private final class Counts: Sendable {
        let received = Atomic<Int>(0)
        let ends = Atomic<Bool>(false)
    }

    init(_ asked: NginxProxy.Asked, _ manner: Manner) throws {
        self.asked = asked
        let (server, client) = (asked.server.raw, asked.client.raw)
        let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: manner == .atOnce ? 65536 : Self.piece)
        _ = try TCP.send(NginxProxy.head(of: Self.length)[...], on: server)
        let counts = counts
        thread = try JoinableThread {
            var left = Self.length
            while !counts.ends.load(ordering: .relaxed) {
                while left > 0, Self.isReady(server, POLLOUT) {
                    left -= try TCP.send(bytes.prefix(left), on: server)
                    if manner == .inPieces { break }
                }
                if Self.isReady(client, POLLIN) {
                    counts.received.add(try TCP.receive(Self.sip, on: client).count, ordering: .relaxed)
                }
                usleep(20_000)
            }
        }
    }

    deinit {
        counts.ends.store(true, ordering: .relaxed)
        thread = nil
    }

    /// Whether bytes still come.
    var moves: Bool {
        let before = counts.received.load(ordering: .relaxed)
        return Deadline(after: .patience).wait { counts.received.load(ordering: .relaxed) > before + 10_000 }
    }

    private static func isReady(_ descriptor: Int32, _ events: Int32) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        return unsafe poll(&request, 1, 0) > 0
    }
}
