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
        // `ffffffff81f275d0 T name`, and ` [module]` behind it. There are 200,000 of them: only names that may be wanted
        // become strings.
        let lengths = Set(wanted.map(\.utf8.count))
        while unsafe getline(&line, &capacity, file) > 0, let text = unsafe line {
            let address = unsafe Self.word(in: text)
            let kind = unsafe Self.word(in: address.start + address.length)
            let name = unsafe Self.word(in: kind.start + kind.length)
            guard unsafe name.length > 0 else { continue }
            count += 1
            if areAddressesHidden, unsafe strspn(address.start, "0") < address.length { areAddressesHidden = false }
            guard unsafe lengths.contains(name.length) else { continue }
            unsafe name.start[name.length] = 0
            let found = unsafe String(cString: name.start)
            if wanted.contains(found) { self.found.insert(found) }
        }
        guard count > 0 else { throw SystemError("read", path, errno: ENODATA) }
    }

    /// The next word of a line, by its place in that; of length 0 where there is none.
    private static func word(
        in text: UnsafeMutablePointer<CChar>
    ) -> (start: UnsafeMutablePointer<CChar>, length: Int) {
        let separators = " \t\n"
        let start = unsafe text + strspn(text, separators)
        return unsafe (start, strcspn(start, separators))
    }
}
