import UnstuckProbing
import UnstuckRender

/// What `unstuck probe --output json` prints (schema `unstuck.probe/3`). Version 1 had these fields beside `version`, without
/// the envelope of the other commands.
struct ProbeDocument: Encodable {
    var passed: Int
    var failed: Int
    /// Thrown away by kubelet: neither success nor failure.
    var errored: Int
    var probes: [ProbeOutcome]
    /// Why there are fewer probes than were asked for.
    var error: Refusal?

    struct Refusal: Encodable {
        var code: String
        var message: String
        var capability: String?
    }

    init(_ probes: [ProbeOutcome], error: ProbeError? = nil) {
        self.probes = probes
        passed = probes.count(where: \.passed)
        errored = probes.count { $0.verdict == .errored }
        failed = probes.count - passed - errored
        self.error = error.map {
            Refusal(code: $0.code.rawValue, message: $0.message, capability: $0.capability)
        }
    }

    func json() throws -> String { try JSON.document(self, command: "probe", version: 3) }
}
