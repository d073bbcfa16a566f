import Glibc

/// Network namespaces that only descriptors, threads, mounts or sockets lead to, held open as long as this.
final class OpenNamespaces {
    private let root: NodeRoot
    private var held: [Int32] = []

    init(root: NodeRoot) { self.root = root }

    /// Looks for those that are not known yet.
    ///
    /// - Returns: inode numbers, and a path that opens each in this process.
    func paths(notAmong known: Set<UInt32>) -> [(inode: UInt32, path: String)] {
        var found: [(inode: UInt32, path: String)] = []
        var survey = NamespaceSurvey(root: root)
        survey.find(notOf: [], notAmong: known) { namespace in
            let copy = fcntl(namespace.descriptor.raw, F_DUPFD_CLOEXEC, 0)
            guard copy >= 0 else { return }
            held.append(copy)
            found.append((namespace.inode, "/proc/\(getpid())/fd/\(copy)"))
        }
        return found
    }

    deinit { for descriptor in held { close(descriptor) } }
}
