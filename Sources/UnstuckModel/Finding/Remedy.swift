/// One way out of a finding: what to run, what that does here, and its trade-off.
public struct Remedy: Sendable, Codable, Hashable {
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// Delete what is stale.
        case repair
        /// Keep it from coming back.
        case `guard`
        /// Take the accelerator out of the path of new connections.
        case bypass
        /// Move the workload away, or restart it.
        case drain
        /// Another kernel.
        case update
    }

    /// A program with its arguments, as execve takes them.
    public struct Command: Sendable, Codable, Hashable {
        public var argv: [String]
        /// When to run it, where that is not at once.
        public var note: String?

        public init(_ argv: [String], note: String? = nil) {
            self.argv = argv
            self.note = note
        }

        /// As a shell takes it.
        public var text: String {
            argv.map(shellWord).joined(separator: " ") + (note.map { "  # \($0)" } ?? "")
        }
    }

    /// What becomes of the finding.
    public enum Outcome: String, Sendable, Codable, CaseIterable {
        /// It is gone afterwards.
        case clears
        /// A part of it stays, which the effect names.
        case reduces
        /// It stays; new ones are prevented.
        case prevents
        /// Nothing: the effect says why.
        case nothing
    }

    public private(set) var kind: Kind
    /// To run in their order; empty where none helps.
    public private(set) var commands: [Command]
    /// What it does here, or why it does nothing.
    public private(set) var effect: String
    public private(set) var outcome: Outcome
    /// Empty: none.
    public private(set) var tradeOff: String
    /// What the process that runs it must have: `root`, `CAP_NET_ADMIN`, `kubectl`.
    public private(set) var needs: [String]
    /// Of a repair. Not part of the document.
    public private(set) var repair: PlannedRepair?

    private enum CodingKeys: String, CodingKey { case kind, commands, effect, outcome, tradeOff, needs }

    /// A repair: of a plan that contains it.
    public init(_ repair: PlannedRepair, effect: String, outcome: Outcome, tradeOff: String, needs: [String]) {
        kind = .repair
        commands = [Command(repair.arguments(applies: true))]
        self.effect = effect
        self.outcome = outcome
        self.tradeOff = tradeOff
        self.needs = needs
        self.repair = repair
    }

    /// What is no repair. `nil`: it would be one.
    public init?(
        _ kind: Kind, _ commands: [Command], effect: String, outcome: Outcome, tradeOff: String, needs: [String]
    ) {
        guard kind != .repair else { return nil }
        self.kind = kind
        self.commands = commands
        self.effect = effect
        self.outcome = outcome
        self.tradeOff = tradeOff
        self.needs = needs
    }
}
