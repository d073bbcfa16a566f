import ArgumentParser
import Synchronization
import UnstuckKernel
import UnstuckModel
import UnstuckOperations
import UnstuckRender

struct SockmapsEntries: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "entries", abstract: "Every entry: its key, what the key claims, and the socket behind it.",
        discussion: """
            JSON is printed as one object a line, in no particular order. With --totals only counts are printed, by pod and \
            address. States are of one sample: a socket that is just closing counts as dead for a moment.

            EXAMPLES
              unstuck sockmaps entries --pod shop/web-0 --state zombie
                  The zombies of one pod.
              unstuck sockmaps entries --totals
                  How many entries each pod has, by state: where stale ones pile up.

            EXIT STATUS
              0 all was read, whatever it shows
              2 something could not be read
              64 usage
            """)

    @OptionGroup var maps: MapOptions
    @OptionGroup var walk: WalkOptions
    @OptionGroup var filter: EntryFilterOptions
    @Flag(help: "Only counts, by pod and address.")
    var totals = false
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run(_ context: CommandContext) throws {
        var all = PodTotals()
        var isAnyShown = false
        var reading = walk.reading(context)
        let wanted = try maps.ids(root: node.nodeRoot(context))
        let finder = CgroupFinder(root: node.nodeRoot(context))
        if !walk.withoutIterator {
            try reading.forEach(wanted, root: node.nodeRoot(context)) { checked in
                let pods = filter.pod.isEmpty && !totals ? nil : index(checked, finder)
                let chosen = filter.filter(pods)
                if totals {
                    for entry in checked.parts.joined() {
                        let (claim, state) = checked.decision.classify(entry)
                        guard chosen.takes(entry, claim, state) else { continue }
                        all.add(
                            state, pod: pods?.pod(of: entry, claim: claim), address: entry.ownAddress(claim))
                    }
                } else if output.output == .text {
                    isAnyShown = try printText(checked, chosen, context) || isAnyShown
                } else {
                    try printJSON(checked, chosen, context)
                }
            }
        }
        if let walked = walk.withoutIterator
            ? reading.walk(wanted, root: node.nodeRoot(context)) : reading.walk(root: node.nodeRoot(context))
        {
            isAnyShown = try print(walked, &all, context) || isAnyShown
        }
        if !totals, output.output == .text, !isAnyShown, reading.isComplete {
            context.printError("unstuck: no such entry")
        }
        if totals {
            switch output.output {
            case .text: try context.writeText(SockmapText(style: context.style).render(all.rows))
            case .json: try context.write(JSON.document(all.rows, command: "sockmaps.totals"))
            }
        }
        if !reading.isComplete { throw Exit.couldNotTell }
    }

    /// - Returns: whether entries were printed as text.
    private func print(_ walked: WalkedSockmaps, _ all: inout PodTotals, _ context: CommandContext) throws -> Bool {
        let chosen = filter.filter(walked.view.pods)
        if totals {
            walked.add(to: &all) { chosen.takes($0.entry.key, $0.claim, $0.state) }
        } else if output.output == .text {
            let text = walked.text(chosen, context.style)
            try context.writeText(text.render())
            return !text.isEmpty
        } else {
            var json = walked.json(chosen)
            try json.drain { try context.write($0) }
        }
        return false
    }

    private func index(_ checked: MapContents, _ finder: CgroupFinder) -> PodIndex {
        let sockets = checked.parts.joined().lazy.map(\.socket)
        return PodIndex(
            cgroups: finder.find(Set(sockets.map(\.cgroup))), pods: finder.pods(), sockets: sockets)
    }

    /// - Returns: whether there are any.
    private func printText(_ checked: MapContents, _ filter: EntryFilter, _ context: CommandContext) throws -> Bool {
        var text = EntryText(style: context.style)
        for entry in checked.parts.joined() {
            let (claim, state) = checked.decision.classify(entry)
            guard filter.takes(entry, claim, state) else { continue }
            text.add(entry, of: checked.map.id, claim: claim, state: state)
        }
        try context.writeText(text.render())
        return !text.isEmpty
    }

    /// Each part is written by a thread of its own; the last one by ours.
    private func printJSON(_ checked: MapContents, _ filter: EntryFilter, _ context: CommandContext) throws {
        let turn = Turn(context)
        let first = checked.parts[0]
        let other =
            try checked.parts.count < 2
            ? nil
            : JoinableThread {
                try Self.print(first, of: checked, filter, turn)
            }
        for part in checked.parts.dropFirst(other == nil ? 0 : 1) { try Self.print(part, of: checked, filter, turn) }
        try other?.wait()
    }

    /// Whole lines reach stdout, anyone who writes.
    private final class Turn: Sendable {
        private let turn = Mutex(())
        private let context: CommandContext
        init(_ context: CommandContext) { self.context = context }
        func write(_ bytes: RawSpan) throws { try turn.withLock { _ in try context.write(bytes) } }
    }

    private static func print(
        _ entries: [SockmapEntry], of checked: MapContents, _ filter: EntryFilter, _ turn: Turn
    ) throws {
        let lines = EntryJSON(map: checked.map.id, handlers: checked.handlers)
        var json = JSONStream()
        for entry in entries {
            let (claim, state) = checked.decision.classify(entry)
            guard filter.takes(entry, claim, state) else { continue }
            lines.write(entry, claim: claim, state: state, to: &json)
            if json.count > 1 << 17 { try json.drain(turn.write) }
        }
        try json.drain(turn.write)
    }
}

struct EntryFilterOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Only entries in this state.", valueName: "state"))
    var state: [EntryState] = []
    @Option(
        help: ArgumentHelp("Only entries of this pod, by namespace/name or uid.", valueName: "pod"), completion: .pods)
    var pod: [String] = []
    @Option(help: ArgumentHelp("Only the entry with this key.", valueName: "hex"))
    var key: [String] = []
    @Option(help: ArgumentHelp("Only entries whose key names this address, on either side.", valueName: "ip"))
    var address: [String] = []
    @Option(help: ArgumentHelp("Only entries whose key names this port, on either side.", valueName: "port"))
    var port: [UInt16] = []

    func validate() throws {
        for text in address where IPAddress(text) == nil { throw ValidationError("--address: no IP address: \(text)") }
        for text in key where SockmapKey(hex: text)?.count ?? 0 == 0 {
            throw ValidationError("--key: no hex of 1 to \(SockmapKey.longest) bytes: \(text)")
        }
    }

    /// - Parameter pods: of the map whose entries are chosen from; needed for `--pod` only.
    func filter(_ pods: PodIndex? = nil) -> EntryFilter {
        EntryFilter(
            states: Set(state), pods: Set(pod), keys: Set(key.compactMap { SockmapKey(hex: $0) }),
            addresses: Set(address.compactMap(IPAddress.init)), ports: Set(port),
            index: pods)
    }
}
