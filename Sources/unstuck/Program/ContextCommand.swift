import ArgumentParser

/// A command that takes everything from its context, and prints through it.
protocol ContextCommand: ParsableCommand {
    func run(_ context: CommandContext) throws
}

extension ContextCommand {
    func run() throws { try run(.process) }
}
