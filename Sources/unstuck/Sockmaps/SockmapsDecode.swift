import ArgumentParser
import Glibc
import UnstuckFormats
import UnstuckKernel
import UnstuckModel
import UnstuckRender

struct SockmapsDecode: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "The keys of somebody else's dump: bpftool's text or JSON, or rows of hex. Touches nothing.",
        discussion: """
            The form is found by itself; a damaged or cut dump is read as far as it goes, and what was not understood is \
            named with its line. A dump shows no sockets, so the layout is told from the keys alone: where more than \
            one fits, all are named and none is chosen.

            EXAMPLES
              bpftool map dump id 122 | unstuck sockmaps decode
                  Every key of the dump with what it claims, and how many entries each local address has.
              unstuck sockmaps decode node-a.json --layout merbridge --output json
                  A dump by `bpftool -j`, with keys that two layouts fit.
              unstuck sockmaps decode --map cilium_sock_ops
                  The keys of this machine's map, with its pods.

            EXIT STATUS
              0 every key was understood · 2 a key, a line or a file was not · 64 usage
            """)

    @Argument(help: ArgumentHelp("Dumps; - or none is stdin.", valueName: "file"))
    var files: [String] = []

    @Option(
        help: ArgumentHelp(
            "Walk the keys of this machine's map instead, by its id, name or pin.", valueName: "id|name|path"))
    var map: [String] = []

    @Option(
        help: ArgumentHelp("Keys are laid out like this, whatever else fits: \(layoutNames).", valueName: "name"),
        transform: declaredLayout)
    var layout: KeyLayout?

    @Flag(
        inversion: .prefixedNo,
        help: "Name this node's pods in the totals (the default with --map, for dumps of this node without it).")
    var pods: Bool?

    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard files.isEmpty || map.isEmpty else { throw ValidationError("either files or --map") }
        guard files.count(where: { $0 == "-" }) < 2 else { throw ValidationError("stdin can be read once") }
    }

    /// One dump or map, as it is printed.
    private struct Source: Encodable {
        var source: String
        var form: KeyDump.Form?
        var groups: [DecodedKeys]
        /// What was not understood: the first hundred, and how many there are. Of a map they have no line.
        var problems: [KeyDump.Problem] = []
        var problemCount = 0

        mutating func add(_ reason: String) {
            problems.append(KeyDump.Problem(line: 0, reason: reason))
            problemCount += 1
        }
    }

    func run() throws {
        let podAt = pods ?? !map.isEmpty ? podNames() : { _ in nil }
        var isComplete = true
        var sources: [Source] = []
        for name in map { sources += keysOfMaps(name, podAt, &isComplete) }
        if map.isEmpty {
            for file in files.isEmpty ? ["-"] : files {
                guard let source = read(file, podAt) else {
                    isComplete = false
                    continue
                }
                sources.append(source)
            }
        }
        switch output.output {
        case .json: try writeOutput(JSON.document(sources, command: "sockmaps.decode"))
        case .text: for source in sources { try print(source) }
        }
        let isUnderstood = sources.allSatisfy { $0.problemCount == 0 && $0.groups.allSatisfy(\.isDecoded) }
        if !isComplete || !isUnderstood { throw Exit.couldNotTell }
    }

    /// Problems that are worth a person's time; JSON has up to ``KeyDump/longestProblemList``.
    private static let longestList = 20

    private func print(_ source: Source) throws {
        let keys = source.groups.map { "\(pluralized($0.entries.count, "key")) of \($0.keySize) bytes" }
        try writeOutput(
            "\(safeText(source.source)): \(source.form.map { "\($0.rawValue), " } ?? "")"
                + "\(keys.isEmpty ? "no whole key" : keys.joined(separator: ", "))\n")
        for group in source.groups {
            try writeOutput(group.text)
            if source.form == .hexLines, group.layout == nil, group.keySize.isMultiple(of: 16) {
                try writeOutput("  rows of 16 bytes may be parts of longer keys: grep -C 2 keeps those together\n")
            }
        }
        for problem in source.problems.prefix(Self.longestList) {
            let place = problem.line == 0 ? "" : " line \(problem.line)"
            printError("unstuck: \(safeText(source.source))\(place): \(problem.reason)")
        }
        let rest = source.problemCount - Self.longestList
        if rest > 0 { printError("unstuck: \(safeText(source.source)): \(rest) more lines were not understood") }
    }

    private func read(_ file: String, _ podAt: (IPAddress) -> String?) -> Source? {
        do {
            if file == "-", isatty(STDIN_FILENO) == 1 { printProgress("reading a dump from here; Ctrl-D ends it") }
            let bytes =
                try file == "-"
                ? OwnedDescriptor(owning: STDIN_FILENO, named: "standard input").readAll(sizeHint: 1 << 16)
                : OwnedDescriptor(path: file).readAll(sizeHint: 1 << 16)
            let name = file == "-" ? "stdin" : file
            guard bytes.contains(where: { !" \t\r\n".utf8.contains($0) }) else {
                printError("unstuck: \(safeText(name)) is empty: not even bpftool's dump of an empty map is that")
                return nil
            }
            let dump = KeyDump(bytes)
            return Source(
                source: name, form: dump.form, groups: groups(dump.keys, podAt),
                problems: dump.problems, problemCount: dump.problemCount)
        } catch {
            printError("unstuck: cannot read \(safeText(file)): \(error)")
            return nil
        }
    }

    /// Keys of one size belong together; a dump of one map has one size.
    private func groups(_ keys: [SockmapKey], _ podAt: (IPAddress) -> String?) -> [DecodedKeys] {
        Dictionary(grouping: keys, by: \.count).sorted { $1.value.count < $0.value.count }
            .map { DecodedKeys($0.value, chosen: layout, pod: podAt) }
    }

    private func keysOfMaps(_ name: String, _ podAt: (IPAddress) -> String?, _ isComplete: inout Bool) -> [Source] {
        var sources: [Source] = []
        do {
            if name.hasPrefix("/") {
                sources.append(try source(try NamedSockmap.open(name, root: node.nodeRoot), podAt))
            } else {
                for id in try NamedSockmap.ids(name, root: node.nodeRoot) {
                    guard let open = try BPFTable.openSockmap(id: id) else { throw NamedSockmap.Failure.unknown(name) }
                    sources.append(try source(open, podAt))
                }
            }
        } catch {
            printError("unstuck: cannot read map \(safeText(name)): \(words(error))")
            isComplete = false
            return sources
        }
        return sources
    }

    private func source(_ open: borrowing OpenSockmap, _ podAt: (IPAddress) -> String?) throws -> Source {
        let map = open.description
        var source = Source(source: "map \(map.id) \"\(map.name)\"", form: nil, groups: [])
        if map.kind == .sockmap {
            source.add("a SOCKMAP's keys are indices and claim no connection")
            return source
        }
        let (keys, isWhole) = try open.keys()
        source.groups = groups(keys, podAt)
        if !isWhole { source.add("it changes too fast to be walked to its end") }
        return source
    }

    /// Pods by address, as the node's sockets tell.
    private func podNames() -> (IPAddress) -> String? {
        var options = NodeObserver.Options()
        options.root = node.nodeRoot
        options.maps = [0]  // no map: the TCP tables tell which pod has which address
        let snapshot = NodeObserver(options).look()
        for shortfall in snapshot.shortfalls where shortfall.evidence != .sockmaps {
            printError("unstuck: pods may be unnamed: could not \(shortfall.action): needs \(shortfall.missing)")
        }
        return PodIndex(cgroups: snapshot.cgroups, pods: snapshot.pods, sockets: snapshot.sockets.map(\.socket)).pod(
            at:)
    }
}
