import CLinuxUAPI
import Glibc
import UnstuckFormats
import UnstuckModel

/// Of which processes a procfs tells.
struct ProcessView {
    let root: NodeRoot

    /// `PROC_SUPER_MAGIC`, include/uapi/linux/magic.h.
    private static let procfsKind: Int64 = 0x9FA0
    /// The inode number of the initial PID namespace: `PROC_PID_INIT_INO`, include/linux/proc_ns.h.
    private static let initialNamespace: UInt64 = 0xEFFF_FFFC

    /// From which PID namespace. A procfs shows the processes of one PID namespace and of those below it, and nothing is above
    /// the initial one: a single process of that in it proves that it shows all.
    func view() -> NamespaceEvidence.ProcessView {
        guard unsafe linux_filesystem_kind(root.procfs) == Self.procfsKind else { return .absent }
        let processes = processIDs(root)
        guard !processes.isEmpty else { return .absent }
        var nested: UInt64?
        for process in ["self", "1"] + processes.map(String.init) {
            guard let link = linkTarget("\(root.procfs)/\(process)/ns/pid"),
                let inode = NamespaceLink.inode(of: link, kind: "pid")
            else { continue }
            if inode == Self.initialNamespace { return .host }
            // Process 1 is in the namespace that the procfs is of.
            if process == "1" { return .nested(inode) }
            nested = nested ?? inode
        }
        return nested.map { .nested($0) } ?? .unknown
    }

    /// Whether its process numbers are those that we use in system calls.
    var hasOurNumbers: Bool {
        guard let status = readText("\(root.procfs)/self/status"),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("NSpid:") })
        else { return false }
        return line.dropFirst(6).split(separator: "\t").map { Int32($0.trimmed) } == [getpid()]
    }

    /// Options of its mount that hide processes; `nil`: its mount was not found. They hold for the file system wherever it is
    /// mounted, so its device is looked for, and not its path.
    func hidingOptions() -> [String]? {
        guard let device = deviceNumber(root.procfs) else { return nil }
        for table in ["/proc/self/mountinfo", "\(root.procfs)/self/mountinfo"] {
            let lines = MountLine.all(in: readText(table) ?? "")
            if let line = lines.first(where: { $0.type == "proc" && $0.device == device }) {
                return line.hidingOptions
            }
        }
        return nil
    }
}

/// `major:minor` of the file system that a path is in, as mountinfo writes it.
private func deviceNumber(_ path: String) -> String? {
    var (major, minor): (UInt32, UInt32) = (0, 0)
    return unsafe linux_device(path, &major, &minor) == 0 ? "\(major):\(minor)" : nil
}

extension Substring {
    fileprivate var trimmed: Substring {
        var rest = drop { $0 == " " || $0 == "\t" }
        while rest.last == " " || rest.last == "\t" { rest.removeLast() }
        return rest
    }
}
