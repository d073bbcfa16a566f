import ArgumentParser
import Glibc
import UnstuckKernel
import UnstuckModel
import UnstuckRender

struct CollectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "collect",
        abstract: "Save what is seen, to be judged elsewhere. Touches nothing.",
        discussion: """
            Looks twice, some seconds apart, and saves both looks as JSON. Kernel addresses leave the node only \
            scrambled. `unstuck diagnose --from` gives the same verdict on any machine, without root. The file is its \
            owner's alone (mode 600): it names processes and addresses.

            EXAMPLES
              unstuck collect --file node-a.json
                  Both looks into a file.
              unstuck collect --interval 10 | gzip > node-a.json.gz
                  Ten seconds apart, to stdout; gunzip it before `diagnose --from` reads it.

            EXIT STATUS
              0 saved · 2 saved, and something could not be seen; or not saved · 64 usage
            """)

    @Option(help: ArgumentHelp("Write here instead of stdout.", valueName: "file"))
    var file: String?

    @OptionGroup var look: LookOptions
    @OptionGroup var node: NodeOptions

    func run() throws {
        let result = try DiagnosisSession(observer: look.observer(node), interval: look.interval).run(always: true)
        let text = try JSON.text(Bundle(unstuck: unstuckVersion, snapshots: result.looks))
        if let file {
            try BundleFile.write(text, to: file)
            printError("saved \(pluralized(result.looks.count, "look")) to \(file)")
        } else {
            try writeOutput(text)
        }
        for shortfall in result.view.now.shortfalls {
            printError("unstuck: could not \(shortfall.action): needs \(shortfall.missing)")
        }
        if !result.view.now.shortfalls.isEmpty { throw Exit.couldNotTell }
    }
}

/// Saved looks.
enum BundleFile {
    /// The looks of several bundles, oldest first, in whatever order they were named.
    static func looks(in paths: [String]) throws -> [Snapshot] {
        Snapshot.inOrder(try paths.flatMap(read))
    }

    static func read(_ path: String) throws -> [Snapshot] {
        let bytes: [UInt8]
        do {
            bytes = try readFile(path)
        } catch {
            printError("unstuck: cannot read \(path): \(error.reason)")
            throw Exit.couldNotTell
        }
        if bytes.starts(with: [0x1F, 0x8B]) {
            printError("unstuck: \(path) is compressed: gunzip it first")
            throw Exit.couldNotTell
        }
        do {
            let bundle = try JSON.decode(Bundle.self, from: bytes)
            guard bundle.snapshots.allSatisfy({ $0.version <= Snapshot.currentVersion }) else {
                printError(
                    "unstuck: \(path) was saved by a newer version (\(bundle.unstuck)); this is \(unstuckVersion)")
                throw Exit.couldNotTell
            }
            if let flaw = bundle.flaw {
                printError("unstuck: \(path) cannot be judged: \(flaw)")
                throw Exit.couldNotTell
            }
            return bundle.snapshots
        } catch is DecodingError {
            printError("unstuck: \(path) is not a bundle of `unstuck collect`")
            throw Exit.couldNotTell
        }
    }

    /// A regular file is replaced in one step; devices, pipes and links stay what they are (``OutputFile``).
    static func write(_ text: String, to path: String) throws {
        do {
            try OutputFile.write(text, to: path)
        } catch {
            printError("unstuck: \(error)")
            throw Exit.couldNotTell
        }
    }
}
