import CLinuxUAPI
import Glibc
import UnstuckKernel

/// Becoming part of a host of the lab: for processes that were started to do just that.
public enum Joining {
    /// Moves the calling process into a host's control group and the calling thread into its network namespace.
    ///
    /// - Parameter cgroup: another group than the host's own.
    public static func join(_ host: LabHost, cgroup: String? = nil) throws {
        try join(namespace: "\(LabLayout.namespaceFolder)/\(host.namespace)", cgroup: cgroup ?? host.cgroup)
    }

    /// The same by paths; `nil` stays where it is.
    public static func join(namespace: String?, cgroup: String?) throws {
        if let cgroup { try ControlGroup(cgroup).join() }
        guard let namespace else { return }
        let file = try OwnedDescriptor(path: namespace)
        let descriptor = file.raw
        try syscall("setns", on: namespace) { linux_setns_net(descriptor) }
    }

    /// Writes a file that anyone who waits for it finds complete or not at all.
    public static func publish(_ text: String, at path: String) throws { try Files.publish(text, at: path) }

    /// Tells anyone who waits that this process is ready: a file with its id, complete or not there.
    public static func announce(at path: String) throws { try Files.publish("\(getpid())\n", at: path) }

    /// Drops what is in the place of standard input: for a child that was given a lock there.
    public static func dropInput() throws {
        let nothing = try OwnedDescriptor(path: "/dev/null")
        let descriptor = nothing.raw
        try syscall("dup2", on: "standard input") { dup2(descriptor, STDIN_FILENO) }
    }

    /// From here on this process, whatever it becomes, does not outlive the one that started it.
    public static func endWithParent(_ parent: Int32) throws {
        try syscall("prctl", on: "the end of process \(parent)") { linux_end_with_parent(parent) }
    }

    /// Becomes another program, found through PATH. Returns only by throwing.
    public static func become(_ command: [String]) throws -> Never {
        guard let program = command.first else { throw LabError(.invalid, "no command to run") }
        // Anyone who started us may have blocked signals for himself: the command begins with none blocked.
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe sigprocmask(SIG_SETMASK, &none, nil)
        let list = CStringList(command)
        unsafe _ = execvp(program, list.pointer)
        throw SystemError("exec", program, errno: errno)
    }
}
