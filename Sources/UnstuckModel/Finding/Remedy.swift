/// One way out of a finding, and its price.
public struct Remedy: Sendable, Codable, Hashable {
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// Delete what is dead.
        case repair
        /// Keep it from coming back.
        case `guard`
        /// Take the accelerator out of the path of new connections.
        case bypass
        /// Move the work away, or start it anew.
        case drain
        /// Another kernel.
        case update
    }

    public var kind: Kind
    /// The lines to run, in their order; empty where none helps.
    public var commands: [String]
    /// What it does here, or why it does nothing.
    public var effect: String
    public var tradeOff: String

    public init(_ kind: Kind, _ commands: [String], effect: String, tradeOff: String) {
        self.kind = kind
        self.commands = commands
        self.effect = effect
        self.tradeOff = tradeOff
    }
}
