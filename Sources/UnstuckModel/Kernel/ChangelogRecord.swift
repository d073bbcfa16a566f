/// A changelog, as it is about one kernel.
public struct ChangelogRecord: Sendable {
    /// An item that names a bug, with the version it is listed under.
    public struct Item: Sendable {
        public var version: String
        public var upstream: String?
        public var cve: String?
        public var isRevert: Bool

        public init(version: String, upstream: String?, cve: String?, isRevert: Bool) {
            self.version = version
            self.upstream = upstream
            self.cve = cve
            self.isRevert = isRevert
        }

        /// In a sentence: `6.1.187-1 (with 6.1.183)`.
        public var place: String { version + (upstream.map { " (with \($0))" } ?? "") }
    }

    /// The kernel's own version is in it: what stands there, and below, is in the kernel.
    public var coversKernel: Bool
    /// By the bug, newest first: what is in the kernel (in any version, where its own is not listed).
    public var items: [String: [Item]]
    /// What came with a newer version.
    public var newerItems: [String: [Item]]

    public init(coversKernel: Bool, items: [String: [Item]], newerItems: [String: [Item]]) {
        self.coversKernel = coversKernel
        self.items = items
        self.newerItems = newerItems
    }
}
