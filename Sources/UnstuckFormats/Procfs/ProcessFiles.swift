/// `/proc/PID/cgroup` and `/proc/PID/limits`.
public enum ProcessFiles {
    /// The cgroups of a process.
    public struct Cgroups: Hashable, Sendable {
        /// Below the cgroup v2 mount.
        public var unified: String?
        /// Below the cgroup v1 mounts, by controller.
        public var controllers: [String: String] = [:]
    }

    /// Lines of `hierarchy:controllers:path` (cgroups(7)); the path may hold colons.
    public static func cgroups(_ text: String) -> Cgroups {
        var result = Cgroups()
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3, fields[2].hasPrefix("/") else { continue }
            let path = String(fields[2])
            if fields[0] == "0", fields[1].isEmpty {
                result.unified = path
            } else {
                // A named hierarchy has no controller.
                for controller in fields[1].split(separator: ",") where !controller.hasPrefix("name=") {
                    result.controllers[String(controller)] = path
                }
            }
        }
        return result
    }

    /// Soft limit of open descriptors; `nil`: unlimited, or not there.
    public static func descriptorLimit(_ limits: String) -> UInt64? {
        let label = "Max open files"
        guard let line = limits.split(separator: "\n").first(where: { $0.hasPrefix(label) }) else { return nil }
        return line.dropFirst(label.count).split(separator: " ").first.flatMap { UInt64($0) }
    }
}
