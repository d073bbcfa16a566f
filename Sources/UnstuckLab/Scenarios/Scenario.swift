import Glibc
import UnstuckKernel
import UnstuckModel

/// One fault of the table as it is run: what its code does on a fixture, and its control case, which does nearly the
/// same and leaves nothing wrong.
public struct Scenario: Sendable {
    /// As in lab/faults.toml.
    public let code: String
    /// Fetches what it takes, while the machine's own network is still there.
    let prepare: @Sendable () throws -> Void
    let options: @Sendable (_ isControl: Bool) -> Fixture.Options
    let run: @Sendable (_ fixture: Fixture, _ family: AddressFamily, _ isControl: Bool) throws -> Act

    init(
        _ code: String, prepare: @escaping @Sendable () throws -> Void = {},
        options: @escaping @Sendable (Bool) -> Fixture.Options = { _ in Fixture.Options() },
        run: @escaping @Sendable (Fixture, AddressFamily, Bool) throws -> Act
    ) {
        self.code = code
        self.prepare = prepare
        self.options = options
        self.run = run
    }

    /// What was run for one family.
    struct Act {
        /// The connection that the fault is about, as its client saw it.
        var tuple: FourTuple
        /// What a new connection of the same kind experiences, beside this one; `nil` where none is made.
        var anew: (() throws -> (word: String, tuple: FourTuple))? = nil
        /// What the next one experiences who uses the tuple, or this very connection where it lives on: a word of
        /// lab/faults.toml.
        var next: () throws -> String
    }

    /// Every fault that can be run.
    public static let all: [Scenario] =
        listenerScenarios + zombieScenarios + mapScenarios
        + readerScenarios + nginxScenarios + disturbedScenarios

    public static func named(_ code: String) throws -> Scenario {
        guard let scenario = all.first(where: { $0.code == code }) else {
            throw LabError(
                .invalid,
                "no fault \"\(code)\"; there are \((all.map(\.code) + Cause.all.map(\.code)).joined(separator: ", "))")
        }
        return scenario
    }
}

extension Fixture {
    /// The fault is over, and someone uses its tuple again.
    func thenReused(_ tuple: FourTuple) -> Scenario.Act {
        Scenario.Act(tuple: tuple) { try self.reuse(tuple).rawValue }
    }

    /// The connection lives on.
    /// - Parameter anew: makes a new one of the same kind.
    func thenOn(_ pair: Pair, _ tuple: FourTuple, anew: ((FourTuple) throws -> Pair)? = nil) -> Scenario.Act {
        keep(pair.client)
        keep(pair.server)
        return Scenario.Act(
            tuple: tuple,
            anew: anew.map { connect in
                {
                    let new = self.freshTuple(tuple.local.address.isV4 ? .v4 : .v6, to: tuple.remote.port)
                    return (try self.exchange(try connect(new)).rawValue, new)
                }
            }
        ) { try self.exchange(pair).rawValue }
    }
}

/// A scenario that was run: what it tells, and what it does when asked.
public final class ScenarioRun {
    /// What was made, for anyone who looks at it from outside.
    public struct Report: Codable, Sendable {
        public struct Act: Codable, Sendable {
            /// As the client sees it.
            public var tuple: FourTuple
            /// Keys in the map that claim it, from either side, by a plain walk over the keys.
            public var entries: Int
        }
        public var code: String
        public var isControl: Bool
        public var layout: String
        public var map: UInt32
        public var acts: [Act]
        /// Live connections that nothing may happen to, as their clients see them.
        public var background: [FourTuple]
    }

    /// What the next users of the tuples, one a family, experience; and the background connections.
    public struct Next: Codable, Sendable {
        public var next: [String]
        public var background: String
        /// What new connections of the same kind experience, one a family; only where that was asked.
        public var anew: [Anew]?

        public struct Anew: Codable, Sendable {
            /// A word of lab/faults.toml.
            public var word: String
            /// Keys in the map that claim its tuple, from either side.
            public var entries: Int
        }
    }

    private let fixture: Fixture
    private let acts: [Scenario.Act]
    public let report: Report

    /// Plays a scenario for every family that the accelerator files. The calling process moves onto its fixture and must be a
    /// process of its own.
    public init(_ scenario: Scenario, isControl: Bool, accelerator: FixtureAccelerator = .cilium) throws {
        try scenario.prepare()
        let fixture = try Fixture(scenario.options(isControl), accelerator: accelerator)
        self.fixture = fixture
        acts = try accelerator.families.map { try scenario.run(fixture, $0, isControl) }
        report = Report(
            code: scenario.code, isControl: isControl, layout: accelerator.name, map: fixture.mapID,
            acts: try acts.map { act in
                Report.Act(
                    tuple: act.tuple, entries: try [act.tuple, act.tuple.reversed].count(where: fixture.isFiled))
            }, background: fixture.backgroundTuples)
    }

    public func next() throws -> Next {
        Next(next: try acts.map { try $0.next() }, background: try fixture.askBackground().rawValue)
    }

    private func entries(of tuple: FourTuple) throws -> Int {
        try [tuple, tuple.reversed].count(where: fixture.isFiled)
    }

    /// The same, and what new connections of the kind experience.
    public func anew() throws -> Next {
        var next = try next()
        next.anew = try acts.map { act in
            guard let anew = act.anew else { throw LabError(.invalid, "\(report.code) makes no new connections") }
            let made = try anew()
            return Next.Anew(word: made.word, entries: try entries(of: made.tuple))
        }
        return next
    }
}
