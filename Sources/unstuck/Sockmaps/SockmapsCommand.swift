import ArgumentParser

struct SockmapsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sockmaps",
        abstract: "Every sockmap, and the socket behind each entry. Read-only.",
        discussion: """
            EXAMPLES
              unstuck sockmaps
                  Every map: who uses it, the layout of its keys and how that is known, its entries by state and pod.
              unstuck sockmaps entries --state zombie --state leaked --output json
                  The stale entries of every map, one JSON object a line.
              unstuck sockmaps forecast
                  How likely the next connection to each pod is to hang, and when the maps will be full.
            """,
        subcommands: [
            SockmapsList.self, SockmapsEntries.self, SockmapsGraph.self, SockmapsForecast.self, SockmapsDecode.self,
            SockmapsEncode.self,
        ],
        defaultSubcommand: SockmapsList.self)
}
