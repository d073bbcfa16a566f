import ArgumentParser
import UnstuckModel
import UnstuckOperations
import UnstuckRender

struct SockmapsDecode: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "Decode the keys of a dump: bpftool's text or JSON, or rows of hex. Read-only.",
        discussion: """
            The form is found by itself; a damaged or cut dump is read as far as it goes, and what was not understood is \
            named with its line. Prompts, quotation marks, timestamps, a log's prefixes, colours, diffs and JSON inside \
            other JSON are read, too. A dump shows no sockets, so the layout is inferred from the keys alone: where more \
            than one fits, all are listed with the evidence for each, and none is chosen. A folder is an unpacked sosreport; its tar archive, plain or \
            with gzip, is read as it is.

            EXAMPLES
              bpftool map dump id 122 | unstuck sockmaps decode
                  Every key of the dump with what it claims, and how many entries each local address has.
              unstuck sockmaps decode node-a.json --layout merbridge --output json
                  A dump by `bpftool -j`, with keys that two layouts fit.
              unstuck sockmaps decode sosreport-node-a-2024-05-01-abcdefg
                  Every sockmap of which the report has a dump; the same of sosreport-….tar.gz.
              unstuck sockmaps decode --map cilium_sock_ops
                  The keys of this machine's map, with its pods.

            EXIT STATUS
              0 every key was understood, by the only layout that fits or the one asked for
              2 a key, a line or a file was not, or two layouts fit
              64 usage
            """)

    @Argument(
        help: ArgumentHelp("Dumps, or a sosreport's folder or tar archive; - or none is stdin.", valueName: "file"),
        completion: .file())
    var files: [String] = []

    @Option(
        help: ArgumentHelp(
            "Walk the keys of this machine's map instead, by its id, name or pin.", valueName: "id|name|path"),
        completion: .maps)
    var map: [String] = []

    @Option(
        help: ArgumentHelp("Keys are laid out like this, whatever else fits: \(knownLayoutNames).", valueName: "name"),
        completion: .list(KeyLayout.known.map(\.name)), transform: knownLayout)
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

    func run(_ context: CommandContext) throws {
        let podAt = pods ?? !map.isEmpty ? podNames(context) : { _ in nil }
        var isComplete = true
        var sources: [DecodedSource] = []
        for name in map { sources += try keysOfMaps(name, podAt, &isComplete, context) }
        if map.isEmpty {
            for file in files.isEmpty ? ["-"] : files {
                let found = read(file, podAt, context)
                if found.isEmpty { isComplete = false }
                sources += found
            }
        }
        switch output.output {
        case .json: try context.write(JSON.document(sources, command: "sockmaps.decode"))
        case .text: for source in sources { try print(source, context) }
        }
        if !isComplete || !sources.allSatisfy(\.isUnderstood) { throw Exit.couldNotTell }
    }

    /// Problems that are worth a person's time; JSON has up to ``KeyDump/longestProblemList``.
    private static let longestList = 20

    private func print(_ source: DecodedSource, _ context: CommandContext) throws {
        let keys = source.groups.map { "\(pluralized($0.entries.count, "key")) of \($0.keySize) bytes" }
        try context.writeText(
            "\(safeText(source.source)): \(source.form.map { "\($0.rawValue), " } ?? "")"
                + "\(keys.isEmpty ? "no whole key" : keys.joined(separator: ", "))\n")
        for note in source.notes { try context.writeText("note: \(safeText(note))\n") }
        for group in source.groups {
            try context.writeText(group.text)
            if source.form == .hexLines, group.layout == nil, group.keySize.isMultiple(of: 16) {
                try context.writeText(
                    "  rows of 16 bytes may be parts of longer keys: grep -C 2 keeps those together\n")
            }
        }
        for problem in source.problems.prefix(Self.longestList) {
            let place = problem.line == 0 ? "" : " line \(problem.line)"
            context.printError("unstuck: \(safeText(source.source))\(place): \(problem.reason)")
        }
        let rest = source.problemCount - Self.longestList
        if rest > 0 {
            context.printError("unstuck: \(safeText(source.source)): \(rest) more lines were not understood")
        }
    }

    private func read(_ file: String, _ podAt: (IPAddress) -> String?, _ context: CommandContext) -> [DecodedSource] {
        if file == "-", context.isInputTerminal { context.printProgress("reading a dump from here; Ctrl-D ends it") }
        do {
            let sources = try DecodedSource.readAll(file, chosen: layout, pod: podAt)
            if sources.isEmpty { context.printError("unstuck: \(safeText(file)): its dumps of sockmaps are empty") }
            return sources
        } catch {
            context.printError("unstuck: \(error)")
            return []
        }
    }

    private func keysOfMaps(
        _ name: String, _ podAt: (IPAddress) -> String?, _ isComplete: inout Bool, _ context: CommandContext
    ) throws -> [DecodedSource] {
        var sources: [DecodedSource] = []
        do {
            try NamedSockmap.forEach(name, root: node.nodeRoot(context)) { map in
                sources.append(try DecodedSource(map, chosen: layout, pod: podAt))
            }
        } catch let failure as NamedSockmap.Failure {
            throw failure
        } catch {
            context.printError("unstuck: cannot read map \(safeText(name)): \(errorMessage(error))")
            isComplete = false
            return sources
        }
        return sources
    }

    /// Pods by address, as the node's sockets tell.
    private func podNames(_ context: CommandContext) -> (IPAddress) -> String? {
        let (pods, missingEvidence) = podsByAddress(root: node.nodeRoot(context))
        for gap in missingEvidence {
            context.printError(
                "unstuck: pods may be unnamed: \(gap)")
        }
        return pods.pod(at:)
    }
}
