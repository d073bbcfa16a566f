/// The message of a structured line and the values behind it: `"Probe failed" probeType="Readiness" pod="shop/web-0" …`. A value
/// of several lines goes on until a line of one blank and `>`.
///
/// Source: k8s.io/klog/v2, `internal/serialize/keyvalues.go`.
struct KlogValues {
    let message: String
    private(set) var values: [String: [UInt8]] = [:]
    /// Names of values that had several lines.
    private(set) var severalLines: Set<String> = []
    /// The value that goes on in the next line.
    private var open: String?
    private var openText: [UInt8] = []
    private var openLines = 0

    private static let mostValues = 64
    private static let mostLines = 500

    var isOpen: Bool { open != nil }

    subscript(_ name: String) -> String? { values[name].map { String(decoding: $0, as: UTF8.self) } }

    /// - Parameter line: at the message's quotation mark.
    init?(_ line: ArraySlice<UInt8>) {
        guard line.first == UInt8(ascii: "\"") else { return nil }
        let (text, end) = GoQuoting.unquote(line)
        message = String(decoding: text.prefix(256), as: UTF8.self)
        read(line[end...])
    }

    private mutating func read(_ line: ArraySlice<UInt8>) {
        var text = LogBytes(line)
        while true {
            text.skipBlanks()
            guard let equals = text.rest.firstIndex(of: UInt8(ascii: "=")), values.count < Self.mostValues else {
                return
            }
            let name = text.rest[..<equals]
            guard !name.isEmpty, name.count <= 64, !name.contains(0x20), !name.contains(UInt8(ascii: "\"")) else {
                return
            }
            text.rest = text.rest[(equals + 1)...]
            switch text.rest.first {
            case UInt8(ascii: "\""):
                let (value, end) = GoQuoting.unquote(text.rest)
                keep(name.text, value)
                text.rest = text.rest[end...]
            case UInt8(ascii: "<") where text.rest.count == 1:
                open = name.text
                openText = []
                openLines = 0
                return
            default:
                keep(name.text, Array(text.word()))
            }
        }
    }

    private mutating func keep(_ name: String, _ value: [UInt8]) {
        if values[name] == nil { values[name] = value }
    }

    /// The next line of the value that is open.
    ///
    /// - Returns: `false`: it is none, and the value ended before it.
    mutating func add(_ line: ArraySlice<UInt8>) -> Bool {
        guard let name = open else { return false }
        if line.begins(with: " >") {
            close(name)
            read(line.dropFirst(2))
            return true
        }
        var text = LogBytes(line)
        // A tab before each line of the value; journalctl shows eight blanks, rsyslog an escape.
        guard text.skip("\t") || text.skip("        ") || text.skip("#011") || line.isEmpty else {
            close(name)
            return false
        }
        openLines += 1
        if openLines <= Self.mostLines, openText.count < 1 << 14 {
            if openLines > 1 { openText.append(0x0A) }
            openText += text.rest.prefix(1 << 12)
        }
        return true
    }

    /// What there is of a value that is open, at the end of all lines.
    mutating func close() {
        if let open { close(open) }
    }

    private mutating func close(_ name: String) {
        keep(name, openText)
        severalLines.insert(name)
        open = nil
        openText = []
    }
}
