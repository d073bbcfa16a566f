/// Where in a document a number is that nothing has: below 0, or wider than its field. The library's decoder says of such
/// numbers neither which nor where.
struct MisfitNumber: Decodable {
    /// The first one; `nil`: none.
    let path: [any CodingKey]?

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        if let object = try? decoder.container(keyedBy: Name.self) {
            path =
                object.allKeys.sorted { $0.stringValue < $1.stringValue }.lazy.compactMap {
                    (try? object.decode(Self.self, forKey: $0))?.path
                }.first
        } else if var list = try? decoder.unkeyedContainer() {
            var found: [any CodingKey]?
            while found == nil, !list.isAtEnd, let element = try? list.decode(Self.self) { found = element.path }
            path = found
        } else if let number = try? decoder.singleValueContainer().decode(Double.self),
            number < 0 || number > Double(UInt64.max) || decoder.isNarrow && number > Double(UInt32.max)
        {
            path = decoder.codingPath
        } else {
            path = nil
        }
    }
}

extension Decoder {
    /// A number of 32 bits at most in every version.
    fileprivate var isNarrow: Bool {
        ["netns", "pid", "id", "descriptor", "retransmits", "backoff"].contains(codingPath.last?.stringValue ?? "")
            && !codingPath.contains { ["cgroups", "cgroupStates"].contains($0.stringValue) }
    }
}
