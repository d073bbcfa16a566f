import UnstuckModel

/// Writes JSON piece by piece, for outputs of a hundred thousand objects: the library's encoder builds the whole
/// document in memory first, and takes a second for what must take a fiftieth.
///
/// Keys are ours and need no escaping; texts are escaped. Everything is written through one pointer: every value asks
/// `makeRoom` for the bytes that it can take at most, and what follows stays within them.
@safe
public struct JSONStream: ~Copyable {  // the memory is owned, private, and freed once, in deinit
    private var memory: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    public private(set) var count = 0
    private var needsComma = false

    public init(capacity: Int = 1 << 18) {
        self.capacity = max(capacity, 64)
        unsafe memory = .allocate(capacity: self.capacity)
    }

    deinit { unsafe memory.deallocate() }

    /// Hands out what was written, and starts anew with the same memory.
    public mutating func drain<Failure: Error>(_ body: (RawSpan) throws(Failure) -> Void) throws(Failure) {
        try unsafe body(UnsafeRawBufferPointer(start: memory, count: count).bytes)
        count = 0
    }

    @inline(__always)
    public mutating func beginObject() {
        makeRoom(2)
        separate()
        put(UInt8(ascii: "{"))
        needsComma = false
    }

    @inline(__always)
    public mutating func endObject() {
        makeRoom(1)
        put(UInt8(ascii: "}"))
        needsComma = true
    }

    @inline(__always)
    public mutating func beginArray() {
        makeRoom(2)
        separate()
        put(UInt8(ascii: "["))
        needsComma = false
    }

    @inline(__always)
    public mutating func endArray() {
        makeRoom(1)
        put(UInt8(ascii: "]"))
        needsComma = true
    }

    /// A text of ours that needs no escaping.
    @inline(__always)
    public mutating func value(literal text: StaticString) {
        makeRoom(text.utf8CodeUnitCount + 3)
        separate()
        put(UInt8(ascii: "\""))
        put(text)
        put(UInt8(ascii: "\""))
        needsComma = true
    }

    @inline(__always)
    public mutating func key(_ name: StaticString) {
        makeRoom(name.utf8CodeUnitCount + 4)
        separate()
        put(UInt8(ascii: "\""))
        put(name)
        put("\":")
        needsComma = false
    }

    @inline(__always)
    public mutating func value(_ number: some UnsignedInteger & FixedWidthInteger) {
        makeRoom(21)
        separate()
        put(decimal: UInt64(number))
        needsComma = true
    }

    @inline(__always)
    public mutating func value(_ flag: Bool) {
        makeRoom(6)
        separate()
        if flag { put("true") } else { put("false") }
        needsComma = true
    }

    /// A text of any origin.
    public mutating func value(_ text: String) {
        makeRoom(text.utf8.count * 6 + 3)
        separate()
        put(UInt8(ascii: "\""))
        // Each of these takes at least one byte, and six when escaped.
        if text.utf8.contains(where: { $0 >= 0x7F }), text.unicodeScalars.contains(where: \.actsOnTerminals) {
            for scalar in text.unicodeScalars {
                if scalar.actsOnTerminals {
                    for byte in JSON.escape(scalar).utf8 { put(byte) }
                } else if scalar == "\"" || scalar == "\\" {
                    put(escaped: UInt8(scalar.value))
                } else {
                    for byte in String(scalar).utf8 { put(byte) }
                }
            }
            put(UInt8(ascii: "\""))
            needsComma = true
            return
        }
        for byte in text.utf8 {
            if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
                put(byte)
            } else {
                put(escaped: byte)
            }
        }
        put(UInt8(ascii: "\""))
        needsComma = true
    }

    /// A key as lower-case hex.
    public mutating func value(_ key: SockmapKey) {
        makeRoom(SockmapKey.longest * 2 + 3)
        separate()
        put(UInt8(ascii: "\""))
        for index in 0..<key.count >> 3 {
            let word = key.word(index)
            put(hexOf: UInt32(truncatingIfNeeded: word))
            put(hexOf: UInt32(truncatingIfNeeded: word >> 32))
        }
        for index in key.count & ~7..<key.count { put(hex: key[index]) }
        put(UInt8(ascii: "\""))
        needsComma = true
    }

    /// `192.0.2.1:80`, as ``Endpoint`` describes itself.
    public mutating func value(_ endpoint: Endpoint) {
        guard let v4 = endpoint.address.v4 else { return value(endpoint.description) }
        makeRoom(24)
        separate()
        put(UInt8(ascii: "\""))
        put(octet: v4 >> 24)
        put(UInt8(ascii: "."))
        put(octet: v4 >> 16 & 0xFF)
        put(UInt8(ascii: "."))
        put(octet: v4 >> 8 & 0xFF)
        put(UInt8(ascii: "."))
        put(octet: v4 & 0xFF)
        put(UInt8(ascii: ":"))
        put(decimal: UInt64(endpoint.port))
        put(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Members of an object that another stream wrote, in full.
    public mutating func members(_ written: [UInt8]) {
        guard !written.isEmpty else { return }
        makeRoom(written.count + 1)
        separate()
        unsafe (memory + count).update(from: written, count: written.count)
        count += written.count
        needsComma = true
    }

    /// Ends a document that is one line, and begins the next.
    public mutating func endLine() {
        makeRoom(1)
        put(UInt8(ascii: "\n"))
        needsComma = false
    }

    // MARK: Bytes. Who calls one of these has made room.

    @inline(__always)
    private mutating func makeRoom(_ size: Int) {
        if capacity - count < size { grow(size) }
    }

    @inline(never)
    private mutating func grow(_ size: Int) {
        capacity = max(capacity * 2, count + size)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        unsafe larger.update(from: memory, count: count)
        unsafe memory.deallocate()
        unsafe memory = larger
    }

    @inline(__always)
    private mutating func separate() {
        if needsComma { put(UInt8(ascii: ",")) }
    }

    @inline(__always)
    private mutating func put(_ byte: UInt8) {
        unsafe memory[count] = byte
        count += 1
    }

    @inline(__always)
    private mutating func put(_ text: StaticString) {
        unsafe (memory + count).update(from: text.utf8Start, count: text.utf8CodeUnitCount)
        count += text.utf8CodeUnitCount
    }

    private mutating func put(escaped byte: UInt8) {
        put(UInt8(ascii: "\\"))
        if byte >= 0x20 { return put(byte) }
        put("u00")
        put(hex: byte)
    }

    /// Four bytes, the lowest first: eight digits side by side in one word.
    @inline(__always)
    private mutating func put(hexOf bytes: UInt32) {
        var word = UInt64(bytes)
        word = (word | word << 16) & 0x0000_FFFF_0000_FFFF
        word = (word | word << 8) & 0x00FF_00FF_00FF_00FF
        word = word >> 4 & 0x000F_000F_000F_000F | (word & 0x000F_000F_000F_000F) << 8
        let letters = (word &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        word = word &+ 0x3030_3030_3030_3030 &+ letters &* UInt64(UInt8(ascii: "a") - UInt8(ascii: "0") - 10)
        unsafe UnsafeMutableRawPointer(memory + count).storeBytes(of: word.littleEndian, as: UInt64.self)
        count += 8
    }

    @inline(__always)
    private mutating func put(hex byte: UInt8) {
        put(Self.digit(byte >> 4))
        put(Self.digit(byte & 15))
    }

    @inline(__always)
    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") &+ value : UInt8(ascii: "a") &- 10 &+ value
    }

    /// At most 255.
    @inline(__always)
    private mutating func put(octet value: UInt32) {
        if value >= 100 { put(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / 100)) }
        if value >= 10 { put(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / 10 % 10)) }
        put(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10))
    }

    /// At most 20 digits, from the last one on.
    private mutating func put(decimal number: UInt64) {
        var digits = 1
        var limit: UInt64 = 10
        while digits < 20, number >= limit {
            digits += 1
            limit = limit &* 10
        }
        var at = count + digits
        var rest = number
        for _ in 0..<digits {
            at -= 1
            unsafe memory[at] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        count += digits
    }
}
