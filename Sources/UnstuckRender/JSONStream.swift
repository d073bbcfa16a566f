import UnstuckModel

/// Writes JSON piece by piece, for outputs of a hundred thousand objects: the library's encoder builds the whole
/// document in memory first, and takes a second for what must take a twentieth.
///
/// Keys are ours and need no escaping; texts are escaped.
public struct JSONStream {
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false
    private static let hexDigits = Array("0123456789abcdef".utf8)

    public init(capacity: Int = 1 << 18) { bytes.reserveCapacity(capacity) }

    /// Hands out what was written, and starts anew with the same memory.
    public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    public mutating func beginObject() { open(UInt8(ascii: "{")) }
    public mutating func endObject() { close(UInt8(ascii: "}")) }
    public mutating func beginArray() { open(UInt8(ascii: "[")) }
    public mutating func endArray() { close(UInt8(ascii: "]")) }

    public mutating func key(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        append(name)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    public mutating func value(_ number: some BinaryInteger) {
        separate()
        append(UInt64(number))
        needsComma = true
    }

    public mutating func value(_ flag: Bool) {
        separate()
        append(flag ? "true" : "false")
        needsComma = true
    }

    public mutating func null() {
        separate()
        append("null")
        needsComma = true
    }

    /// A text of any origin.
    public mutating func value(_ text: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20:
                append("\\u00")
                appendHex(byte)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Bytes as lower-case hex.
    public mutating func hex(_ data: [UInt8]) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        for byte in data { appendHex(byte) }
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// `192.0.2.1:80`, as ``Endpoint`` describes itself.
    public mutating func value(_ endpoint: Endpoint) {
        guard let v4 = endpoint.address.v4 else { return value(endpoint.description) }
        separate()
        bytes.append(UInt8(ascii: "\""))
        append(UInt64(v4 >> 24))
        bytes.append(UInt8(ascii: "."))
        append(UInt64(v4 >> 16 & 0xFF))
        bytes.append(UInt8(ascii: "."))
        append(UInt64(v4 >> 8 & 0xFF))
        bytes.append(UInt8(ascii: "."))
        append(UInt64(v4 & 0xFF))
        bytes.append(UInt8(ascii: ":"))
        append(UInt64(endpoint.port))
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Ends a document that is one line, and begins the next.
    public mutating func endLine() {
        bytes.append(UInt8(ascii: "\n"))
        needsComma = false
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func appendHex(_ byte: UInt8) {
        bytes.append(Self.hexDigits[Int(byte >> 4)])
        bytes.append(Self.hexDigits[Int(byte & 15)])
    }

    private mutating func append(_ text: StaticString) {
        // A literal: its bytes live as long as the program.
        text.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
    }

    private mutating func append(_ number: UInt64) {
        if number < 10 {
            bytes.append(UInt8(ascii: "0") + UInt8(number))
            return
        }
        let start = bytes.count
        var rest = number
        while rest > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        }
        bytes[start...].reverse()
    }
}
