/// Numbers the distinct `struct proto` addresses of a pass in the order they are met, so that sockets can refer to
/// their handlers by a small index.
public struct ProtoTable: Sendable {
    /// Addresses by index.
    public private(set) var addresses: [UInt64] = []
    private var indices: [UInt64: Int] = [:]
    private var last: (address: UInt64, index: Int) = (0, 0)

    public init() {}

    /// The index of a proto; `nil` for 0 (a mini socket, or unreadable).
    public mutating func index(of address: UInt64) -> Int? {
        guard address != 0 else { return nil }
        if address == last.address { return last.index }  // nearly every socket has its neighbour's
        let index = indices[address] ?? addresses.count
        if index == addresses.count {
            addresses.append(address)
            indices[address] = index
        }
        last = (address, index)
        return index
    }

    /// Takes over what another table numbered.
    ///
    /// - Returns: the indices here by the indices there; `nil` if they are the same.
    public mutating func merge(_ other: ProtoTable) -> [Int?]? {
        let indices = other.addresses.map { index(of: $0) }
        return indices == Array(other.addresses.indices) ? nil : indices
    }
}
