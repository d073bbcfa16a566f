import FoundationEssentials
import UnstuckModel
import UnstuckProbing

/// What `unstuck probe --output json` prints. Fields are only ever added; `version` rises if one changes its meaning.
struct ProbeDocument: Encodable {
    var version = 1
    var command = "probe"
    var unstuck = unstuckVersion
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

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}
