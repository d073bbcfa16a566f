import ArgumentParser
import Glibc
import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel

/// Looks once, and a second time where the first look leaves dead-looking entries undecided.
struct Looking {
    let observer: NodeObserver
    /// Seconds between two looks; 0 never looks twice.
    var interval: Double

    struct Result {
        var looks: [Snapshot]
        var view: NodeView
        var diagnosis: Diagnosis
    }

    /// - Parameter always: look twice in any case, so that a saved bundle can be judged later.
    func run(always: Bool = false) throws -> Result {
        var looks = [observer.look()]
        var result = try judge(looks)
        if interval > 0, always || !result.diagnosis.suspects.isEmpty {
            printProgress(
                "\(result.diagnosis.suspects.count) entries look dead; looking again in \(interval) s to be sure …")
            usleep(UInt32(interval * 1_000_000))
            looks.append(observer.look())
            result = try judge(looks)
        }
        // Who holds the sockets that matter is asked last, and for them alone.
        let matter = socketsThatMatter(result.view, result.diagnosis)
        guard !matter.isEmpty else { return result }
        let last = looks.count - 1
        observer.addOwners(of: matter, to: &looks[last])
        result.view.learnOwners(from: looks[last])
        return Result(looks: looks, view: result.view, diagnosis: UnstuckDiagnosis.diagnose(result.view))
    }

    private func judge(_ looks: [Snapshot]) throws -> Result {
        guard let view = NodeView(looks) else { throw ExitCode(2) }
        return Result(looks: looks, view: view, diagnosis: UnstuckDiagnosis.diagnose(view))
    }
}

struct LookOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Seconds between two looks; 0 looks once.", valueName: "seconds"))
    var interval: Double = 3

    @OptionGroup var maps: MapOptions

    @Flag(
        help: ArgumentHelp(
            "Walk the maps' keys and ask INET_DIAG, as where BTF or a right is missing.",
            discussion: "Tells less: above all, it cannot tell a leaked entry from a zombie."))
    var withoutIterator = false

    func validate() throws {
        guard interval == 0 || (interval >= NodeView.secondsBetweenSightings && interval <= 600) else {
            throw ValidationError(
                "--interval is 0, or \(NodeView.secondsBetweenSightings) to 600: closing sockets need that long")
        }
    }

    func observer(_ node: NodeOptions) throws -> NodeObserver { NodeObserver(try options(node)) }

    func options(_ node: NodeOptions) throws -> NodeObserver.Options {
        var options = NodeObserver.Options()
        options.root = node.nodeRoot
        options.maps = Set(try maps.ids(root: node.nodeRoot))
        options.avoidsIterators = withoutIterator
        return options
    }
}
