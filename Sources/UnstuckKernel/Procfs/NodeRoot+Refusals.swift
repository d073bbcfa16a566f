import Glibc

extension NodeRoot {
    /// Which of the ordinary ways to look at files are refused to this process (by a seccomp filter, a security module),
    /// though they are anybody's.
    ///
    /// Most of what is looked for in files may be missing: each search would take such a refusal for "there is none".
    public func refusals() -> [SystemError] {
        let ways: [() throws(SystemError) -> Void] = [
            { () throws(SystemError) in _ = try readDirectory(procfs) },
            { () throws(SystemError) in _ = try readFile("/proc/self/mounts") },
            { () throws(SystemError) in
                var status = stat()
                try syscall("stat", on: procfs) { unsafe stat(procfs, &status) }
            },
            { () throws(SystemError) in
                let path = "/proc/self/ns/net"
                if linkTarget(path) == nil { throw SystemError("readlink", path, errno: errno) }
            },
        ]
        return ways.compactMap { way -> SystemError? in
            do {
                try way()
                return nil
            } catch {
                // What is not there at all is told by whoever looks for it.
                return [EPERM, EACCES, ENOSYS].contains(error.errno) ? error : nil
            }
        }
    }
}
