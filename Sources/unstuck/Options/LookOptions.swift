import ArgumentParser
import UnstuckDiagnosis
import UnstuckKernel
import UnstuckOperations

struct LookOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Seconds between two samples; 0 takes one, which cannot tell whether a connection moves.",
            valueName: "seconds"))
    var interval: Double = 3

    @OptionGroup var maps: MapOptions

    @Flag(
        help: ArgumentHelp(
            "Walk the maps' keys and ask INET_DIAG, as where BTF or a right is missing.",
            discussion: "Tells less: above all, it cannot tell a leaked entry from a zombie."))
    var withoutIterator = false

    func validate() throws {
        guard interval == 0 || (interval >= NodeView.secondsBetweenSightings && interval <= 600) else {
            throw ValidationError(
                "--interval is 0, or \(NodeView.secondsBetweenSightings) to 600: closing sockets, and slow connections, need that "
                    + "long")
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
        return options
    }

    /// With progress for a person who waits.
    func session(_ observer: NodeObserver, _ context: CommandContext, asksAboutConnections: Bool = true)
        -> DiagnosisSession
    {
        DiagnosisSession(observer: observer, interval: interval, asksAboutConnections: asksAboutConnections) {
            context.printProgress("\($0)")
        }
    }
}
