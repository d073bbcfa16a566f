import ArgumentParser
import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel
import UnstuckOperations

struct CollectCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "collect",
        abstract: "Save snapshots of this node, to be evaluated elsewhere. Read-only.",
        discussion: """
            Samples twice, some seconds apart, and saves both snapshots as JSON, with the programs that use the sockmaps, where \
            these are attached, and what the kernel is. Kernel addresses leave the node only scrambled. `unstuck diagnose \
            --from` gives the same verdict on any machine, without root. The file is readable by its owner only (mode 600): it \
            names processes and addresses. With --map only what belongs to these maps is saved, and the bundle says so.

            EXAMPLES
              unstuck collect --file node-a.json
                  Both snapshots into a file.
              unstuck collect --file node-a.json.gz
                  Compressed with gzip while it is written; `diagnose --from` reads it as it is.
              ssh node-a sudo unstuck collect --gzip | unstuck diagnose --from -
                  To stdout, evaluated elsewhere.
              unstuck collect --map cilium_sock_ops --file maps.json.gz
                  The sockets of this sockmap's entries, their peers and their listeners alone.

            EXIT STATUS
              0 saved
              2 saved, and something could not be read; or not saved
              64 usage
            """)

    @Option(help: ArgumentHelp("Write here instead of stdout.", valueName: "file"), completion: .file())
    var file: String?

    @Flag(help: ArgumentHelp("Compress with gzip; a --file whose name ends in .gz is compressed anyway."))
    var gzip = false

    @OptionGroup var look: SamplingOptions
    @OptionGroup var node: NodeOptions

    func run(_ context: CommandContext) throws {
        var options = try look.options(node, context)
        options.readsAttachments = true
        let result = try look.session(NodeObserver(options), context).run(always: true)
        var snapshots = scoped(result.looks)
        snapshots[snapshots.count - 1].add(FactsReader(root: options.root).read())
        if let file {
            try BundleFile.write(snapshots, packed: gzip || file.hasSuffix(".gz"), toFile: file)
            context.printError("saved \(pluralized(snapshots.count, "snapshot")) to \(safeText(file))")
        } else {
            try BundleFile.write(snapshots, packed: gzip) { try context.write($0) }
        }
        let missing = result.view.now.coverage.reasons
        for gap in missing {
            context.printError("unstuck: \(gap)")
        }
        if !missing.isEmpty { throw Exit.couldNotTell }
    }
}
