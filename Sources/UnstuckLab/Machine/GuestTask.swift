/// What a guest is to do; it finds this as JSON in its initramfs.
struct GuestTask: Codable {
    static let path = "/unstuck-guest.json"

    var command: [String]
    /// `NAME=VALUE`
    var environment: [String]
    /// Module files, in the order of loading.
    var modules: [String]
    /// Files that are sent back when the command has ended; what is not there is left out.
    var collect: [String]
}

/// One message of a guest, on a serial line of its own: a byte that says what it is, its length (32 bits, little
/// endian), its bytes.
enum GuestMessage: Equatable {
    /// Everything is mounted and the command begins.
    case ready
    case output([UInt8])
    case errors([UInt8])
    /// A collected file.
    case file(path: String, [UInt8])
    /// How the command ended; the last message.
    case exit(Int32)
    /// What the guest could not do for itself.
    case failure(String)

    var bytes: [UInt8] {
        let (kind, payload): (Character, [UInt8]) =
            switch self {
            case .ready: ("r", [])
            case .output(let bytes): ("o", bytes)
            case .errors(let bytes): ("e", bytes)
            case .file(let path, let bytes): ("f", Array(path.utf8) + [0] + bytes)
            case .exit(let status): ("x", [UInt8(truncatingIfNeeded: status)])
            case .failure(let text): ("!", Array(text.utf8))
            }
        let count = UInt32(payload.count)
        return [kind.asciiValue ?? 0] + (0..<4).map { UInt8(truncatingIfNeeded: count >> ($0 * 8)) } + payload
    }

    /// Takes the first whole message off; `nil` where there is none yet.
    /// - Throws: where no message can begin like this: the line carries something else.
    static func take(from bytes: inout ArraySlice<UInt8>) throws(LabError) -> GuestMessage? {
        guard bytes.count >= 5 else { return nil }
        let head = Array(bytes.prefix(5))
        let count = (0..<4).reduce(0) { $0 | Int(head[1 + $1]) << ($1 * 8) }
        guard "roefx!".utf8.contains(head[0]), count < 1 << 28 else {
            throw LabError(.failed, "the guest's line carries something that is none of its messages")
        }
        guard bytes.count >= 5 + count else { return nil }
        let payload = Array(bytes.dropFirst(5).prefix(count))
        bytes = bytes.dropFirst(5 + count)
        switch Character(UnicodeScalar(head[0])) {
        case "r": return .ready
        case "o": return .output(payload)
        case "e": return .errors(payload)
        case "f":
            let name = payload.prefix { $0 != 0 }
            return .file(path: String(decoding: name, as: UTF8.self), Array(payload.dropFirst(name.count + 1)))
        case "x": return .exit(Int32(payload.first ?? 255))
        default: return .failure(String(decoding: payload, as: UTF8.self))
        }
    }
}
