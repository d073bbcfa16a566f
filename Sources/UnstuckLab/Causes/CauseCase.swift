import UnstuckModel

/// One way to make a cause, or one healthy situation that looks like it.
public struct CauseCase: Sendable {
    public let name: String
    /// It is healthy: no finding about a stuck connection may come of it.
    public let isControl: Bool
    /// What is made, in a few words.
    public let summary: String
    let shape: CausePath.Shape
    let isAccelerated: Bool
    /// Makes it and checks that it is there, for both families; throws `didNotHappen` if it is not.
    let make: @Sendable (CauseFixture) throws -> [CauseConnection]

    init(
        _ name: String, _ summary: String, isControl: Bool = false, shape: CausePath.Shape = .loopback,
        isAccelerated: Bool = false, together make: @escaping @Sendable (CauseFixture) throws -> [CauseConnection]
    ) {
        self.name = name
        self.isControl = isControl
        self.summary = summary
        self.shape = shape
        self.isAccelerated = isAccelerated
        self.make = make
    }

    /// One that is made for one family after the other.
    init(
        _ name: String, _ summary: String, isControl: Bool = false, shape: CausePath.Shape = .loopback,
        isAccelerated: Bool = false,
        make: @escaping @Sendable (CauseFixture, AddressFamily) throws -> [CauseConnection]
    ) {
        self.init(name, summary, isControl: isControl, shape: shape, isAccelerated: isAccelerated) { fixture in
            try AddressFamily.allCases.flatMap { try make(fixture, $0) }
        }
    }
}
