import UnstuckModel

/// An accelerator that a fixture can have: a real program's manner, in `bpf/lab`. docs/key-layouts.md tells of the originals.
public struct FixtureAccelerator: Sendable {
    /// The layout's name, or a variant of it.
    public let name: String
    public let layout: KeyLayout
    let object: StaticString
    let mapName: String
    /// Words that the program reads, set before loading.
    var words: [String: UInt32] = [:]
    /// Whether it files the sockets that servers accept, or its clients' only.
    public var filesServers = true
    /// A socket takes the place of what is under its key (BPF_ANY), instead of staying outside (BPF_NOEXIST): a stale entry
    /// hangs nobody, and is gone with the next connection of its tuple.
    public var replaces = false
    /// Live connections of each family beside the fault's, each from another address of loopback as far as the family has
    /// several.
    var background = 1

    /// The families of the connections that it files, if only their servers' ends.
    public var families: [AddressFamily] {
        layout.carriesV6 || layout.v6Placeholder != nil ? AddressFamily.allCases : [.v4]
    }

    public static let cilium = FixtureAccelerator(
        name: "cilium", layout: .cilium, object: ciliumAcceleratorObject, mapName: Accelerator.mapName)

    /// Of every layout that Unstuck declares.
    public static let declared = [
        cilium,
        FixtureAccelerator(
            name: "cilium-protocol", layout: .cilium, object: ciliumAcceleratorObject, mapName: Accelerator.mapName,
            words: ["protocol": 6]),
        FixtureAccelerator(
            name: "merbridge", layout: .merbridge, object: merbridgeAcceleratorObject, mapName: "sock_pair_map"),
        FixtureAccelerator(
            name: "istio-tcpip-bypass", layout: .istioBypass, object: istioBypassAcceleratorObject,
            mapName: "map_redir", replaces: true),
        FixtureAccelerator(name: "os-ebpf", layout: .osEBPF, object: osEbpfAcceleratorObject, mapName: "sock_ops_map"),
        FixtureAccelerator(name: "envoy", layout: .envoy, object: envoyAcceleratorObject, mapName: "envoy_sockhash"),
        FixtureAccelerator(
            name: "eunomia", layout: .eunomia, object: eunomiaAcceleratorObject, mapName: "sock_ops_map"),
        FixtureAccelerator(
            name: "kmesh", layout: .kmesh, object: kmeshAcceleratorObject, mapName: "sock_ops_map", replaces: true),
        FixtureAccelerator(
            name: "kmesh-netns", layout: .kmeshNamespace, object: kmeshNetnsAcceleratorObject,
            mapName: "sock_ops_map", replaces: true),
        FixtureAccelerator(
            name: "calico", layout: .calico, object: calicoAcceleratorObject, mapName: "calico_sock_map",
            words: ["envoy_port": UInt32(Fixture.port)], replaces: true),
        FixtureAccelerator(
            name: "dae", layout: .dae, object: daeAcceleratorObject, mapName: "fast_sock", replaces: true),
        FixtureAccelerator(
            name: "beyla", layout: .beyla, object: beylaAcceleratorObject, mapName: "sock_dir", filesServers: false,
            replaces: true),
        FixtureAccelerator(
            name: "beyla-cookie", layout: .beylaCookie, object: beylaCookieAcceleratorObject, mapName: "sock_dir",
            filesServers: false, replaces: true),
    ]

    /// Whose layout has to be inferred, which takes some sockets and more than one pair of addresses.
    public static let undeclared = FixtureAccelerator(
        name: "undeclared",
        layout: KeyLayout(
            name: "undeclared", size: 16,
            fields: [
                (0, .remotePort(.network16)), (2, .localPort(.host16)), (4, .oneOf(3, 3)), (8, .remoteAddress(.v4)),
                (12, .localAddress(.v4)),
            ]),
        object: undeclaredAcceleratorObject, mapName: "connections", background: 8)

    public static let all = declared + [undeclared]

    public static func named(_ name: String) throws -> FixtureAccelerator {
        guard let found = all.first(where: { $0.name == name }) else {
            throw LabError(.invalid, "no layout \"\(name)\"; there are \(all.map(\.name).joined(separator: ", "))")
        }
        return found
    }
}
