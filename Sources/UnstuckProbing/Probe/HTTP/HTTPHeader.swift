import UnstuckFormats

/// One header line.
public struct HTTPHeader: Hashable, Sendable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// Reads `Name: value`, as `--header` takes it. An empty value is one: `Accept:` removes kubelet's own.
    public init(parsing text: String) throws(ProbeError) {
        guard let colon = text.firstIndex(of: ":") else {
            throw ProbeError(.usage, "\(GoQuoting.quote(text)) is not a header: write 'Name: value'")
        }
        let value = text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
        self.init(String(text[..<colon]), String(value))
        try check()
    }

    /// A line break in a header would let it smuggle in a second request.
    func check() throws(ProbeError) {
        guard !name.isEmpty, name.utf8.allSatisfy(Self.isTokenByte) else {
            throw ProbeError(.usage, "\(GoQuoting.quote(name)) cannot be the name of a header")
        }
        guard value.utf8.allSatisfy({ $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) }) else {
            throw ProbeError(.usage, "the header \(name) has a control character in its value")
        }
    }

    func isNamed(_ other: String) -> Bool { name.lowercased() == other.lowercased() }

    /// RFC 9110, 5.6.2.
    static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
