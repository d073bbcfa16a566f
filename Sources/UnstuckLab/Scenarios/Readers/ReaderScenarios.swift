import CLinuxUAPI
import Glibc
import UnstuckKernel
import UnstuckModel

/// Applications that ask before they read, or read without `recv`: what they get of redirected bytes.
extension Scenario {
    static let readerScenarios: [Scenario] = [
        reader("FIONREAD", ask: askFIONREAD), reader("splice", ask: askSplice),
        // Ordinary bytes on a socket that is in a sockmap: its client is beside the accelerator.
        reader("FIONREAD-stack", isRedirected: false, ask: askFIONREAD),
        stall("FIONREAD-stall", isRedirected: false), stall("FIONREAD-stall-redirected", isRedirected: true),
    ]

    /// A server that asks FIONREAD before it reads, in an event loop, and answers with what it has read.
    ///
    /// Control: a connection beside the accelerator, its two ends in no sockmap.
    private static func stall(_ code: String, isRedirected: Bool) -> Scenario {
        Scenario(code) { fixture, family, isControl in
            /// A connection whose server asks, and its client.
            func connect() throws -> (tuple: FourTuple, client: ScenarioSocket) {
                let tuple = fixture.freshTuple(family, to: isControl ? Fixture.plainPort : Fixture.port)
                let pair = try fixture.pair(tuple, isAccelerated: isRedirected && !isControl)
                fixture.keep(pair.client)
                let server = pair.server.raw
                try syscall("fork", on: "a reader") { linux_start_asking_reader(server) }
                // Its reader alone holds it.
                pair.server.close()
                return (tuple, pair.client)
            }
            func request(_ client: ScenarioSocket) throws -> String {
                try client.send(Array("ten bytes\n".utf8))
                let answer = try client.receive(within: .milliseconds(1500))
                return (answer == nil ? Fixture.Exchange.hangs : .answers).rawValue
            }
            let (tuple, client) = try connect()
            try fixture.mustBeFiled(tuple.reversed, !isControl)
            try fixture.mustBeFiled(tuple, isRedirected && !isControl)
            return Act(
                tuple: tuple,
                anew: {
                    let new = try connect()
                    return (try request(new.client), new.tuple)
                }
            ) { try request(client) }
        }
    }

    /// Control: a connection beside the accelerator, its two ends in no sockmap.
    private static func reader(
        _ code: String, isRedirected: Bool = true, ask: @escaping @Sendable (ScenarioSocket) -> String
    ) -> Scenario {
        Scenario(code) { fixture, family, isControl in
            func connect() throws -> (tuple: FourTuple, pair: Fixture.Pair) {
                let tuple = fixture.freshTuple(family, to: isControl ? Fixture.plainPort : Fixture.port)
                let pair = try fixture.pair(tuple, isAccelerated: isRedirected && !isControl)
                fixture.keep(pair.client)
                fixture.keep(pair.server)
                return (tuple, pair)
            }
            func request(_ pair: Fixture.Pair) throws -> String {
                try pair.client.send(Array("ten bytes\n".utf8))
                guard pair.server.waits(for: POLLIN, within: .patience) else { return Fixture.Exchange.hangs.rawValue }
                let word = ask(pair.server)
                if word != "splices" { _ = try pair.server.receive(within: .zero) }
                return word
            }
            let (tuple, pair) = try connect()
            try fixture.mustBeFiled(tuple.reversed, !isControl)
            try fixture.mustBeFiled(tuple, isRedirected && !isControl)
            return Act(
                tuple: tuple,
                anew: {
                    let new = try connect()
                    return (try request(new.pair), new.tuple)
                }
            ) { try request(pair) }
        }
    }

    private static let askFIONREAD: @Sendable (ScenarioSocket) -> String = { server in
        let count = linux_unread_bytes(server.raw)
        return count == 10 ? "counts" : count == 0 ? "counts-none" : "counts \(count)"
    }

    private static let askSplice: @Sendable (ScenarioSocket) -> String = { server in
        let moved = linux_splice_once(server.raw)
        return moved == 10 ? "splices" : moved < 0 && errno == EAGAIN ? "sees-none" : "splices \(moved)"
    }
}
