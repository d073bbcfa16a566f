import ArgumentParser
import UnstuckKernel
import UnstuckModel
import UnstuckOperations
import UnstuckRender

struct SockmapsList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Every map with its users and its entries by state and pod (the default).",
        discussion: """
            EXAMPLES
              unstuck sockmaps list --map 35
                  One map: size, key layout and its evidence, pins, programs and where they run, entries.
              unstuck sockmaps list --output json
                  All of them, for a machine.

            States are of one look: a socket that is just closing counts as dead for a moment. `unstuck diagnose` looks twice.

            EXIT STATUS
              0 all was read, whatever it shows
              2 something could not be read
              64 usage
            """)

    @OptionGroup var maps: MapOptions
    @OptionGroup var walk: WalkOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        var summaries: [SockmapSummary] = []
        var messagePrograms: [UInt32: Set<UInt32>] = [:]
        let finder = CgroupFinder(root: node.nodeRoot)
        let pods = finder.pods()
        var reading = walk.reading
        let wanted = try maps.ids(root: node.nodeRoot)
        if !walk.withoutIterator {
            try reading.forEach(wanted, root: node.nodeRoot) { judged in
                let residents = judged.parts.joined().map(\.resident)
                let index = PodIndex(
                    cgroups: finder.find(Set(residents.map(\.cgroup))), pods: pods, sockets: residents)
                messagePrograms[judged.map.id] = Set(residents.compactMap(\.psock?.msgProgram))
                summaries.append(
                    SockmapSummary(judged.map, judged.decision, entries: judged.parts.joined(), pods: index))
            }
        }
        if let walked = walk.withoutIterator
            ? reading.walk(wanted, root: node.nodeRoot) : reading.walk(root: node.nodeRoot)
        {
            summaries += walked.summaries
        }
        if reading.users == nil { reading.findUsers(of: summaries.map(\.id)) }
        if var users = reading.users {
            users.findAttachments(root: node.nodeRoot)
            for (map, programs) in messagePrograms { users.noteMessagePrograms(programs, ofResidentsIn: map) }
            for index in summaries.indices {
                summaries[index].programs = users.programs.filter { $0.maps.contains(summaries[index].id) }
            }
        }
        switch output.output {
        case .json: try writeOutput(JSON.document(summaries, command: "sockmaps.list"))
        case .text:
            for summary in summaries { try writeText(SockmapText(style: output.style).render(summary)) }
            if summaries.isEmpty, reading.isComplete { try writeText("no SOCKMAP or SOCKHASH on this machine\n") }
        }
        if !reading.isComplete { throw Exit.couldNotTell }
    }
}
