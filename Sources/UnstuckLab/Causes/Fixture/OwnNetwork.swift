import CLinuxUAPI
import Glibc
import UnstuckKernel

/// A network namespace without a name: it lives as long as this, and what was started in it, lives.
final class OwnNetwork {
    private let namespace: OwnedDescriptor
    /// The number of the namespace's inode, as `ls -L -i /proc/PID/ns/net` shows it.
    let inode: UInt64

    /// With nothing but a loopback, which is up.
    init() throws {
        let before = try OwnedDescriptor(path: "/proc/thread-self/ns/net")
        let home = before.raw
        try syscall("unshare", on: "the network") { linux_new_network() }
        defer { _ = linux_setns_net(home) }
        try syscall("ioctl", on: "lo") { linux_raise_loopback() }
        namespace = try OwnedDescriptor(path: "/proc/thread-self/ns/net")
        let link = linkTarget("/proc/thread-self/ns/net") ?? ""
        guard let inode = UInt64(link.filter(\.isNumber)) else { throw LabError(.missing, "/proc is not mounted") }
        self.inode = inode
    }

    /// What a link is moved into it by: `ip link set … netns PLACE`.
    var path: String { "/proc/\(getpid())/fd/\(namespace.raw)" }

    /// Runs something there. The calling thread goes, so that what it starts does not end with another thread.
    func enter<Result>(_ body: () throws -> Result) throws -> Result {
        let before = try OwnedDescriptor(path: "/proc/thread-self/ns/net")
        let home = before.raw
        let there = namespace.raw
        try syscall("setns", on: "an own network") { linux_setns_net(there) }
        defer { _ = linux_setns_net(home) }
        return try body()
    }

    func ip(_ lines: String...) throws {
        let program = try Requirements.iproute2()
        let outcome = try enter {
            try Child.run([program, "-batch", "-"], input: lines.joined(separator: "\n") + "\n")
        }
        guard outcome.status == 0 else { throw LabError(.failed, "ip -batch failed: \(outcome.errors)") }
    }

    /// - Returns: what it printed.
    @discardableResult
    func nft(_ line: String) throws -> String {
        guard let program = Tool.path(of: "nft") else {
            throw LabError(.missing, "nftables' `nft` is not installed: apt-get install nftables")
        }
        return try enter { try Tool.run([program, line]) }
    }

    func set(_ sysctl: String, _ value: String) throws {
        try enter { try Files.write(value, to: "/proc/sys/net/\(sysctl)", flags: O_WRONLY) }
    }

    /// The links that are there, by name.
    func links() throws -> [String] {
        try enter {
            (readText("/proc/thread-self/net/dev") ?? "").split(separator: "\n").dropFirst(2).compactMap {
                $0.split(separator: ":").first.map { $0.filter { $0 != " " } }
            }
        }
    }

    /// A number of /proc/net/netstat, such as `TcpExt` `ListenOverflows`.
    func counter(_ group: String, _ name: String) throws -> UInt64? {
        let lines = try enter { (readText("/proc/thread-self/net/netstat") ?? "").split(separator: "\n") }
            .filter { $0.hasPrefix("\(group):") }.map { $0.split(separator: " ") }
        guard lines.count == 2, let column = lines[0].firstIndex(where: { $0 == name }), column < lines[1].count else {
            return nil
        }
        return UInt64(lines[1][column])
    }
}
