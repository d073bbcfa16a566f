import ArgumentParser
import UnstuckModel
import UnstuckOperations
import UnstuckProbing
import UnstuckRender

/// The canary itself: a process of its own, which moves away from everybody else's network and control group, and cleans up
/// also if anyone who started it is killed meanwhile.
struct KernelCanaryActor: ContextCommand {
    static let configuration = CommandConfiguration(commandName: "canary-actor", shouldDisplay: false)

    @Option var deadline: DurationArgument
    @Flag var removeOwnKeys = false
    @OptionGroup var node: NodeOptions

    func run(_ context: CommandContext) throws {
        var options = Canary.Options()
        options.deadline = deadline.seconds
        options.removesOwnKeys = removeOwnKeys
        options.root = node.nodeRoot(context)
        do {
            try context.write(JSON.text(try Canary(options).run()))
        } catch {
            context.printError(errorMessage(error))
            throw Exit.couldNotTell
        }
    }
}
