import UnstuckKernel

/// A cause, or a control case of it, that was made and is there as long as this.
public final class CauseRun {
    /// What was made, for other programs to look at.
    public struct Report: Encodable, Sendable {
        public var code: String
        /// The name of the case, whether it is a control case or not.
        public var caseName: String
        /// The name of the control case; `nil`, in JSON `null`: the cause itself.
        public var control: String?
        public var place: CausePlace
        /// The id of the sockmap that both ends are in; `nil`: not accelerated.
        public var map: UInt32?
        public var connections: [CauseConnection]

        enum CodingKeys: String, CodingKey {
            case code, control, place, map, connections
            case caseName = "case"
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(code, forKey: .code)
            try container.encode(caseName, forKey: .caseName)
            try container.encode(control, forKey: .control)
            try container.encode(place, forKey: .place)
            try container.encode(map, forKey: .map)
            try container.encode(connections, forKey: .connections)
        }
    }

    private let fixture: CauseFixture
    public let report: Report

    /// Makes it. Only on the main thread, before there is a second one.
    ///
    /// - Throws: `LabError` `didNotHappen`: the kernel does not show what should be there. `missing`: a capability or a
    ///   program.
    public init(_ cause: Cause, _ one: CauseCase) throws {
        try Requirements.checkCapabilities()
        fixture = try CauseFixture(one.shape, isAccelerated: one.isAccelerated)
        report = Report(
            code: cause.code, caseName: one.name, control: one.isControl ? one.name : nil, place: cause.place,
            map: fixture.accelerator?.map, connections: try one.make(fixture))
    }

    /// Ends the processes; the namespaces and the sockmap go with them.
    public func end() { fixture.end() }
}
