import Glibc

extension NodeRoot {
    /// Which of the ordinary ways to look at files are refused to this process (by a seccomp filter, a security module),
    /// though they are anybody's.
    ///
    /// Most of what is looked for in files may be missing: each search would take such a refusal for "there is none".
    public func refusals() -> [SystemError] {
        var result: [SystemError] = []
        // What is not there at all is reported by whatever looks for it.
        func note(_ error: SystemError) {
            if [EPERM, EACCES, ENOSYS].contains(error.errno) { result.append(error) }
        }
        do { _ = try readDirectory(procfs) } catch { note(error) }
        do { _ = try readFile("/proc/self/mounts") } catch { note(error) }
        do {
            var status = stat()
            try syscall("stat", on: procfs) { unsafe stat(procfs, &status) }
        } catch { note(error) }
        let path = "/proc/self/ns/net"
        if linkTarget(path) == nil { note(SystemError("readlink", path, errno: errno)) }
        return result
    }
}
