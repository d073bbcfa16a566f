/// A run of `unstuck repair` whose plan contains what it is for.
///
/// Only a plan makes one: a repair that would not do what it is offered for cannot be offered.
public struct PlannedRepair: Sendable, Hashable {
    /// Sockmaps by id, as given with `--map`; one at least.
    public private(set) var maps: Set<UInt32>
    public private(set) var options: Set<RepairOption>
    /// What it deletes of that which it is for.
    public private(set) var entries: Set<EntryReference>
    /// What it resets of that which it is for, as the senders see it.
    public private(set) var resets: Set<FourTuple>
    /// As given with `--limit`; `nil`: the command's own is enough.
    public private(set) var limit: Int?
    /// As given with `--root`; `nil`: `/`.
    public private(set) var root: String?

    /// Most entries that one run deletes, where no `--limit` is given.
    public static let usualLimit = 10_000
    /// The most that `--limit` takes.
    public static let highestLimit = 100_000

    /// - Parameters:
    ///   - plan: of exactly these maps and options.
    ///   - entries: what is to be deleted; a part of it is enough.
    ///   - resets: connections that are to be reset, as their senders see them.
    /// - Returns: `nil`: the plan is refused, or deletes and resets nothing of these.
    public init?(
        of plan: PlanIndex, maps: Set<UInt32>, options: Set<RepairOption>, entries: some Sequence<EntryReference>,
        resets: some Sequence<FourTuple> = [], root: String? = nil
    ) {
        guard !plan.isRefused, !maps.isEmpty else { return nil }
        self.maps = maps
        self.options = options
        self.entries = plan.deletions.intersection(entries)
        self.resets = plan.resets.intersection(resets)
        self.root = root
        guard !self.entries.isEmpty || !self.resets.isEmpty else { return nil }
        if plan.deletions.count > Self.usualLimit { limit = min(plan.deletions.count, Self.highestLimit) }
    }

    /// What is run: a dry run, or with `--apply`, which is the last word.
    public func arguments(applies: Bool) -> [String] {
        var words = ["unstuck", "repair"]
        if let root { words += ["--root", root] }
        for map in maps.sorted() { words += ["--map", "\(map)"] }
        words += options.sorted().map(\.rawValue)
        if let limit { words += ["--limit", "\(limit)"] }
        return applies ? words + ["--apply"] : words
    }

    /// One run for both.
    public mutating func formUnion(_ other: PlannedRepair) {
        maps.formUnion(other.maps)
        options.formUnion(other.options)
        entries.formUnion(other.entries)
        resets.formUnion(other.resets)
        let limits = [limit, other.limit].compactMap { $0 }
        limit = limits.isEmpty ? nil : min(limits.reduce(0, +), Self.highestLimit)
    }
}

/// What a plan deletes and resets, to look up.
public struct PlanIndex: Sendable {
    public let deletions: Set<EntryReference>
    public let resets: Set<FourTuple>
    /// It must not be applied as it is.
    public let isRefused: Bool

    public init(_ plan: Plan) {
        deletions = Set(plan.deletions.map(\.entry))
        resets = Set(plan.resets.map(\.connection))
        isRefused = !plan.refusals.isEmpty
    }
}
