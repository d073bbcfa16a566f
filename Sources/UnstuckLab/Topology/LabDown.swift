import CLinuxUAPI
import Glibc
import UnstuckKernel

extension Lab {
    /// Removes everything of this lab, however little or much of it there is.
    /// - Returns: what was removed, a line each.
    /// - Throws: naming what could not be removed.
    @discardableResult
    public func down() throws -> [String] {
        try Requirements.checkCapabilities()
        let lock = try LabLock.acquire(layout)
        let removed = try remove()
        lock.remove()
        // The folder of all labs goes with the last of them; rmdir refuses while another is there.
        unsafe _ = rmdir(LabLayout.labsRoot)
        return removed
    }

    /// The work of `down`, under its lock.
    func remove() throws -> [String] {
        var removed: [String] = []

        let group = ControlGroup(layout.cgroup)
        if group.exists {
            let killed = try group.killAll()
            if !killed.isEmpty { removed.append("processes \(killed.map(String.init).joined(separator: " "))") }
        }
        for name in namespaceNames() {
            let path = "\(LabLayout.namespaceFolder)/\(name)"
            // Not a mount if `ip netns add` was killed between its two steps.
            unsafe _ = umount2(path, Int32(MNT_DETACH))
            try syscall("unlink", on: path) { unsafe unlink(path) }
            removed.append("network namespace \(name)")
        }
        while isMounted {
            try syscall("umount", on: layout.bpffs) { unsafe umount2(layout.bpffs, Int32(MNT_DETACH)) }
            removed.append("bpffs \(layout.bpffs)")
        }
        if group.exists {
            try group.removeTree()
            removed.append("cgroups \(layout.cgroup)")
        }
        if Files.exists(layout.root) {
            try Files.removeTree(layout.root)
            removed.append("folder \(layout.root)")
        }

        let left = leftovers()
        guard left.isEmpty else { throw LabError(.failed, "still there: \(left.joined(separator: ", "))") }
        return removed
    }

    /// Whatever exists under this lab's names.
    public func leftovers() -> [String] {
        var found = namespaceNames().map { "network namespace \($0)" }
        if isMounted { found.append("bpffs \(layout.bpffs)") }
        if ControlGroup(layout.cgroup).exists { found.append("cgroups \(layout.cgroup)") }
        if Files.exists(layout.root) { found.append("folder \(layout.root)") }
        return found
    }

    private func namespaceNames() -> [String] {
        directoryNames(LabLayout.namespaceFolder).filter { $0.hasPrefix(layout.namespacePrefix) }.sorted()
    }

    private var isMounted: Bool { MountTable.current().mounts.contains { $0.folder == layout.bpffs } }
}
