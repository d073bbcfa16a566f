import CLinuxUAPI
import Glibc
import UnstuckKernel
import UnstuckModel

/// A blocking recv that is woken without bytes: it goes on waiting, or returns EAGAIN on a socket that is in a sockmap.
extension Scenario {
    static let disturbedScenarios: [Scenario] = [
        // The client ends its side and waits for the rest of the answer.
        disturbed("EAGAIN-shutdown", LINUX_DISTURB_SHUTDOWN, endsItsSide: true),
        disturbed("EAGAIN-signal", LINUX_DISTURB_SIGNAL), disturbed("EAGAIN-stop", LINUX_DISTURB_STOP),
    ]

    /// Control: a connection beside the accelerator, its two ends in no sockmap.
    private static func disturbed(_ code: String, _ what: linux_disturbance, endsItsSide: Bool = false) -> Scenario {
        Scenario(code) { fixture, family, isControl in
            func connect() throws -> (tuple: FourTuple, client: ScenarioSocket) {
                let tuple = fixture.freshTuple(family, to: isControl ? Fixture.plainPort : Fixture.port)
                let pair = try fixture.pair(tuple, isAccelerated: !isControl)
                fixture.keep(pair.client)
                fixture.keep(pair.server)
                for end in [tuple, tuple.reversed] { try fixture.mustBeFiled(end, !isControl) }
                return (tuple, pair.client)
            }
            let first = try connect()
            var unused: ScenarioSocket? = first.client
            return Act(tuple: first.tuple) {
                // A connection's side ends once.
                let client = try unused ?? connect().client
                if endsItsSide { unused = nil }
                let outcome = linux_disturb_receive(client.raw, what, Int32(Self.patience))
                guard outcome >= 0 else { throw SystemError("recv", "a scenario's socket", errno: errno) }
                return outcome == EAGAIN ? "eagain" : outcome == 0 ? "waits" : "fails with \(outcome)"
            }
        }
    }

    /// Milliseconds.
    private static let patience = 30_000
}
