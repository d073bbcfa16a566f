/// Cuts a stream of JSON into the objects that are wanted: the elements of a list on the top level (`kubectl get events -o
/// json`), or the object itself. Only one element is in memory.
struct JSONObjects {
    /// Bytes of one object; a longer one is passed over.
    private static let longest = 1 << 20

    private var open: [UInt8] = []
    private var isInString = false
    private var isEscaped = false
    private var object: [UInt8] = []
    private var isCut = false
    /// Elements of the top-level object's lists were there.
    private var hasElements = false
    private var elementDepth = 1
    /// What cannot be JSON was met.
    private(set) var isDamaged = false
    /// Objects that were too long.
    private(set) var cutObjects = 0

    /// Something is open.
    var isOpen: Bool { !open.isEmpty }

    /// Takes the next bytes.
    ///
    /// - Parameter each: gets each object that is whole.
    mutating func add(_ bytes: ArraySlice<UInt8>, _ each: ([UInt8]) -> Void) {
        for byte in bytes {
            if isInString {
                keep(byte)
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""):
                if open.isEmpty { isDamaged = true }
                isInString = true
                keep(byte)
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                open.append(byte)
                if open.count > 64 { isDamaged = true }
                begin(byte)
                keep(byte)
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                keep(byte)
                guard open.popLast() == (byte == UInt8(ascii: "}") ? UInt8(ascii: "{") : UInt8(ascii: "[")) else {
                    isDamaged = true
                    return
                }
                end(byte, each)
            default:
                if open.isEmpty, byte != 0x20, byte != 0x09, byte != 0x0D, byte != 0x0A, byte != UInt8(ascii: ",") {
                    isDamaged = true
                    return
                }
                keep(byte)
            }
            if isDamaged { return }
        }
    }

    /// The end of a line: no string goes on behind it.
    mutating func endLine() {
        if isInString { isDamaged = true }
        keep(0x0A)
    }

    private mutating func keep(_ byte: UInt8) {
        guard !open.isEmpty, !isCut else { return }
        if object.count >= Self.longest {
            isCut = true
            object.removeAll()
        } else {
            object.append(byte)
        }
    }

    /// An object begins that is wanted: on the top, or an element of a list of the top.
    private mutating func begin(_ byte: UInt8) {
        let isTop = open.count == 1 && byte == UInt8(ascii: "{")
        let isElement =
            byte == UInt8(ascii: "{")
            && (open.elementsEqual("{[{".utf8) || open.elementsEqual("[{".utf8))
        guard isTop || isElement else { return }
        if isElement { hasElements = true }
        elementDepth = open.count
        object.removeAll(keepingCapacity: true)
        isCut = false
    }

    private mutating func end(_ byte: UInt8, _ each: ([UInt8]) -> Void) {
        if byte == UInt8(ascii: "}"), open.count == elementDepth - 1, open.count > 0 || !hasElements {
            if isCut { cutObjects += 1 } else { each(object) }
            object.removeAll(keepingCapacity: true)
        }
        if open.isEmpty {
            hasElements = false
            elementDepth = 1
        }
    }
}
