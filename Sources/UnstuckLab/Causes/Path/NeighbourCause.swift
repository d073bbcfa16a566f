import UnstuckModel

extension Cause {
    /// A permanent neighbour entry of the client's gateway that is not the gateway's.
    static let wrongNeighbour = Cause(
        "path.neighbour", .path,
        [
            CauseCase("wrong", "a permanent entry with a hardware address that nobody has", shape: .routed) {
                fixture, family in
                let pair = try start(fixture, family, hardwareAddress: "02:00:00:00:00:99")
                try mustRetransmit(fixture, pair)
                try fixture.must("nothing reaches the server") { fixture.server(pair)?.receiveQueue == 0 }
                return [fixture.connection(pair)]
            },
            CauseCase("right", "a permanent entry with the gateway's own", isControl: true, shape: .routed) {
                fixture, family in
                let pair = try start(fixture, family, hardwareAddress: CausePath.routerHardwareAddress)
                try fixture.mustMove(pair)
                return [fixture.connection(pair)]
            },
        ])

    private static func start(
        _ fixture: CauseFixture, _ family: AddressFamily, hardwareAddress: String
    ) throws -> CauseFixture.Pair {
        let message = CauseFixture.message
        let pair = try fixture.pair(
            family, client: [.gate, .ask(bytes: message, pause: 100)], server: [.answer(bytes: message, delay: 0)])
        try fixture.path.client.ip(
            "neighbour replace \(CausePath.clientGateway(family)) lladdr \(hardwareAddress) dev eth0 nud permanent")
        try pair.client.open(0)
        return pair
    }
}
