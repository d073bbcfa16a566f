import ArgumentParser

struct KernelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernel",
        abstract:
            "Version, features, known bugs and a live self-test of this kernel. Only `canary` acts, in an isolated netns and cgroup.",
        discussion: """
            EXAMPLES
              unstuck kernel
                  Version, vendor, capabilities, and which of Unstuck's methods this kernel allows.
              unstuck kernel bugs
                  Which of sockmap's known bugs it has, and how that is known.
            """,
        subcommands: [
            KernelFactsCommand.self, KernelBugs.self, KernelFeatures.self, KernelDiff.self,
            KernelCanary.self, KernelCanaryActor.self,
        ],
        defaultSubcommand: KernelFactsCommand.self)
}
