import Testing
import UnstuckModel

@Suite("Durations of options")
struct DurationArgumentTests {
    @Test(arguments: [
        ("3s", 3.0), ("500ms", 0.5), ("2m", 120), ("1h", 3600), ("90", 90), ("0.5", 0.5), ("1.5s", 1.5), ("0", 0),
        ("0.1h", 360), ("168h", 604_800),
    ])
    func reads(_ text: String, _ seconds: Double) {
        #expect(DurationArgument(argument: text)?.seconds == seconds)
    }

    @Test(arguments: [
        "", "s", "ms", "soon", "3 s", " 3", "-1", "+1", "1e3", "0x10", "inf", "nan", "1d", "3sec", ".5s", "1.2.3",
        "169h", "99999999999999999999", "3S", "١s",
    ])
    func refuses(_ text: String) { #expect(DurationArgument(argument: text) == nil) }

    /// What help shows as the default can be given back.
    @Test(arguments: [
        (3.0, "3s"), (0.5, "500ms"), (120, "2m"), (90, "90s"), (3600, "1h"), (5400, "90m"), (0, "0s"), (0.1, "100ms"),
    ])
    func prints(_ seconds: Double, _ text: String) {
        #expect("\(DurationArgument(seconds: seconds))" == text)
        #expect(DurationArgument(argument: text)?.seconds == seconds)
    }
}
