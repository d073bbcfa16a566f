import CLibBPF
import Glibc

/// Finds where bpffs pins maps.
public struct PinFinder {
    let root: NodeRoot

    public init(root: NodeRoot) { self.root = root }

    /// A bound for a node that pins without end; far above what any accelerator does.
    private static let limit = 20_000

    /// Every pinned map that we may open, by id.
    public func pins() -> [UInt32: [String]] {
        var result: [UInt32: [String]] = [:]
        var pending = root.mounts(ofType: "bpf")
        var looked = 0
        while let folder = pending.popLast() {
            for name in directoryNames(folder) {
                let path = "\(folder)/\(name)"
                looked += 1
                guard looked < Self.limit else { return result }
                if isDirectory(path) {
                    pending.append(path)
                } else if let id = mapID(path) {
                    result[id, default: []].append(path)
                }
            }
        }
        return result.mapValues { Array(Set($0)).sorted() }
    }

    private func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The id of the map that a pin names; `nil` for programs and links.
    private func mapID(_ path: String) -> UInt32? {
        let raw = unsafe bpf_obj_get(path)
        guard raw >= 0 else { return nil }
        let descriptor = OwnedDescriptor(owning: raw)
        let lines = readText("/proc/self/fdinfo/\(descriptor.raw)")?.split(separator: "\n") ?? []
        return lines.first { $0.hasPrefix("map_id:") }.flatMap { line in
            UInt32(line.dropFirst(7).filter { $0 != "\t" && $0 != " " })
        }
    }
}
