/// One of the lab's machines or pods: `node`, `remote`, or a pod as `shop/web-0`.
public enum HostID: Hashable, Sendable {
    case node
    case remote
    case pod(namespace: String, name: String)
}

extension HostID: CustomStringConvertible, LosslessStringConvertible {
    public var description: String {
        switch self {
        case .node: "node"
        case .remote: "remote"
        case .pod(let namespace, let name): "\(namespace)/\(name)"
        }
    }

    public init?(_ description: String) {
        switch description {
        case "node": self = .node
        case "remote": self = .remote
        default:
            let parts = description.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, parts.allSatisfy({ Self.isLabel($0) }) else { return nil }
            self = .pod(namespace: parts[0], name: parts[1])
        }
    }

    /// A DNS label, as Kubernetes wants names: it also goes into file names.
    static func isLabel(_ text: String) -> Bool {
        (1...40).contains(text.utf8.count) && text.utf8.first != UInt8(ascii: "-")
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "-")
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            }
    }
}

extension HostID: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let host = HostID(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a host of the lab: \(text)")
        }
        self = host
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
