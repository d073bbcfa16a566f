import ArgumentParser
import UnstuckKernel
import UnstuckModel
import UnstuckOperations

struct CollectCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "collect",
        abstract: "Save snapshots of this node, to be evaluated elsewhere. Read-only.",
        discussion: """
            Samples twice, some seconds apart, and saves both snapshots as JSON. Kernel addresses leave the node only \
            scrambled. `unstuck diagnose --from` gives the same verdict on any machine, without root. The file is \
            readable by its owner only (mode 600): it names processes and addresses.

            EXAMPLES
              unstuck collect --file node-a.json
                  Both snapshots into a file.
              unstuck collect --interval 10s | gzip > node-a.json.gz
                  Ten seconds apart, to stdout; gunzip it before `diagnose --from` reads it.

            EXIT STATUS
              0 saved
              2 saved, and something could not be read; or not saved
              64 usage
            """)

    @Option(help: ArgumentHelp("Write here instead of stdout.", valueName: "file"), completion: .file())
    var file: String?

    @OptionGroup var look: LookOptions
    @OptionGroup var node: NodeOptions

    func run(_ context: CommandContext) throws {
        let result = try look.session(look.observer(node, context), context).run(always: true)
        let text = try BundleFile.text(result.looks)
        if let file {
            try BundleFile.write(text, to: file)
            context.printError("saved \(pluralized(result.looks.count, "snapshot")) to \(file)")
        } else {
            try context.write(text)
        }
        for shortfall in result.view.now.shortfalls {
            context.printError("unstuck: could not \(shortfall.action): needs \(shortfall.missing)")
        }
        if !result.view.now.shortfalls.isEmpty { throw Exit.couldNotTell }
    }
}
