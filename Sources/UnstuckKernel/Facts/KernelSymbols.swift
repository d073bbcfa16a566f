import Glibc

/// Which of some names `/proc/kallsyms` lists. Its names can be read by anybody; the addresses may be hidden.
struct KernelSymbols {
    private(set) var found: Set<String> = []
    /// All addresses are written as 0 (`kernel.kptr_restrict`, or no CAP_SYSLOG).
    private(set) var areAddressesHidden = true
    private(set) var count = 0

    /// - Throws: `SystemError` where there is no such file, or it is empty.
    init(looking wanted: Set<String>, at path: String = "/proc/kallsyms") throws(SystemError) {
        guard let file = unsafe fopen(path, "re") else { throw SystemError("open", path, errno: errno) }
        defer { unsafe fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { unsafe free(line) }
        // `ffffffff81f275d0 T name`, and ` [module]` behind it.
        while unsafe getline(&line, &capacity, file) > 0, let text = unsafe line {
            let fields = unsafe String(cString: text).split { " \t\n".contains($0) }
            guard fields.count >= 3 else { continue }
            count += 1
            if areAddressesHidden, fields[0].contains(where: { $0 != "0" }) { areAddressesHidden = false }
            let name = String(fields[2])
            if wanted.contains(name) { found.insert(name) }
        }
        guard count > 0 else { throw SystemError("read", path, errno: ENODATA) }
    }
}
