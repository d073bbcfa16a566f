import Glibc
import UnstuckKernel
import UnstuckModel

/// Where a cause is made: one network for both ends, or two with a router between them, each with documentation addresses.
///
/// The router is a namespace of its own, as a node is between two pods, so that a rule, a neighbour entry or a
/// vanished end have the place that they have in life.
struct CausePath {
    enum Shape: Sendable {
        /// Both ends in one namespace, over its loopback.
        case loopback
        /// client eth0 - to-client ROUTER to-server - eth0 server
        case routed
    }

    let client: OwnNetwork
    /// `nil` without a router.
    let router: OwnNetwork?
    private(set) var server: OwnNetwork?
    let shape: Shape

    /// The router's own links' addresses: what an end must send frames to.
    static let routerHardwareAddress = "02:00:00:00:00:01"

    init(_ shape: Shape) throws {
        self.shape = shape
        client = try OwnNetwork()
        guard shape == .routed else {
            server = client
            router = nil
            try client.ip(
                "address add 192.0.2.10/32 dev lo", "address add 192.0.2.140/32 dev lo",
                "address add 2001:db8:a::10/128 dev lo nodad", "address add 2001:db8:b::140/128 dev lo nodad")
            return
        }
        let router = try OwnNetwork()
        let server = try OwnNetwork()
        self.router = router
        self.server = server
        try router.set("ipv4/ip_forward", "1")
        try router.set("ipv6/conf/all/forwarding", "1")
        for (link, end) in [("to-client", client), ("to-server", server)] {
            try router.ip(
                "link add \(link) address \(Self.routerHardwareAddress) type veth peer name eth0 netns \(end.path)",
                "address add \(Self.gateway(.v4, link))/25 dev \(link)",
                "address add \(Self.gateway(.v6, link))/64 dev \(link) nodad", "link set \(link) up")
        }
        for (end, link, v4, v6) in [
            (client, "to-client", "192.0.2.10/25", "2001:db8:a::10/64"),
            (server, "to-server", "192.0.2.140/25", "2001:db8:b::140/64"),
        ] {
            try end.ip(
                "address add \(v4) dev eth0", "address add \(v6) dev eth0 nodad", "link set eth0 up",
                "route add default via \(Self.gateway(.v4, link))",
                "route add default via \(Self.gateway(.v6, link))")
        }
        for family in AddressFamily.allCases { try waitUntilUp(family) }
    }

    /// A new link loses the first packets: it is up when the server's end refuses a connection to a port where nobody
    /// listens. A first SYN that is lost would make the timeouts of a cause's connection seconds longer.
    private func waitUntilUp(_ family: AddressFamily) throws {
        let server = Endpoint(Self.tuple(family).remote.address, 9)
        let isUp = try client.enter {
            Deadline(after: .patience).wait {
                do {
                    _ = try TCP.connected(from: nil, to: server, within: 50)
                    return false
                } catch {
                    return (error as? SystemError)?.errno == ECONNREFUSED
                }
            }
        }
        guard isUp else { throw LabError(.didNotHappen, "\(server) cannot be reached through the router") }
    }

    /// The router's address that the client sends through.
    static func clientGateway(_ family: AddressFamily) -> String { gateway(family, "to-client") }

    private static func gateway(_ family: AddressFamily, _ link: String) -> String {
        switch (family, link) {
        case (.v4, "to-client"): "192.0.2.1"
        case (.v4, _): "192.0.2.129"
        case (.v6, "to-client"): "2001:db8:a::1"
        case (.v6, _): "2001:db8:b::1"
        }
    }

    /// Lets go of the server's network: the kernel removes it when no process and no socket is in it any more.
    mutating func dropServer() { server = nil }

    /// The client's tuple; `number`, up to 4, distinguishes several clients. Its port is another one in each family, so that a
    /// rule can name one, and in each run, so that runs at the same time are not taken for each other.
    static func tuple(_ family: AddressFamily, client number: UInt16 = 0) -> FourTuple {
        let isV4 = family == .v4
        let local =
            isV4 ? IPAddress(v4: 0xC000_020A) : IPAddress(high: 0x2001_0DB8_000A_0000, low: 0x10)
        let remote =
            isV4 ? IPAddress(v4: 0xC000_028C) : IPAddress(high: 0x2001_0DB8_000B_0000, low: 0x140)
        return FourTuple(local: Endpoint(local, firstPort + (isV4 ? 0 : 5) + number), remote: Endpoint(remote, 8080))
    }

    private static let firstPort = UInt16(20_000 + Int(getpid()) % 4000 * 10)
}
