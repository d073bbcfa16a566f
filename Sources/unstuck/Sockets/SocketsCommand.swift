import ArgumentParser
import Synchronization
import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel
import UnstuckOperations
import UnstuckRender

struct SocketsCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "sockets",
        abstract: "Every TCP socket of every network namespace, both ends of a connection in one row. Read-only.",
        discussion: """
            A row is a connection, with both of its ends where both are on this node (client/server in one column), or a \
            listener. JSON is one object a line, in no particular order without --sort. FILTER is an expression as ss has \
            them; a row is shown if it holds for one of its ends:
              state established, close-wait, exclude time-wait
              src 10.0.0.0/8, dst [2001:db8::1]:443, addr 192.0.2.7
              sport 8080, dport != 443, port 8000-8100, port > 1023
              192.0.2.10:50504 -> 203.0.113.7:8080
              pod 'shop/*', process nginx, pid 812, netns blue, ipv6
              recv_q > 0, rtt > 50ms, sndbuf >= 1m: every number of the JSON
              and, or, not, parentheses; side by side means and

            EXAMPLES
              unstuck sockets 'dport 8080 and (recv_q > 0 or send_q > 0)' --sort lastrcv_ms
                  Connections to port 8080 that hold bytes, the longest silent first.
              unstuck sockets -w 'pod shop/web-0'
                  What moves in one pod, every 2 seconds.
              unstuck sockets --compare 'port 50504' 'port 57424'
                  A connection that works and one that hangs, side by side, with what moved in 2 seconds.

            EXIT STATUS
              0 all was read, whatever it shows
              2 something could not be read
              64 usage
            """)

    @Argument(
        help: ArgumentHelp("Only rows for which this holds; with --compare two expressions.", valueName: "filter"))
    var filter: [String] = []

    @Flag(help: "Compare two connections, each chosen by one FILTER, and what moves in them.")
    var compare = false

    @Option(
        help: ArgumentHelp(
            "Sort by a column: connection, state, pod, process, pid, netns, or a number of the JSON, the largest first.",
            valueName: "column"),
        completion: .list(SocketOrder.names), transform: column)
    var sort: SocketOrder.Column?

    @Flag(help: "Sort the other way round.")
    var reverse = false

    @Flag(name: .shortAndLong, help: "Sample again and again, and show what moved.")
    var watch = false

    @Option(
        help: ArgumentHelp("Time between two samples of --watch and --compare: 500ms, 3s.", valueName: "time"))
    var interval: DurationArgument = 2

    @Option(help: ArgumentHelp("Samples of --watch; without it, until it is interrupted.", valueName: "number"))
    var count: Int?

    @Flag(name: .shortAndLong, help: "Everything that is known of each end, below its row.")
    var verbose = false

    @Flag(name: .customShort("4"), help: "Only IPv4.")
    var onlyV4 = false
    @Flag(name: .customShort("6"), help: "Only IPv6.")
    var onlyV6 = false

    @Flag(
        help: ArgumentHelp(
            "Ask INET_DIAG in each namespace, as where BTF or a capability is missing.",
            discussion: "Shows less: no handlers and no redirected bytes."))
    var withoutIterator = false

    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if compare {
            guard filter.count == 2 else {
                throw ValidationError("--compare takes two expressions, each in one argument, not \(filter.count)")
            }
            guard !watch, count == nil, sort == nil, !reverse else {
                throw ValidationError("--compare does not go with --watch, --count, --sort or --reverse")
            }
            for text in filter { _ = try Self.parsed(text) }
        } else {
            _ = try Self.parsed(filter.joined(separator: " "))
        }
        guard interval.seconds > 0, interval.seconds <= 3600 else {
            throw ValidationError("--interval is more than 0, up to 1h")
        }
        guard count == nil || watch else { throw ValidationError("--count is of samples of --watch") }
        guard count.map({ $0 > 0 }) ?? true else { throw ValidationError("--count is 1 or more") }
        guard !reverse || sort != nil else { throw ValidationError("--reverse is of --sort") }
        guard !(onlyV4 && onlyV6) else { throw ValidationError("-4 and -6 leave nothing") }
    }

    func run(_ context: CommandContext) throws {
        var options = NodeObserver.Options()
        options.root = node.nodeRoot(context)
        options.avoidsIterators = withoutIterator
        options.readsDetails = true
        let observer = NodeObserver(options)
        guard !compare else { return try compare(observer, context) }
        var wanted = try Self.parsed(filter.joined(separator: " "))
        if onlyV4 || onlyV6 { wanted = .and(wanted, .isFamily(v4: onlyV4)) }
        let selection = SocketSelection(filter: wanted, order: order)
        let isWhole = watch ? try watch(selection, observer, context) : try show(selection, observer, context)
        if !isWhole { throw Exit.couldNotTell }
    }

    /// Text is sorted, so that a connection is found again.
    private var order: SocketOrder? {
        if let sort { return SocketOrder(sort, isReversed: reverse) }
        return output.output == .text ? SocketOrder(.connection) : nil
    }

    // MARK: Samples

    /// - Returns: whether everything was read.
    private func show(_ selection: SocketSelection, _ observer: NodeObserver, _ context: CommandContext) throws -> Bool
    {
        let sample = observer.sampleSockets()
        try print(selection.rows(of: sample), sample, nil, number: nil, context)
        return report(sample.missingEvidence, context)
    }

    private func watch(_ selection: SocketSelection, _ observer: NodeObserver, _ context: CommandContext) throws -> Bool
    {
        var before: SocketSample?
        var isWhole = true
        var reported: [MissingEvidence] = []
        for number in 1... {
            let start = ContinuousClock.now
            let sample = observer.sampleSockets()
            let rows = selection.rows(of: sample)
            if output.output == .text {
                let head = before.map { "sample \(number), \(durationText(sample.monotonic - $0.monotonic)) later" }
                try context.writeText((number > 1 ? "\n" : "") + context.style.bold(head ?? "sample 1") + "\n")
            }
            try print(rows, sample, before.map(SampleMatch.init), number: number, context)
            let new = sample.missingEvidence.filter { !reported.contains($0) }
            isWhole = report(new, context) && sample.missingEvidence.isEmpty && isWhole
            reported += new
            if number == count { break }
            before = sample
            let left = start + .seconds(interval.seconds) - ContinuousClock.now
            if left > .zero { context.sleep(left / .seconds(1)) }
        }
        return isWhole
    }

    private func print(
        _ rows: [SocketRow], _ sample: SocketSample, _ before: SampleMatch?, number: Int?, _ context: CommandContext
    ) throws {
        switch output.output {
        case .text:
            let moves = before.map { match in { match.moves(of: $0, in: sample) } }
            let shown = rows.map {
                SocketText.Row(client: $0.client, server: $0.server, tuple: $0.tuple(in: sample))
            }
            let text = SocketText(style: context.style, isVerbose: verbose).render(shown, of: sample, moves: moves)
            try context.writeText(text)
            if rows.isEmpty, sample.missingEvidence.isEmpty { context.printError("unstuck: no such socket") }
        case .json:
            let lines = RowLines(rows: rows, sample: sample, before: before, number: number)
            // Many rows without an order are written by two threads.
            guard sort == nil, rows.count >= Self.rowsOfOneThread else {
                return try lines.write(rows.indices) { try context.write($0) }
            }
            let turn = Turn(context)
            let half = rows.count / 2
            let other = try JoinableThread { try lines.write(0..<half) { try turn.write($0) } }
            try lines.write(half..<rows.count) { try turn.write($0) }
            try other.wait()
        }
    }

    private static let rowsOfOneThread = 2000

    /// Whole lines reach stdout, anyone who writes.
    private final class Turn: Sendable {
        private let turn = Mutex(())
        private let context: CommandContext
        init(_ context: CommandContext) { self.context = context }
        func write(_ bytes: RawSpan) throws { try turn.withLock { _ in try context.write(bytes) } }
    }

    private struct RowLines: Sendable {
        var rows: [SocketRow]
        var sample: SocketSample
        var before: SampleMatch?
        var number: Int?

        /// Some of the rows, piece by piece.
        func write(_ range: Range<Int>, _ output: (RawSpan) throws -> Void) throws {
            let lines = SocketJSON(sample)
            let moved = before.map { match in { match.moves(of: $0, in: sample) } }
            var json = JSONStream()
            for row in rows[range] {
                lines.write(
                    client: row.client, server: row.server, tuple: row.tuple(in: sample), number: number, moved: moved,
                    to: &json)
                if json.count > 1 << 17 { try json.drain(output) }
            }
            try json.drain(output)
        }
    }

    // MARK: Two connections

    private func compare(_ observer: NodeObserver, _ context: CommandContext) throws {
        context.printProgress("sampling twice, \(interval) apart …")
        let (comparison, missing) = try SocketComparison.run(
            (
                a: (filter[0], try Self.parsed(filter[0])), b: (filter[1], try Self.parsed(filter[1]))
            ), observer: observer, seconds: interval.seconds, wait: context.sleep)
        switch output.output {
        case .text: try context.writeText(comparison.text(context.style, isVerbose: verbose))
        case .json: try context.write(JSON.document(comparison, command: "sockets.compare"))
        }
        if !report(missing, context) { throw Exit.couldNotTell }
    }

    // MARK: Words

    /// Says on stderr what could not be read.
    ///
    /// - Returns: whether there is nothing.
    private func report(_ missing: [MissingEvidence], _ context: CommandContext) -> Bool {
        for one in missing { context.printError("unstuck: \(one)") }
        return missing.isEmpty
    }

    private static func parsed(_ text: String) throws -> SocketFilter {
        do {
            return try SocketFilterParser.parse(text)
        } catch {
            let shown = safeText(text)
            let mark = String(repeating: " ", count: error.offset) + "^"
            throw ValidationError("FILTER, \(error)\n  \(shown)\n  \(mark)")
        }
    }
}

/// A column of `--sort`; an unknown name is answered with those that are known.
private func column(_ name: String) throws -> SocketOrder.Column {
    guard let column = SocketOrder.Column(name) else {
        throw ValidationError(
            "no column \"\(safeText(name))\"; there are: \(SocketOrder.names.joined(separator: ", "))")
    }
    return column
}
