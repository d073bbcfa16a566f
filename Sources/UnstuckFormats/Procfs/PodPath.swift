import UnstuckModel

/// Finds a pod in the names that a node's cgroups and log folders carry.
public enum PodPath {
    /// The pod's UID in a cgroup path of either driver: `…/kubepods-burstable-pod<uid with _>.slice/…` (systemd) or
    /// `…/pod<uid>/…` (cgroupfs); `nil` for any other path.
    public static func uid(inCgroup path: String) -> String? {
        for component in path.split(separator: "/") {
            var name = component
            if name.hasSuffix(".slice") { name = name.dropLast(6) }
            let candidate: Substring
            if name.hasPrefix("pod") {
                candidate = name.dropFirst(3)
            } else if name.hasPrefix("kubepods"), let marker = lastRange(of: "-pod", in: name) {
                candidate = name[marker.upperBound...]
            } else {
                continue
            }
            let uid = String(candidate.map { $0 == "_" ? "-" : $0 })
            if isUID(uid) { return uid }
        }
        return nil
    }

    /// The pod that a folder below `/var/log/pods` belongs to: `<namespace>_<name>_<uid>`.
    public static func pod(logFolder name: String) -> Pod? {
        let parts = name.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }), isUID(String(parts[2])) else { return nil }
        return Pod(uid: String(parts[2]), namespace: String(parts[0]), name: String(parts[1]))
    }

    /// A UUID, or the 32 hex digits that static pods have.
    private static func isUID(_ text: String) -> Bool {
        let digits = text.filter { $0 != "-" }
        return digits.count == 32 && digits.allSatisfy(\.isHexDigit)
    }

    private static func lastRange(of needle: String, in text: Substring) -> Range<Substring.Index>? {
        var start = text.endIndex
        while start > text.startIndex {
            start = text.index(before: start)
            if text[start...].hasPrefix(needle) { return start..<text.index(start, offsetBy: needle.count) }
        }
        return nil
    }
}
