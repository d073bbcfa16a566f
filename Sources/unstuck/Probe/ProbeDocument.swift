import UnstuckProbing
import UnstuckRender

/// What `unstuck probe --output json` prints (schema `unstuck.probe/2`). Version 1 had these fields beside `version`, without
/// the envelope of the other commands.
struct ProbeDocument: Encodable {
    var passed: Int
    var failed: Int
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
        failed = probes.count - passed
        self.error = error.map {
            Refusal(code: $0.code.rawValue, message: $0.message, capability: $0.capability)
        }
    }

    func json() throws -> String { try JSON.document(self, command: "probe", version: 2) }
}
