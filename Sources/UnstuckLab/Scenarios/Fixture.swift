import CLinuxUAPI
import Glibc
import UnstuckKernel
import UnstuckModel

/// Where one fault is run, by one process with both ends in its hands: a network namespace of its own with nothing
/// but a loopback, a control group of its own, and an accelerator with a map of its own. Everything ends with the
/// process; the empty control group that a killed one leaves behind goes with the next fixture.
final class Fixture {
    struct Options {
        /// Entries that the sockmap has room for, beside the background connections'.
        var room = 60
        /// Connections that may wait for accept.
        var backlog: Int32 = 64
        /// The msg program returns what the redirect helper says: a miss becomes EACCES.
        var refusesMisses = false
    }

    enum PacketFilter: UInt64 {
        case open = 0
        /// No SYN-ACK leaves.
        case stopsAnswers = 1
        /// Nothing leaves.
        case stopsAll = 2
    }

    /// Where the fault's server listens, a second one for connections that are made anew, and one beside the
    /// accelerator.
    static let port: UInt16 = 8080
    static let otherPort: UInt16 = 8081
    static let plainPort: UInt16 = 8082

    let accelerator: FixtureAccelerator
    private let backlog: Int32
    let mapID: UInt32
    /// The server of ``port``; `nil` while nobody listens there.
    private(set) var listener: ScenarioSocket?
    private let other: ScenarioSocket
    private let plain: ScenarioSocket
    private var second: SecondNetwork?
    private let group: FixtureCgroup
    private let object: BPFObject
    private let packetFilter: BPFObject
    private let links: Links
    private var lastPort = Fixture.firstPort
    /// Sockets and processes that stay to the end.
    private var kept: [AnyObject] = []
    /// Live accelerated connections that nothing may happen to.
    private var background: [Pair] = []
    /// Their connections, as their clients see them.
    private(set) var backgroundTuples: [FourTuple] = []
    /// The connections of sockets that keys may name by cookie.
    private var tuplesByCookie: [UInt64: FourTuple] = [:]
    private var reused: [FourTuple: Pair] = [:]

    struct Pair {
        var client: ScenarioSocket
        var server: ScenarioSocket
    }

    private final class Links {
        let accelerator: BPFLink
        let packetFilter: BPFLink
        init(_ accelerator: consuming BPFLink, _ packetFilter: consuming BPFLink) {
            self.accelerator = accelerator
            self.packetFilter = packetFilter
        }
    }

    /// Moves the calling process onto a new fixture. It must not have a second thread yet.
    init(_ options: Options, accelerator: FixtureAccelerator = .cilium) throws {
        self.accelerator = accelerator
        backlog = options.backlog
        try Requirements.checkCapabilities()
        group = try FixtureCgroup()
        try syscall("unshare", on: "the network") { linux_new_network() }
        try syscall("ioctl", on: "lo") { linux_raise_loopback() }

        object = try BPFObject(embedded: accelerator.object, name: "fixture_accel")
        let map = try object.map(accelerator.mapName)
        let filed = accelerator.background * accelerator.families.count * (accelerator.filesServers ? 2 : 1)
        map.setMaxEntries(options.room + filed)
        if options.refusesMisses { try object.setReadOnlyWord(named: "refuses_misses", 1) }
        for (name, value) in accelerator.words { try object.setReadOnlyWord(named: name, value) }
        try object.load()
        try object.program("redirect_message").attach(.messageVerdict, to: map)
        packetFilter = try BPFObject(embedded: packetFilterObject, name: "packet_filter")
        try packetFilter.load()
        links = Links(
            try object.program("file_socket").attach(toGroup: try group.open(.inside)),
            try packetFilter.program("packet_filter").attach(toGroup: try group.open(.all)))
        mapID = try map.id()

        try group.join(.beside)
        plain = try Self.listener(Self.plainPort, accelerator)
        try group.join(.inside)
        other = try Self.listener(Self.otherPort, accelerator)
        try listen()
        for family in accelerator.families {
            for number in 0..<accelerator.background {
                var tuple = freshTuple(family, to: Self.otherPort)
                if family == .v4 { tuple.local.address = IPAddress(v4: 0x7F00_0001 + UInt32(number)) }
                background.append(try pair(tuple))
                backgroundTuples.append(tuple)
            }
        }
    }

    // MARK: Connections

    func listen() throws { listener = try Self.listener(Self.port, accelerator, backlog: backlog) }

    /// Of both families, or of IPv4 alone: an accelerator for that asks for the socket's family, and leaves a dual-stack
    /// server's sockets outside.
    private static func listener(_ port: UInt16, _ accelerator: FixtureAccelerator, backlog: Int32 = 64) throws
        -> ScenarioSocket
    {
        ScenarioSocket(try TCP.listener(port: port, backlog: backlog, isV4Only: accelerator.families == [.v4]))
    }

    func closeListener() { listener = nil }

    /// The listener, out of the fixture's hands.
    func takeListener() throws -> ScenarioSocket {
        guard let taken = listener else { throw LabError(.failed, "nobody listens") }
        listener = nil
        return taken
    }

    /// A source port that no connection of this fixture had before; after 45,000 of them they come round again.
    func freshPort() -> UInt16 {
        lastPort = lastPort == UInt16.max ? Self.firstPort : lastPort + 1
        return lastPort
    }
    private static let firstPort: UInt16 = 20_000

    /// A client's tuple with a fresh source port.
    func freshTuple(_ family: AddressFamily, to port: UInt16 = Fixture.port) -> FourTuple {
        let loopback = Self.loopback(family)
        return FourTuple(local: Endpoint(loopback, freshPort()), remote: Endpoint(loopback, port))
    }

    static func loopback(_ family: AddressFamily) -> IPAddress {
        family == .v4 ? IPAddress(v4: 0x7F00_0001) : IPAddress(high: 0, low: 1)
    }

    /// A connected client; nobody has accepted it yet.
    func connect(_ tuple: FourTuple, isAccelerated: Bool = true) throws -> ScenarioSocket {
        if !isAccelerated { try group.join(.beside) }
        defer { if !isAccelerated { try? group.join(.inside) } }
        let client = ScenarioSocket(try TCP.connected(from: tuple.local, to: tuple.remote))
        tuplesByCookie[client.cookie] = tuple
        return client
    }

    /// The next living connection in a listener's queue. Dead ones before it are accepted too, and kept open as by a
    /// server that has not looked at them yet.
    func accept(from port: UInt16 = Fixture.port, within limit: Duration = .patience) throws -> ScenarioSocket? {
        guard let server = [Self.otherPort: other, Self.plainPort: plain][port] ?? listener else { return nil }
        let deadline = Deadline(after: limit)
        while server.waits(for: POLLIN, within: .milliseconds(Int(deadline.remainingMilliseconds))) {
            let raw = server.raw
            let accepted = ScenarioSocket(
                TCP(owning: try syscall("accept", on: "port \(port)") { linux_accept(raw) }))
            if accepted.state != .close { return accepted }
            keep(accepted)
        }
        return nil
    }

    func pair(_ tuple: FourTuple, isAccelerated: Bool = true) throws -> Pair {
        let client = try connect(tuple, isAccelerated: isAccelerated)
        guard let server = try accept(from: tuple.remote.port) else {
            throw LabError(.didNotHappen, "\(tuple) connected, and no server got it")
        }
        return Pair(client: client, server: server)
    }

    func pair(_ family: AddressFamily, to port: UInt16 = Fixture.port) throws -> Pair {
        try pair(freshTuple(family, to: port))
    }

    /// A command that ends with this process, however that ends.
    static func guarded(_ command: [String]) throws -> [String] {
        guard let own = linkTarget("/proc/self/exe") else { throw LabError(.missing, "/proc is not mounted") }
        return [own, "parent-death-guard", "\(getpid())", "--"] + command
    }

    /// Starts a program that ends with this process; its sockets are within or beyond the accelerator's reach.
    func start(_ command: [String], isAccelerated: Bool) throws -> Child {
        if !isAccelerated { try group.join(.beside) }
        defer { if !isAccelerated { try? group.join(.inside) } }
        return try Child(try Self.guarded(command))
    }

    func keep(_ thing: AnyObject) { kept.append(thing) }

    /// The same connection again, by a new client; what the last one left is closed.
    func reuse(_ tuple: FourTuple) throws -> Exchange {
        if let old = reused.removeValue(forKey: tuple) {
            try old.client.reset()
            old.server.close()
        }
        let pair = try pair(tuple)
        reused[tuple] = pair
        return try exchange(pair)
    }

    /// Runs something in a second network namespace, with a server of its own there.
    func inSecondNetwork<Result>(_ body: () throws -> Result) throws -> Result {
        let first = try OwnedDescriptor(path: "/proc/thread-self/ns/net")
        let here = first.raw
        defer { _ = linux_setns_net(here) }
        if let second {
            let there = second.namespace.raw
            try syscall("setns", on: "the second network") { linux_setns_net(there) }
        } else {
            second = try SecondNetwork(accelerator)
        }
        let server = listener
        listener = second?.listener
        defer { listener = server }
        return try body()
    }

    /// A network namespace that a sleeping process keeps visible.
    private final class SecondNetwork {
        let namespace: OwnedDescriptor
        let listener: ScenarioSocket
        private let keeper: Child

        /// The calling thread is in it afterwards.
        init(_ accelerator: FixtureAccelerator) throws {
            try syscall("unshare", on: "the network") { linux_new_network() }
            try syscall("ioctl", on: "lo") { linux_raise_loopback() }
            namespace = try OwnedDescriptor(path: "/proc/thread-self/ns/net")
            listener = try Fixture.listener(Fixture.port, accelerator)
            keeper = try Child(try Fixture.guarded(["/usr/bin/env", "sleep", "infinity"]))
        }
    }

    // MARK: What happens to bytes

    /// One request and its answer, as the client sees it.
    enum Exchange: String, Codable {
        case answers
        /// The server never saw the request, or the client never saw the answer.
        case hangs
        /// Other bytes came than were sent.
        case garbles
        /// `send` failed with EACCES.
        case refused
    }

    func exchange(_ pair: Pair, within limit: Duration = .milliseconds(1500)) throws -> Exchange {
        let question = Array("question \(freshPort())\n".utf8)
        do {
            try pair.client.send(question)
            guard let heard = try pair.server.receive(within: limit) else { return .hangs }
            guard heard == question else { return .garbles }
            let answer = Array("answer to ".utf8) + question
            try pair.server.send(answer)
            guard let back = try pair.client.receive(within: limit) else { return .hangs }
            return back == answer ? .answers : .garbles
        } catch let error as SystemError where error.errno == EACCES {
            return .refused
        }
    }

    /// Whether the background connections still exchange bytes.
    func askBackground() throws -> Exchange {
        for pair in background {
            let result = try exchange(pair)
            if result != .answers { return result }
        }
        return .answers
    }

    // MARK: The kernel's side

    /// Whether keys of the map claim the tuple, by a plain walk over them.
    func isFiled(_ tuple: FourTuple) throws -> Bool {
        let layout = accelerator.layout
        let keys = try object.map(accelerator.mapName).keys(size: layout.size)
        guard layout.naming != .socket else {
            return keys.contains { layout.cookie(SockmapKey($0)).flatMap { tuplesByCookie[$0] } == tuple }
        }
        let claims = layout.claims(naming: tuple)
        return keys.contains { layout.decode($0).map(claims.contains) == true }
    }

    /// - Throws: `didNotHappen` if the sockmap has a key that claims the tuple and should not, or the other way round.
    func mustBeFiled(_ tuple: FourTuple, _ isWanted: Bool = true) throws {
        // The last packet of a handshake can come after both ends have connected: on a busy processor seconds later.
        let comes = try Deadline(after: isWanted ? .patience : .zero).wait { try isFiled(tuple) == isWanted }
        guard !comes else { return }
        throw LabError(.didNotHappen, "\(tuple) is \(isWanted ? "not " : "")in the sockmap")
    }

    func setPacketFilter(_ position: PacketFilter) throws { try packetFilter.map(".bss").setFirst(position.rawValue) }

    /// Runs one of the machine's programs on the fixture.
    @discardableResult
    func run(_ command: [String]) throws -> String { try Tool.run(command) }

    deinit { group.leave() }
}
