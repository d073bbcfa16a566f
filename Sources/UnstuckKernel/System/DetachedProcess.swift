import CLinuxUAPI
import Glibc

/// Programs that outlive us.
public enum DetachedProcess {
    /// Starts one in a session of its own; it keeps no descriptor of ours but its three streams.
    ///
    /// - Parameters:
    ///   - arguments: the first is the program's path.
    ///   - input: what becomes its standard input; /dev/null without.
    ///   - log: where its output is appended.
    /// - Returns: its id. It is to be waited for by anyone who lives longer.
    public static func start(
        _ arguments: [String], input: Int32? = nil, log: String = "/dev/null"
    ) throws(SystemError) -> Int32 {
        let nothing = try OwnedDescriptor(path: "/dev/null")
        let file = try OwnedDescriptor(path: log, flags: O_WRONLY | O_CREAT | O_APPEND)
        let list = CStringList(arguments)
        var pid: Int32 = 0
        let code = unsafe linux_spawn(
            arguments.first ?? "", list.pointer, input ?? nothing.raw, file.raw, file.raw, 1, &pid)
        guard code == 0 else { throw SystemError("posix_spawn", arguments.first ?? "", errno: code) }
        return pid
    }
}
