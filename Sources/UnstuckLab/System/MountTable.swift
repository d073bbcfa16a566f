import UnstuckKernel

/// `/proc/self/mounts`: what is mounted where.
struct MountTable {
    struct Mount: Hashable {
        var folder: String
        var type: String
    }

    var mounts: [Mount]

    init(_ text: String) {
        mounts = text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count >= 3 else { return nil }
            return Mount(folder: Self.unescaped(String(fields[1])), type: String(fields[2]))
        }
    }

    static func current() -> MountTable { MountTable(readText("/proc/self/mounts") ?? "") }

    /// Where the cgroup v2 hierarchy is: alone, or beside version 1.
    static func cgroup2() throws(LabError) -> String {
        guard let mount = current().mounts.first(where: { $0.type == "cgroup2" }) else {
            throw LabError(
                .missing,
                "no cgroup v2 hierarchy is mounted: mount -t cgroup2 none /sys/fs/cgroup (or beside version 1)")
        }
        return mount.folder
    }

    /// The kernel writes blanks in paths as three octal digits.
    private static func unescaped(_ text: String) -> String {
        text.replacing("\\040", with: " ").replacing("\\011", with: "\t").replacing("\\134", with: "\\")
    }
}
