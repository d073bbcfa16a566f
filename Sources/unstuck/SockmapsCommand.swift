import ArgumentParser
import Synchronization
import UnstuckKernel
import UnstuckModel
import UnstuckRender

struct SockmapsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sockmaps",
        abstract: "Every sockmap, and what really sits behind each entry. Touches nothing.",
        discussion: """
            EXAMPLES
              unstuck sockmaps
                  Every map: its size, the layout of its keys and how that is known, its entries by state.
              unstuck sockmaps entries --state zombie --state leaked --output json
                  The dead entries of every map, one JSON object a line.
            """,
        subcommands: [List.self, Entries.self], defaultSubcommand: List.self)
}

/// A map with its entries judged: what both subcommands print.
private struct JudgedMap: Sendable {
    /// Without its entries.
    var map: Sockmap
    /// The entries, in the parts in which they were read.
    var parts: [[SockmapEntry]]
    var decision: LayoutDecision
    var handlers: [Handlers]

    func state(of entry: SockmapEntry) -> (claim: FourTuple?, state: EntryState) {
        decision.judge(entry)
    }

    /// Calls `body` with every map that is asked for; what cannot be read is said and remembered.
    static func forEach(_ ids: [UInt32], _ body: (JudgedMap) throws -> Void) throws -> Bool {
        let observer = SockmapObserver()
        var isComplete = true
        do {
            for id in ids.isEmpty ? try BPFTable.mapIDs() : Set(ids).sorted() {
                do {
                    guard let open = try BPFTable.openSockmap(id: id) else { continue }
                    let map = open.description
                    let parts = try observer.parts(of: open)
                    try body(
                        JudgedMap(
                            map: map, parts: parts, decision: LayoutDecision(keySize: map.keySize, parts: parts),
                            handlers: try observer.handlers()))
                } catch {
                    printError("unstuck: cannot read sockmap \(id): needs \(Requirement.missing(behind: error))")
                    isComplete = false
                }
            }
        } catch {
            printError("unstuck: cannot list BPF maps: needs \(Requirement.missing(behind: error))")
            isComplete = false
        }
        return isComplete
    }
}

extension SockmapsCommand {
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Every map with its entries by state (the default).")

        @Option(help: ArgumentHelp("Only these maps, by id.", valueName: "id"))
        var map: [UInt32] = []
        @OptionGroup var output: OutputOptions

        private struct Row: Encodable {
            var id: UInt32
            var name: String
            var kind: Sockmap.Kind
            var keySize: Int
            var maxEntries: Int
            var entries: Int
            var layout: String?
            var evidence: String
            var states: [String: Int]
        }

        func run() throws {
            var rows: [Row] = []
            let isComplete = try JudgedMap.forEach(map) { judged in
                var states: [String: Int] = [:]
                for entry in judged.parts.joined() { states[judged.state(of: entry).state.rawValue, default: 0] += 1 }
                rows.append(
                    Row(
                        id: judged.map.id, name: judged.map.name, kind: judged.map.kind, keySize: judged.map.keySize,
                        maxEntries: judged.map.maxEntries, entries: judged.parts.map(\.count).reduce(0, +),
                        layout: judged.decision.layout?.name, evidence: judged.decision.evidence, states: states))
            }
            switch output.output {
            case .json: writeOutput(try JSON.document(rows, command: "sockmaps.list"))
            case .text:
                for row in rows {
                    let states = row.states.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
                    writeOutput(
                        "\(row.kind.rawValue) \(row.id) \"\(safeText(row.name))\"  \(row.entries) of \(row.maxEntries) entries"
                            + "\(states.isEmpty ? "" : ": " + states.joined(separator: ", "))\n"
                            + "    \(row.keySize)-byte keys, layout \(row.layout ?? "not known") (\(row.evidence))\n")
                }
                if rows.isEmpty, isComplete { writeOutput("no SOCKMAP or SOCKHASH on this machine\n") }
            }
            if !isComplete { throw Exit.couldNotTell }
        }
    }

    struct Entries: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Every entry: its key, what the key claims, and the socket behind it.",
            discussion: "JSON is printed as one object a line, in no particular order.")

        @Option(help: ArgumentHelp("Only these maps, by id.", valueName: "id"))
        var map: [UInt32] = []
        @Option(help: ArgumentHelp("Only entries in this state.", valueName: "state"))
        var state: [EntryState] = []
        @OptionGroup var output: OutputOptions

        func run() throws {
            let wanted = Set(state.isEmpty ? EntryState.allCases : state)
            let isComplete = try JudgedMap.forEach(map) { judged in
                switch output.output {
                case .text: printText(judged, wanted)
                case .json: try printJSON(judged, wanted)
                }
            }
            if !isComplete { throw Exit.couldNotTell }
        }

        private func printText(_ judged: JudgedMap, _ wanted: Set<EntryState>) {
            var text = ""
            for entry in judged.parts.joined() {
                let (claim, state) = judged.state(of: entry)
                guard wanted.contains(state) else { continue }
                let resident = entry.resident
                let queue = resident.psock.map { $0.queuedBytes > 0 ? ", \($0.queuedBytes) unread bytes" : "" } ?? ""
                text +=
                    "\(judged.map.id)  \(state.rawValue)  \(claim.map { "\($0.local) ◄─ \($0.remote)" } ?? entry.key.description)"
                    + "  resident \(resident.tuple) \(resident.state), netns \(resident.netns), inode \(resident.inode)\(queue)\n"
                if text.utf8.count > 1 << 16 {
                    writeOutput(text)
                    text = ""
                }
            }
            writeOutput(text)
        }

        /// Each part is written by a thread of its own; the last one by ours.
        private func printJSON(_ judged: JudgedMap, _ wanted: Set<EntryState>) throws {
            let turn = Turn()
            let first = judged.parts[0]
            let other =
                try judged.parts.count < 2
                ? nil
                : RunningThread {
                    Self.print(first, of: judged, wanted, turn)
                }
            for part in judged.parts.dropFirst(other == nil ? 0 : 1) { Self.print(part, of: judged, wanted, turn) }
            try other?.wait()
        }

        /// Whole lines reach stdout, whoever writes.
        private final class Turn: Sendable {
            private let turn = Mutex(())
            func write(_ bytes: RawSpan) { turn.withLock { _ in writeOutput(bytes) } }
        }

        private static func print(
            _ entries: [SockmapEntry], of judged: JudgedMap, _ wanted: Set<EntryState>, _ turn: Turn
        ) {
            let takesAll = wanted.count == EntryState.allCases.count
            let lines = EntryJSON(map: judged.map.id, handlers: judged.handlers)
            var json = JSONStream()
            for entry in entries {
                let (claim, state) = judged.state(of: entry)
                guard takesAll || wanted.contains(state) else { continue }
                lines.write(entry, claim: claim, state: state, to: &json)
                if json.count > 1 << 17 { json.drain(turn.write) }
            }
            json.drain(turn.write)
        }
    }
}

extension EntryState: ExpressibleByArgument {}
