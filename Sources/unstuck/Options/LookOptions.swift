import ArgumentParser
import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel
import UnstuckOperations

struct SamplingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Time between two samples: 3s, 1m; 0 takes one, which cannot show whether a connection moves.",
            valueName: "time"))
    var interval: DurationArgument = 3

    @OptionGroup var maps: MapOptions

    @Option(
        help: ArgumentHelp(
            "Keys of maps with keys of that size are laid out like this, whatever else fits: \(knownLayoutNames).",
            valueName: "name"),
        completion: .list(KeyLayout.known.map(\.name)), transform: knownLayout)
    var layout: KeyLayout?

    @Flag(name: .shortAndLong, help: "No progress on standard error.")
    var quiet = false

    @Flag(
        help: ArgumentHelp(
            "Walk the maps' keys and ask INET_DIAG, as where BTF or a capability is missing.",
            discussion: "Shows less: above all, it cannot distinguish a leaked entry from a zombie."))
    var withoutIterator = false

    func validate() throws {
        let shortest = NodeView.secondsBetweenSightings
        guard interval.seconds == 0 || (shortest...600).contains(interval.seconds) else {
            throw ValidationError(
                "--interval is 0, or \(DurationArgument(seconds: shortest)) to 10m: a closing socket, or a slow connection, "
                    + "looks the same for less")
        }
    }

    func observer(_ node: NodeOptions, _ context: CommandContext) throws -> NodeObserver {
        NodeObserver(try options(node, context))
    }

    func options(_ node: NodeOptions, _ context: CommandContext) throws -> NodeObserver.Options {
        var options = NodeObserver.Options()
        options.root = node.nodeRoot(context)
        options.maps = Set(try maps.ids(root: node.nodeRoot(context)))
        options.avoidsIterators = withoutIterator
        options.layout = layout
        return options
    }

    /// With progress for a person who waits.
    func session(_ observer: NodeObserver, _ context: CommandContext, asksAboutConnections: Bool = true)
        -> DiagnosisSession
    {
        DiagnosisSession(observer: observer, interval: interval.seconds, asksAboutConnections: asksAboutConnections) {
            if !quiet { context.printProgress("\($0)") }
        }
    }
}
