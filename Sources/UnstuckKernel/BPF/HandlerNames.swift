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
        var symbols: [UInt64: String]?
        return table.addresses.map { address in
            var key = address
            var value = unstuck_proto()
            guard unsafe bpf_map_lookup_elem(protos.descriptor, &key, &value) == 0 else {
                return Handlers(recvmsg: nil, sendmsg: nil, close: nil, destroy: nil, unhash: nil)
            }
            let pointers = words(of: value.handlers)
            var names = texts(of: value.names)
            if zip(pointers, names).contains(where: { $0 != 0 && $1 == nil }) {
                let known = symbols ?? kallsyms()
                symbols = known
                names = zip(pointers, names).map { $1 ?? known[$0] }
            }
            return Handlers(
                recvmsg: names[0], sendmsg: names[1], close: names[2], destroy: names[3], unhash: names[4])
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

    /// The text symbols whose names begin as a handler's may.
    private static func kallsyms() -> [UInt64: String] {
        guard let text = readText("/proc/kallsyms") else { return [:] }
        var symbols: [UInt64: String] = [:]
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ", maxSplits: 3)
            guard fields.count >= 3, fields[1] == "T" || fields[1] == "t", let address = UInt64(fields[0], radix: 16),
                address != 0
            else { continue }
            symbols[address] = String(fields[2].prefix { $0 != "\t" })
        }
        return symbols
    }
}
