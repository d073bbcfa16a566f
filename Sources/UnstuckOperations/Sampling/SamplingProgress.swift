import UnstuckModel

/// Why a second sample is taken, and when.
public struct SamplingProgress: Sendable, CustomStringConvertible {
    /// Entries that look dead after one sample.
    public var suspects: Int
    /// Connections that hold unread or unacknowledged bytes.
    public var unsettled: Int
    /// Seconds until the second sample.
    public var secondsToWait: Double

    public var description: String {
        "\(pluralized(suspects, "entry looks", "entries look")) stale, "
            + "\(pluralized(unsettled, "connection holds", "connections hold")) bytes; "
            + "next sample in \(secondsToWait) s …"
    }
}
