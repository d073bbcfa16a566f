/// What the stale entries of a node's sockmaps will cost.
public struct Forecast: Sendable, Codable {
    /// Connections from one client address to one server endpoint.
    public struct Route: Sendable, Codable {
        public var map: UInt32
        public var mapName: String
        /// The server's pod, where one has that address now.
        public var pod: String?
        public var server: Endpoint
        public var client: IPAddress
        /// The client's ports that stale entries claim.
        public var poisonedPorts: [UInt16]
        /// How many of them connect(2) would give out, and from how many it chooses.
        public var poisonedChoices: Int
        public var choices: Int
        /// The client's port range was not read: the kernel's default is assumed.
        public var isRangeAssumed: Bool
        /// Entries whose dead socket belonged to another pod than the one that has the address now.
        public var inheritedEntries: Int
        /// The namespaces in which the client's address was seen in use.
        public var clientNamespaces: [UInt32]
        /// That the next new connection from the client hangs, 0 to 1; 0 where the accelerator replaces stale entries.
        public var probability: Double

        public init(
            map: UInt32, mapName: String, pod: String?, server: Endpoint, client: IPAddress, poisonedPorts: [UInt16],
            poisonedChoices: Int, choices: Int, isRangeAssumed: Bool, inheritedEntries: Int,
            clientNamespaces: [UInt32], probability: Double
        ) {
            self.map = map
            self.mapName = mapName
            self.pod = pod
            self.server = server
            self.client = client
            self.poisonedPorts = poisonedPorts
            self.poisonedChoices = poisonedChoices
            self.choices = choices
            self.isRangeAssumed = isRangeAssumed
            self.inheritedEntries = inheritedEntries
            self.clientNamespaces = clientNamespaces
            self.probability = probability
        }
    }

    /// How full a map is, and becomes.
    public struct Filling: Sendable, Codable {
        public var map: UInt32
        public var mapName: String
        public var entries: Int
        public var dead: Int
        /// Of a map whose keys were walked: entries of which it is not known whether they are dead. `nil`: the sockets
        /// were seen.
        public var unknown: Int?
        public var maxEntries: Int
        /// Stale entries a second between the first look and the last; `nil`: there was one look only.
        public var deadPerSecond: Double?
        /// At that rate; `nil`: it does not fill.
        public var secondsUntilFull: Double?

        public init(
            map: UInt32, mapName: String, entries: Int, dead: Int, unknown: Int? = nil, maxEntries: Int,
            deadPerSecond: Double?, secondsUntilFull: Double?
        ) {
            self.map = map
            self.mapName = mapName
            self.entries = entries
            self.dead = dead
            self.unknown = unknown
            self.maxEntries = maxEntries
            self.deadPerSecond = deadPerSecond
            self.secondsUntilFull = secondsUntilFull
        }

        private enum CodingKeys: String, CodingKey {
            case map, mapName, entries, unknown, maxEntries, secondsUntilFull
            case dead = "stale"
            case deadPerSecond = "stalePerSecond"
        }
    }

    /// The most dangerous first.
    public var routes: [Route]
    public var fillings: [Filling]
    public var warnings: [String]
    /// What is unknown, and what is missing to tell it.
    public var unknown: [String]

    public init(routes: [Route], fillings: [Filling], warnings: [String], unknown: [String]) {
        self.routes = routes
        self.fillings = fillings
        self.warnings = warnings
        self.unknown = unknown
    }
}
