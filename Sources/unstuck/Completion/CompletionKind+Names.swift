import ArgumentParser
import Glibc
import UnstuckKernel
import UnstuckModel
import UnstuckOperations

/// What a shell offers for values that name something of the node.
extension CompletionKind {
    /// By id or name.
    static var maps: CompletionKind { names { $0.maps } }
    /// With a name under `/run/netns`.
    static var namespaces: CompletionKind { names { $0.namespaces } }
    static var pods: CompletionKind { names { $0.pods } }
    static var layouts: CompletionKind { .list(KeyLayout.declared.map(\.name)) }

    private static func names(_ names: @escaping @Sendable (NodeNames) -> [String]) -> CompletionKind {
        .custom { words, _, _ in
            endSoon()
            return names(NodeNames(root: root(in: words)))
        }
    }

    /// Ends this process in 300 ms, without an answer: a shell waits for it, and a folder on a dead file server is never read
    /// to its end.
    private static func endSoon() {
        signal(SIGALRM) { _ in _exit(0) }
        // Anyone who started this may have blocked it.
        var alarm = sigset_t()
        unsafe sigemptyset(&alarm)
        unsafe sigaddset(&alarm, SIGALRM)
        unsafe pthread_sigmask(SIG_UNBLOCK, &alarm, nil)
        var limit = itimerval(it_interval: timeval(), it_value: timeval(tv_sec: 0, tv_usec: 300_000))
        unsafe setitimer(Int32(ITIMER_REAL.rawValue), &limit, nil)
    }

    /// By the options of the unfinished command.
    private static func root(in words: [String]) -> NodeRoot {
        func value(of option: String) -> String? {
            if let at = words.lastIndex(of: option), at + 1 < words.count { return words[at + 1] }
            return words.last { $0.hasPrefix("\(option)=") }.map { String($0.dropFirst(option.count + 1)) }
        }
        return NodeRoot(
            prefix: value(of: "--root") ?? "/",
            podLogs: value(of: "--pod-logs") ?? CommandContext.process.environment("UNSTUCK_POD_LOGS"))
    }
}
