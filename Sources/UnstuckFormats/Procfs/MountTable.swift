/// A line of `/proc/PID/mountinfo` (proc_pid_mountinfo(5)), as far as it is used here.
public struct MountLine: Equatable, Sendable {
    /// `major:minor` of the file system.
    public var device: String
    /// The folder of the file system that is mounted; of nsfs, the namespace: `net:[4026532001]`.
    public var root: String
    public var mountPoint: String
    public var type: String
    /// Options of the file system itself, not of this mount.
    public var options: [String]

    /// - Returns: `nil` for a line that is none.
    public init?(_ line: Substring) {
        let fields = line.split(separator: " ")
        // 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
        guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 3 else { return nil }
        device = String(fields[2])
        root = Self.unescape(fields[3])
        mountPoint = Self.unescape(fields[4])
        type = String(fields[dash + 1])
        options = fields[dash + 3].split(separator: ",").map(String.init)
    }

    /// Each line of a table that is one.
    public static func all(in table: String) -> [MountLine] {
        table.split(separator: "\n").compactMap { MountLine($0) }
    }

    /// Of a procfs: what hides processes from some readers.
    public var hidingOptions: [String] {
        options.filter { option in
            if option == "subset=pid" { return true }
            guard option.hasPrefix("hidepid=") else { return false }
            return !["hidepid=0", "hidepid=off"].contains(option)
        }
    }

    /// A field of a mount table, in which space, tab, newline and backslash are written as `\` and three octal digits.
    public static func unescape(_ field: Substring) -> String {
        var result: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3,
                let value = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            {
                result.append(value)
                rest = rest.dropFirst(3)
            } else {
                result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

/// A namespace's name in /proc: `net:[4026531840]`, `pid:[4026531836]`.
public enum NamespaceLink {
    public static func inode(of target: String, kind: String) -> UInt64? {
        guard target.hasPrefix("\(kind):["), target.hasSuffix("]") else { return nil }
        return UInt64(target.dropFirst(kind.count + 2).dropLast())
    }
}
