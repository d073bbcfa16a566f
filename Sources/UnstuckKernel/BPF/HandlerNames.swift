import CLibBPF
import CUnstuckABI
import Glibc
import UnstuckFormats
import UnstuckModel

/// Turns the protos that a pass met into named handlers.
enum HandlerNames {
    /// The handlers of `table`'s protos, in its order; looks names up in `/proc/kallsyms` only where the kernel could
    /// not print them to our program.
    static func resolve(_ table: ProtoTable, in protos: BPFMapHandle) -> [Handlers] {
        let found = table.addresses.map { address in
            var key = address
            var value = unstuck_proto()
            let isThere = unsafe bpf_map_lookup_elem(protos.descriptor, &key, &value) == 0
            return isThere ? Array(zip(words(of: value.handlers), texts(of: value.names))) : []
        }
        let unnamed = Set(found.joined().filter { $0 != 0 && $1 == nil }.map(\.0))
        let symbols = unnamed.isEmpty ? [:] : kallsyms(unnamed)
        return found.map { handlers in
            guard !handlers.isEmpty else {
                return Handlers(recvmsg: nil, sendmsg: nil, close: nil, destroy: nil, unhash: nil)
            }
            let names = handlers.map { $1 ?? symbols[$0] }
            return Handlers(
                recvmsg: names[0], sendmsg: names[1], close: names[2], destroy: names[3], unhash: names[4],
                ioctl: names[5])
        }
    }

    private static func words<Field>(of field: Field) -> [UInt64] {
        unsafe withUnsafeBytes(of: field) { raw in
            // An array of __u64 in the record, imported as a tuple.
            (0..<raw.count / 8).map { unsafe raw.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) }
        }
    }

    private static func texts<Field>(of field: Field) -> [String?] {
        let width = UNSTUCK_SYMBOL_MAX
        return unsafe withUnsafeBytes(of: field) { raw in
            // An array of NUL-terminated strings of `width` bytes each.
            (0..<raw.count / width).map { index -> String? in
                let text = unsafe String(
                    decoding: raw[index * width..<(index + 1) * width].prefix { $0 != 0 }, as: UTF8.self)
                return text.isEmpty || text.hasPrefix("0x") || text == "0" ? nil : text
            }
        }
    }

    /// The names of the text symbols at these addresses. The file has a line for each of some 150,000 symbols: of those
    /// that nobody asked for only the address is read.
    private static func kallsyms(_ wanted: Set<UInt64>) -> [UInt64: String] {
        guard let file = unsafe fopen("/proc/kallsyms", "re") else { return [:] }
        defer { unsafe fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { unsafe free(line) }
        var symbols: [UInt64: String] = [:]
        while unsafe getline(&line, &capacity, file) > 0, let text = unsafe line {
            let address = unsafe UInt64(strtoull(text, nil, 16))
            guard wanted.contains(address) else { continue }
            let fields = unsafe String(cString: text).split { " \t\n".contains($0) }
            if fields.count >= 3, fields[1] == "T" || fields[1] == "t" { symbols[address] = String(fields[2]) }
        }
        return symbols
    }
}
