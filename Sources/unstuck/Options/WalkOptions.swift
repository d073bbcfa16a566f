import ArgumentParser
import UnstuckModel
import UnstuckOperations

/// How maps are read.
struct WalkOptions: ParsableArguments {
    @Flag(help: "Walk the maps' keys and ask INET_DIAG, as where BTF or a capability is missing.")
    var withoutIterator = false

    /// Says on stderr what cannot be read.
    func reading(_ context: CommandContext) -> MapReading { MapReading { context.printError("unstuck: \($0)") } }
}

extension EntryState: ExpressibleByArgument {}
