/// What became of a step that an earlier run had intended when it was killed.
public struct ResumedStep: Sendable, Codable, Hashable {
    public enum Verdict: String, Sendable, Codable, CaseIterable {
        /// Its entry is gone, or its connection.
        case done
        /// The same dead socket still sits there: today's plan decides.
        case undone
        /// Another socket sits there, or the same one lives: not ours any more.
        case changed
        /// It could not be looked at; the next run asks again.
        case unknown
        /// The node has been started again since: maps and sockets of that time are gone.
        case otherBoot = "other-boot"
    }

    /// The earlier run.
    public var run: String
    public var step: JournalLine.Step
    public var map: UInt32?
    public var key: SockmapKey?
    public var claim: FourTuple?
    public var verdict: Verdict
    public var detail: String

    public init(_ line: JournalLine, _ verdict: Verdict, _ detail: String) {
        run = line.run
        step = line.step
        map = line.map
        key = line.key
        claim = line.claim
        self.verdict = verdict
        self.detail = detail
    }
}
