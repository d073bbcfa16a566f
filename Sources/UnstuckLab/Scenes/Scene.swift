import Glibc
import UnstuckKernel
import UnstuckModel

/// One fault of the table as it is played: what its code does on a stage, and its healthy twin, which does nearly the
/// same and leaves nothing wrong.
public struct Scene: Sendable {
    /// As in lab/faults.toml.
    public let code: String
    let options: @Sendable (_ isTwin: Bool) -> Stage.Options
    let play: @Sendable (_ stage: Stage, _ family: AddressFamily, _ isTwin: Bool) throws -> Act

    init(
        _ code: String, options: @escaping @Sendable (Bool) -> Stage.Options = { _ in Stage.Options() },
        play: @escaping @Sendable (Stage, AddressFamily, Bool) throws -> Act
    ) {
        self.code = code
        self.options = options
        self.play = play
    }

    /// What was played for one family.
    struct Act {
        /// The connection that the fault is about, as its client saw it.
        var tuple: FourTuple
        /// What the next one experiences who uses the tuple, or this very connection where it lives on: a word of
        /// lab/faults.toml.
        var next: () throws -> String
    }

    /// Every fault that can be played.
    public static let all: [Scene] = listenerScenes + zombieScenes + mapScenes + readerScenes

    public static func named(_ code: String) throws -> Scene {
        guard let scene = all.first(where: { $0.code == code }) else {
            throw LabError(
                .invalid, "no fault \"\(code)\"; there are \(all.map(\.code).joined(separator: ", "))")
        }
        return scene
    }
}

extension Stage {
    /// The fault is over, and somebody uses its tuple again.
    func thenReused(_ tuple: FourTuple) -> Scene.Act {
        Scene.Act(tuple: tuple) { try self.reuse(tuple).rawValue }
    }

    /// The connection lives on.
    func thenOn(_ pair: Pair, _ tuple: FourTuple) -> Scene.Act {
        keep(pair.client)
        keep(pair.server)
        return Scene.Act(tuple: tuple) { try self.exchange(pair).rawValue }
    }
}

/// A scene that was played: what it tells, and what it does when asked.
public final class Performance {
    /// What was made, for whoever looks at it from outside.
    public struct Report: Codable, Sendable {
        public struct Act: Codable, Sendable {
            /// As the client sees it.
            public var tuple: FourTuple
            /// Keys in the map that claim it, from either side, by a plain walk over the keys.
            public var entries: Int
        }
        public var code: String
        public var isTwin: Bool
        public var layout: String
        public var map: UInt32
        public var acts: [Act]
        /// Live connections that nothing may happen to, as their clients see them.
        public var bystanders: [FourTuple]
    }

    /// What the next users of the tuples, one a family, experience; and the bystanders.
    public struct Next: Codable, Sendable {
        public var next: [String]
        public var bystanders: String
    }

    private let stage: Stage
    private let acts: [Scene.Act]
    public let report: Report

    /// Plays a scene for every family that the accelerator files. The calling process moves onto its stage and must be a
    /// process of its own.
    public init(_ scene: Scene, isTwin: Bool, accelerator: StageAccelerator = .cilium) throws {
        let stage = try Stage(scene.options(isTwin), accelerator: accelerator)
        self.stage = stage
        acts = try accelerator.families.map { try scene.play(stage, $0, isTwin) }
        report = Report(
            code: scene.code, isTwin: isTwin, layout: accelerator.name, map: stage.mapID,
            acts: try acts.map { act in
                Report.Act(
                    tuple: act.tuple, entries: try [act.tuple, act.tuple.reversed].count(where: stage.isFiled))
            }, bystanders: stage.bystanderTuples)
    }

    public func next() throws -> Next {
        Next(next: try acts.map { try $0.next() }, bystanders: try stage.askBystanders().rawValue)
    }
}
