import ArgumentParser

struct KernelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernel",
        abstract:
            "What this kernel is, has, is known for, and really does. Only `canary` tries anything, in a place of its own.",
        discussion: """
            EXAMPLES
              unstuck kernel
                  Version, vendor, rights, and which of Unstuck's own ways of working this kernel allows.
              unstuck kernel bugs
                  Which of sockmap's known mistakes it has, and how that is known.
            """,
        subcommands: [
            KernelFactsCommand.self, KernelBugs.self, KernelFeatures.self, KernelDiff.self,
            KernelCanary.self, KernelCanaryActor.self,
        ],
        defaultSubcommand: KernelFactsCommand.self)
}
