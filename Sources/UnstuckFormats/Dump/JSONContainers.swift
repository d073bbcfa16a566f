/// Where objects begin that are no entries of a dump and have some inside: one pass over the text, whatever its depth.
enum JSONContainers {
    private struct Open {
        var start: Int
        var isObject: Bool
        var hasKey = false
    }

    static func of(_ bytes: [UInt8]) -> Set<Int> {
        var containers: Set<Int> = []
        var open: [Open] = []
        var position = 0
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "{"): open.append(Open(start: position - 1, isObject: true))
            case UInt8(ascii: "["): open.append(Open(start: position - 1, isObject: false))
            case UInt8(ascii: "}"), UInt8(ascii: "]"): _ = open.popLast()
            case UInt8(ascii: "\""):
                let isKey = bytes[position...].starts(with: "key\"".utf8)
                while position < bytes.count, bytes[position] != UInt8(ascii: "\""), bytes[position] != newline {
                    position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
                }
                position += 1
                guard isKey, let last = open.indices.last, open[last].isObject, isEntrysValue(bytes, position) else {
                    continue
                }
                open[last].hasKey = true
                mark(open, &containers)
            default: break
            }
        }
        return containers
    }

    /// `: [` or `: "`: a key's bytes. A value's own "key" is something else.
    private static func isEntrysValue(_ bytes: [UInt8], _ start: Int) -> Bool {
        var position = start
        var sawColon = false
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: ":"), !sawColon {
                sawColon = true
            } else if !isBlank(byte), byte != newline {
                return sawColon && (byte == UInt8(ascii: "[") || byte == UInt8(ascii: "\""))
            }
            position += 1
        }
        return false
    }

    /// Everything around the innermost object, up to what is marked; what is inside an entry belongs to that.
    private static func mark(_ open: [Open], _ containers: inout Set<Int>) {
        for outer in open.dropLast().reversed() where outer.isObject {
            guard !outer.hasKey, containers.insert(outer.start).inserted else { return }
        }
    }
}
