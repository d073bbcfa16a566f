import Glibc
import UnstuckKernel

/// nginx as Debian builds it, unpacked aside: nothing is installed, for its package starts a server when it is.
///
/// Its libraries (OpenSSL 3, PCRE2, zlib, libcrypt) are the machine's own.
public enum NginxProgram {
    /// Names its file, where it is not to be fetched: inside a guest, which is given it.
    public static let variable = "UNSTUCK_NGINX"

    /// Where it is; fetched from this machine's own Debian suite if it is not there yet.
    /// - Parameter cache: a folder for it; `nil`: `~/.cache/unstuck/programs`.
    public static func fetch(below cache: String? = nil) throws -> String {
        if let given = value(variable) { return given }
        let cache = cache ?? "\(value("HOME") ?? "/root")/.cache/unstuck/programs"
        let root = "\(cache)/nginx"
        let program = "\(root)/usr/sbin/nginx"
        guard !Files.exists(program) else { return program }
        try Files.makeFolder(cache)
        // Several scenarios begin at the same time.
        let lock = try OwnedDescriptor(path: "\(cache)/nginx.lock", flags: O_RDWR | O_CREAT)
        let raw = lock.raw
        try syscall("flock", on: lock.name) { flock(raw, LOCK_EX) }
        guard !Files.exists(program) else { return program }
        let aside = "\(cache)/nginx.new"
        for folder in [aside, root] { try Files.removeTree(folder) }
        try Files.makeFolder(aside)
        try PrivateApt(suite: try PrivateApt.ownSuite(), below: cache).unpack(["nginx"], to: aside)
        guard Files.exists("\(aside)/usr/sbin/nginx") else {
            throw LabError(.missing, "Debian's package nginx brought no /usr/sbin/nginx")
        }
        try Tool.run(["mv", aside, root])
        return program
    }

    private static func value(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
