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
            let tuple = fixture.freshTuple(family, to: isControl ? Fixture.plainPort : Fixture.port)
            let pair = try fixture.pair(tuple, isAccelerated: isRedirected && !isControl)
            fixture.keep(pair.client)
            try fixture.mustBeFiled(tuple.reversed, !isControl)
            try fixture.mustBeFiled(tuple, isRedirected && !isControl)
            let server = pair.server.raw
            try syscall("fork", on: "a reader") { linux_start_asking_reader(server) }
            // Its reader alone holds it.
            pair.server.close()
            return Act(tuple: tuple) {
                try pair.client.send(Array("ten bytes\n".utf8))
                let answer = try pair.client.receive(within: .milliseconds(1500))
                return (answer == nil ? Fixture.Exchange.hangs : .answers).rawValue
            }
        }
    }

    /// Control: a connection beside the accelerator, its two ends in no sockmap.
    private static func reader(
        _ code: String, isRedirected: Bool = true, ask: @escaping @Sendable (ScenarioSocket) -> String
    ) -> Scenario {
        Scenario(code) { fixture, family, isControl in
            let tuple = fixture.freshTuple(family, to: isControl ? Fixture.plainPort : Fixture.port)
            let pair = try fixture.pair(tuple, isAccelerated: isRedirected && !isControl)
            fixture.keep(pair.client)
            fixture.keep(pair.server)
            try fixture.mustBeFiled(tuple.reversed, !isControl)
            try fixture.mustBeFiled(tuple, isRedirected && !isControl)
            return Act(tuple: tuple) {
                try pair.client.send(Array("ten bytes\n".utf8))
                guard pair.server.waits(for: POLLIN, within: .patience) else { return Fixture.Exchange.hangs.rawValue }
                let word = ask(pair.server)
                if word != "splices" { _ = try pair.server.receive(within: .zero) }
                return word
            }
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
