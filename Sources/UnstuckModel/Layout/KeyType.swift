/// The C type of a map's keys as its programs' BTF tells it: evidence for or against a layout, never a layout by
/// itself, for it does not say whose side comes first nor in which byte order a port lies.
///
/// The kernel keeps no BTF on a SOCKMAP or SOCKHASH itself; the programs that use it bring theirs.
public struct KeyType: Hashable, Sendable, Codable {
    /// A member that is no structure itself; those of nested ones are listed each, with the names joined by dots.
    public struct Member: Hashable, Sendable, Codable {
        public var name: String
        /// Its type's name, `__u32[4]` for an array.
        public var type: String
        /// In bytes, from the key's first one.
        public var offset: Int
        public var size: Int

        public init(name: String, type: String, offset: Int, size: Int) {
            self.name = name
            self.type = type
            self.offset = offset
            self.size = size
        }
    }

    /// `struct sock_key`, without the word struct.
    public var name: String
    public var size: Int
    public var members: [Member]

    public init(name: String, size: Int, members: [Member]) {
        self.name = name
        self.size = size
        self.members = members
    }

    /// Whether every part of a layout that names an end begins where a member begins and ends where one ends.
    public func fits(_ layout: KeyLayout) -> Bool {
        guard size == layout.size else { return false }
        let starts = Set(members.map(\.offset))
        let ends = Set(members.map { $0.offset + $0.size })
        return layout.fields.allSatisfy { part in
            switch part.field {
            case .oneOf, .opaque: true
            default: starts.contains(part.offset) && ends.contains(part.offset + part.field.width)
            }
        }
    }

    /// Whether every such part lies within one member, or covers members as a whole: less than ``fits(_:)``, for a layout
    /// that was inferred and knows two bytes of a port where the member has four.
    public func allows(_ layout: KeyLayout) -> Bool {
        guard size == layout.size else { return false }
        return fits(layout)
            || layout.fields.allSatisfy { part in
                switch part.field {
                case .oneOf, .opaque: true
                default:
                    members.contains {
                        $0.offset <= part.offset && part.offset + part.field.width <= $0.offset + $0.size
                    }
                }
            }
    }
}
