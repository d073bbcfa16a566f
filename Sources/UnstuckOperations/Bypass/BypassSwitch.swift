import UnstuckKernel
import UnstuckModel
import UnstuckRepair

extension OperationError.Code {
    /// A map's bypass was not set up; the cause says why.
    public static let notBypassed = Self(rawValue: "not-bypassed")
}

/// Turns bypasses of a node on and off, each under its map's lock.
public struct BypassSwitch {
    private let bypass: Bypass
    private let root: NodeRoot

    public init(root: NodeRoot) {
        self.root = root
        bypass = Bypass(root: root)
        bypass.registry.prepare()
    }

    // MARK: On

    /// Bypasses a map's accelerator, or sets the options of one that is bypassed anew.
    ///
    /// - Parameters:
    ///   - map: by id, name or pin (``NamedSockmap``).
    ///   - keeper: starts a process that runs ``BypassKeeper``, and returns its pid.
    public func turnOn(
        _ map: String, _ options: Bypass.Options, keeper: (BypassState) throws -> Int32
    ) throws(OperationError) -> BypassState {
        do {
            let open = try NamedSockmap.open(map, root: root)
            let description = open.description
            let lock = try bypass.lock(description.id)
            var state = try bypass.on(description, options, keep: keeper)
            _ = consume lock
            state.countEntries()
            return state
        } catch {
            throw OperationError(.notBypassed, "\(map): \(errorMessage(error))", cause: error)
        }
    }

    // MARK: Off

    /// What came of turning bypasses off.
    public struct Undone {
        public var states: [BypassState] = []
        /// What was not undone, or could not be seen, each as a clause for a person.
        public var problems: [String] = []
        /// What else a person should know.
        public var notes: [String] = []
        public var isComplete: Bool { problems.isEmpty }

        public var conclusion: Conclusion {
            if !isComplete { return .inconclusive }
            return states.allSatisfy(\.isUndone) ? .nothingWrong : .findings
        }
    }

    /// Undoes bypasses.
    ///
    /// - Parameter wanted: the maps, of those that are named to it; none: all.
    public func turnOff(_ wanted: (_ known: [(id: UInt32, name: String)]) throws -> [UInt32]) throws -> Undone {
        let (states, unseen) = bypass.states()
        let wanted = try wanted(states.map { ($0.map, $0.mapName) })
        var undone = Undone()
        if wanted.isEmpty { undone.problems = unseen }
        for id in wanted.isEmpty ? states.map(\.map) : wanted {
            do {
                let lock = try bypass.lock(id)
                if var state = try bypass.off(id) {
                    state.countEntries()
                    undone.states.append(state)
                } else if let other = states.first(where: { $0.map != id }), !wanted.isEmpty {
                    // A pin may lead to another map by now, a name to several.
                    undone.notes.append(
                        "sockmap \(id) is not bypassed; sockmap \(other.map) \"\(other.mapName)\" is")
                }
                _ = consume lock
            } catch {
                undone.problems.append("the bypass of sockmap \(id) is not reverted: \(errorMessage(error))")
            }
        }
        return undone
    }
}
