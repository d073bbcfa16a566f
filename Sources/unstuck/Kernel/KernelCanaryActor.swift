import ArgumentParser
import UnstuckModel
import UnstuckOperations
import UnstuckProbing
import UnstuckRender

/// The canary itself: a process of its own, which moves away from everybody else's network and control group, and cleans up
/// also if whoever started it is killed meanwhile.
struct KernelCanaryActor: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "canary-actor", shouldDisplay: false)

    @Option var deadline: DurationArgument
    @Flag var removeOwnKeys = false
    @OptionGroup var node: NodeOptions

    func run() throws {
        var options = Canary.Options()
        options.deadline = deadline.seconds
        options.removesOwnKeys = removeOwnKeys
        options.root = node.nodeRoot
        do {
            try writeOutput(JSON.text(try Canary(options).run()))
        } catch {
            printError(errorMessage(error))
            throw Exit.couldNotTell
        }
    }
}
