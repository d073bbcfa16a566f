/// Loads a ``SocketObserver`` on a thread of its own: libbpf's search of the kernel's types and the verifier take a tenth of a
/// second on a fast machine, in which something else can be read.
struct SocketObserverLoading: ~Copyable {
    private let thread: JoinableThread<Handover>?

    /// Carries the observer out of the thread that loaded it, which has ended by then.
    private final class Handover: @unchecked Sendable {
        let observer: SocketObserver
        init(_ observer: SocketObserver) { self.observer = observer }
    }

    init(isNeeded: Bool, readsDetails: Bool = false) {
        // Without a thread nothing is loaded, and the sockets are read as where the programs are refused.
        thread = isNeeded ? try? JoinableThread { Handover(try SocketObserver(readsDetails: readsDetails)) } : nil
    }

    /// Waits for it, and gives it, or the reason why there is none, to the observer of the node.
    consuming func finish(into node: NodeObserver) {
        guard let thread else { return }
        do {
            node.socketObserver = try thread.wait().observer
        } catch {
            node.socketError = error
        }
    }
}
