/// "350 ms", "14 s", "5 min", "3 h": seconds for people. What a saved snapshot made of it may be anything.
public func durationText(_ seconds: Double) -> String {
    let milliseconds = UInt32(max(0, min((seconds * 1000).isNaN ? 0 : seconds * 1000, 4e9)))
    return switch milliseconds {
    case ..<1000: "\(milliseconds) ms"
    case ..<120_000: "\(milliseconds / 1000) s"
    case ..<7_200_000: "\(milliseconds / 60_000) min"
    default: "\(milliseconds / 3_600_000) h"
    }
}
