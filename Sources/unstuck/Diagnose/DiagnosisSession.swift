import ArgumentParser
import Glibc
import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel

/// Takes one sample, and a second one where the first leaves entries that look dead, or connections that hold bytes, undecided.
struct DiagnosisSession {
    let observer: NodeObserver
    /// Seconds between two samples; 0 never takes a second one.
    var interval: Double
    /// Connections that hold bytes are asked about too; a repair is about entries alone.
    var asksAboutConnections = true

    struct Result {
        var looks: [Snapshot]
        var view: NodeView
        var diagnosis: Diagnosis
    }

    /// - Parameter always: take two samples in any case, so that a saved bundle can be judged later.
    func run(always: Bool = false) throws -> Result {
        var looks = [sample()]
        var result = try evaluate(looks)
        let first = result.diagnosis
        if interval > 0, always || !first.suspects.isEmpty || asksAboutConnections && first.wantsSecondSample {
            printProgress(
                "\(pluralized(first.suspects.count, "entry looks", "entries look")) dead, "
                    + "\(pluralized(first.unsettled.count, "connection holds", "connections hold")) bytes; "
                    + "next sample in \(interval) s …")
            let watch = watchQueues(result.view)
            looks.append(sample())
            looks[1].queueWatch = watch
            result = try evaluate(looks)
        }
        // What rules want beside is asked last, and for the sockets that they are about alone.
        let matter = result.view.sockets(withInodes: result.diagnosis.wanted.owners)
        guard !matter.isEmpty else { return result }
        let last = looks.count - 1
        observer.addOwners(of: matter, to: &looks[last])
        result.view.learn(from: looks[last])
        return Result(looks: looks, view: result.view, diagnosis: UnstuckDiagnosis.diagnose(result.view))
    }

    private func sample() -> Snapshot {
        var sample = observer.look()
        if !observer.options.maps.isEmpty { sample.selectedMaps = observer.options.maps.sorted() }
        return sample
    }

    /// Waits for the interval; meanwhile reads queues of redirected bytes again and again, as long as one is the same.
    private func watchQueues(_ view: NodeView) -> QueueWatch? {
        let start = ContinuousClock.now
        let end = start + .seconds(interval)
        var queues = RedirectedQueues(view)
        let isWatched = asksAboutConnections && !queues.isEmpty
        if isWatched {
            // Evenly over the interval; on a machine on which a sample takes longer than that, one after the other.
            let step = interval / Double(RedirectedQueues.readings + 1)
            for number in 1...RedirectedQueues.readings where !queues.isEmpty {
                Self.sleep(until: start + .seconds(step * Double(number)))
                queues.add(observer.look())
            }
        }
        Self.sleep(until: end)
        return isWatched ? queues.result : nil
    }

    private static func sleep(until end: ContinuousClock.Instant) {
        let left = ContinuousClock.now.duration(to: end)
        guard left > .zero else { return }
        usleep(UInt32(left / .microseconds(1)))
    }

    private func evaluate(_ looks: [Snapshot]) throws -> Result {
        guard let view = NodeView(looks) else { throw ExitCode(2) }
        return Result(looks: looks, view: view, diagnosis: UnstuckDiagnosis.diagnose(view))
    }
}

struct LookOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Seconds between two samples; 0 takes one, which cannot tell whether a connection moves.",
            valueName: "seconds"))
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
                "--interval is 0, or \(NodeView.secondsBetweenSightings) to 600: closing sockets, and slow connections, need that "
                    + "long")
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
