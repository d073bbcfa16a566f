import Testing
import UnstuckDiagnosis
import UnstuckModel

@Suite("The forecast")
struct ForecastTests {
    private static let server = "203.0.113.7:8080"

    /// Zombies of a server, seen in two looks; the client's namespace has a range of a hundred ports.
    private static func looks(ports: [Int], at seconds: [Double] = [100, 103]) -> [Snapshot] {
        seconds.map { time in
            var node = NodeFixture(at: time)
            for port in ports { node.zombie(server, "192.0.2.10:\(port)") }
            var namespace = NetworkNamespace(inode: 9, name: "client", process: nil, wasRead: true)
            namespace.localPorts = LocalPorts(low: 40000, high: 40099)
            namespace.addresses =
                NodeFixture.endpoint("192.0.2.10:1").address.isV4
                ? [NodeFixture.endpoint("192.0.2.10:1").address] : []
            node.snapshot.namespaces = [namespace]
            return node.snapshot
        }
    }

    /// What was only walked is counted, its stale entries' ports are poisoned, and what that way cannot know is said.
    @Test func aWalkedMapIsNotEmpty() throws {
        let forecast = makeForecast([UnseenTests.look(at: 100), UnseenTests.look(at: 103)])
        let filling = try #require(forecast.fillings.first)
        #expect(filling.entries == 5)
        #expect(filling.dead == 1)
        #expect(filling.unknown == 0)
        #expect(filling.secondsUntilFull == nil)
        let route = try #require(forecast.routes.first)
        #expect("\(route.client) \(route.server)" == "192.0.2.10 203.0.113.10:8080")
        #expect(route.poisonedPorts == [50504])
        #expect(route.probability > 0)
        #expect(makeForecast([UnseenTests.look(at: 100, hasDead: false), UnseenTests.look(at: 103)]).routes.isEmpty)
        let blind = makeForecast([UnseenTests.look(at: 100, isComplete: false)])
        #expect(blind.fillings.first?.unknown == 1)
        #expect(blind.fillings.first?.dead == 0)
        #expect(blind.routes.isEmpty)
        #expect(forecast.unknown.contains { $0.contains("was read key by key") })
    }

    /// Ten dead keys, five of them of the parity that connect(2) gives out: five of fifty.
    @Test func countsWhatConnectWouldChoose() throws {
        let forecast = makeForecast(Self.looks(ports: Array(40000..<40010)))
        let route = try #require(forecast.routes.first)
        #expect(forecast.routes.count == 1)
        #expect(route.server.description == Self.server)
        #expect(route.client.description == "192.0.2.10")
        #expect(route.poisonedPorts.count == 10)
        #expect(route.poisonedChoices == 5)
        #expect(route.choices == 50)
        #expect(route.probability == 0.1)
        #expect(!route.isRangeAssumed)
        #expect(route.clientNamespaces == [9])
    }

    /// Two namespaces have the client's address: what holds in both is said, and that it was not reported which is meant; a
    /// connection to the server tells.
    @Test func twoNamespacesWithTheClientsAddress() throws {
        var looks = Self.looks(ports: Array(40000..<40010))
        for index in looks.indices {
            var other = NetworkNamespace(inode: 10, name: "other", process: nil, wasRead: true)
            other.localPorts = LocalPorts(low: 40000, high: 40999)
            other.addresses = looks[index].namespaces[0].addresses
            looks[index].namespaces.insert(other, at: 0)
        }
        let open = makeForecast(looks)
        let route = try #require(open.routes.first)
        #expect(route.clientNamespaces == [9, 10])
        #expect(route.probability == 0.01)
        #expect(open.unknown.contains { $0.contains("192.0.2.10 is an address in 2 network namespaces (9, 10)") })

        for index in looks.indices {
            var node = NodeFixture(at: looks[index].monotonic)
            node.snapshot = looks[index]
            node.list(node.socket("192.0.2.10:51000", Self.server, netns: 9))
            looks[index] = node.snapshot
        }
        let told = makeForecast(looks)
        #expect(told.routes.first?.clientNamespaces == [9])
        #expect(told.routes.first?.probability == 0.1)
        #expect(!told.unknown.contains { $0.contains("is an address in") })
    }

    /// Ports outside of the range are poisoned too; no client of the kernel's choice gets them.
    @Test func portsOutsideOfTheRangeHurtNobody() throws {
        let route = try #require(makeForecast(Self.looks(ports: [50504])).routes.first)
        #expect(route.probability == 0)
        #expect(route.poisonedPorts == [50504])
    }

    @Test func withoutARangeTheKernelsDefaultIsAssumed() throws {
        var looks = Self.looks(ports: [40000])
        for index in looks.indices { looks[index].namespaces = [] }
        let route = try #require(makeForecast(looks).routes.first)
        #expect(route.isRangeAssumed)
        #expect(route.choices == 14116)
    }

    /// Both ends may leave a stale entry: it is the same port of the same client.
    @Test func aClientsOwnDeadEntryCountsOnce() throws {
        var looks = Self.looks(ports: [40000])
        var node = NodeFixture(at: 103)
        node.snapshot = looks[1]
        node.zombie("192.0.2.10:40000", Self.server)
        looks[0].sockmaps[0].entries.append(node.snapshot.sockmaps[0].entries[1])
        looks[1] = node.snapshot
        let forecast = makeForecast(looks)
        #expect(forecast.routes.map(\.poisonedPorts) == [[40000]])
    }

    @Test func tellsWhenTheMapIsFull() throws {
        var looks = Self.looks(ports: Array(40000..<40031))
        looks[0].sockmaps[0].entries.removeLast(30)
        for index in looks.indices { looks[index].sockmaps[0].maxEntries = 131 }
        let filling = try #require(makeForecast(looks).fillings.first)
        #expect(filling.deadPerSecond == 10)
        #expect(filling.secondsUntilFull == 10)
        #expect(makeForecast([looks[1]]).fillings.first?.deadPerSecond == nil)
        let steady = makeForecast(Self.looks(ports: [40000]))
        #expect(steady.fillings.first?.secondsUntilFull == nil)
    }

    /// What looked dead in one of two looks only was a socket that closed.
    @Test func whatWasDeadForAMomentIsNoPoison() {
        var looks = Self.looks(ports: [40000])
        looks[0].sockmaps[0].entries = []
        #expect(makeForecast(looks).routes.isEmpty)
        #expect(makeForecast([looks[1]]).routes.count == 1, "one look cannot tell, and warns")
    }

    @Test func warnsOfWhatASuccessorInherits() {
        let forecast = makeForecast(Self.looks(ports: [40000, 40002]))
        #expect(
            forecast.warnings.contains {
                $0.hasPrefix("no socket on this node uses 203.0.113.7 now: a pod that gets it inherits 2 stale entries")
            }, "\(forecast.warnings)")
    }

    @Test func aHealthyNodeHasNothingToFear() {
        var node = NodeFixture()
        node.healthy("192.0.2.10:50504", Self.server)
        let forecast = makeForecast([node.snapshot])
        #expect(forecast.routes.isEmpty && forecast.unknown.isEmpty && forecast.warnings.isEmpty)
    }

    @Test(arguments: [
        (32768, 60999, "", 14116), (33000, 37095, "", 2048), (40000, 40000, "", 1), (40001, 40003, "", 1),
        (40000, 40099, "40000-40009,40050", 44),
    ])
    func portsThatConnectChoosesFrom(_ low: UInt16, _ high: UInt16, _ reserved: String, _ count: Int) throws {
        let ports = try #require(LocalPorts(range: "\(low)\t\(high)\n", reserved: reserved))
        #expect(ports.preferredCount == count)
    }

    @Test(arguments: ["", "60999 32768", "1", "a b"]) func whatIsNoRangeIsNone(_ text: String) {
        #expect(LocalPorts(range: text, reserved: "") == nil)
    }
}
