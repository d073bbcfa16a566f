/// The layouts that are known by name, one declaration each.
extension KeyLayout {
    /// Cilium up to 1.13, `cilium_sock_ops`: 44 bytes, stored swapped (the key's "source" is the resident's peer).
    /// Byte 33 is padding in older versions and the protocol (6) in newer ones.
    ///
    /// Source: cilium v1.11.10 `pkg/maps/sockmap/sockmap.go`, `bpf/sockops/bpf_sockops.h`.
    public static let cilium = KeyLayout(
        name: "cilium", size: 44,
        fields: [
            (0, .remoteAddress(.padded16)), (16, .localAddress(.padded16)), (32, .family(width: 1, v4: 1, v6: 2)),
            (33, .oneOf(0, 6)), (36, .remotePort(.networkIn32)), (40, .localPort(.networkIn32)),
        ])

    /// Merbridge, `sock_pair_map`.
    public static let merbridge = KeyLayout(
        name: "merbridge", size: 36,
        fields: [
            (0, .localAddress(.mapped16)), (16, .remoteAddress(.mapped16)), (32, .localPort(.network16)),
            (34, .remotePort(.network16)),
        ])

    /// istio-tcpip-bypass, `map_redir`.
    public static let istioBypass = KeyLayout(
        name: "istio-tcpip-bypass", size: 16,
        fields: [
            (0, .localAddress(.v4)), (4, .localPort(.hostIn32)), (8, .remoteAddress(.v4)), (12, .remotePort(.hostIn32)),
        ])

    /// os-eBPF and socket-acceleration-with-ebpf, `sock_ops_map`.
    public static let osEBPF = KeyLayout(
        name: "os-ebpf", size: 24,
        fields: [
            (0, .localAddress(.v4)), (4, .remoteAddress(.v4)), (8, .oneOf(1, 1)), (16, .localPort(.networkIn32)),
            (20, .remotePort(.networkIn32)),
        ])

    /// Envoy, `envoy_sockhash`.
    public static let envoy = KeyLayout(
        name: "envoy", size: 20,
        fields: [
            (0, .localAddress(.v4)), (4, .remoteAddress(.v4)), (8, .oneOf(1, 1)), (12, .localPort(.networkIn32)),
            (16, .remotePort(.networkIn32)),
        ])

    /// eunomia's tutorial: ports in the last two bytes of four.
    public static let eunomia = KeyLayout(
        name: "eunomia", size: 20,
        fields: [
            (0, .localAddress(.v4)), (4, .remoteAddress(.v4)), (8, .localPort(.networkLastIn32)),
            (12, .remotePort(.networkLastIn32)), (16, .family(width: 4, v4: 2, v6: 10)),
        ])

    /// Kmesh without namespace cookies, `sock_ops_map`.
    public static let kmesh = KeyLayout(
        name: "kmesh", size: 16,
        fields: [
            (0, .localAddress(.v4)), (4, .remoteAddress(.v4)), (8, .localPort(.networkIn32)),
            (12, .remotePort(.networkIn32)),
        ])

    /// Kmesh with the namespace's cookie behind the tuple.
    public static let kmeshNamespace = KeyLayout(
        name: "kmesh-netns", size: 24,
        fields: [
            (0, .localAddress(.v4)), (4, .remoteAddress(.v4)), (8, .localPort(.networkIn32)),
            (12, .remotePort(.networkIn32)), (16, .opaque(width: 8)),
        ])

    /// Calico's sidecar acceleration, `calico_sock_map`: one end, and whose side it is.
    public static let calico = KeyLayout(
        name: "calico", size: 12,
        fields: [(0, .remoteAddress(.v4)), (4, .remotePort(.networkIn32)), (8, .opaque(width: 4))])

    /// dae, `fast_sock`.
    public static let dae = KeyLayout(
        name: "dae", size: 40,
        fields: [
            (0, .localAddress(.mapped16)), (16, .remoteAddress(.mapped16)), (32, .localPort(.network16)),
            (34, .remotePort(.network16)), (36, .oneOf(6, 6)),
        ])

    /// Beyla and OBI, `sock_dir`, by tuple.
    public static let beyla = KeyLayout(
        name: "beyla", size: 36,
        fields: [
            (0, .localAddress(.mapped16)), (16, .remoteAddress(.mapped16)), (32, .localPort(.host16)),
            (34, .remotePort(.host16)),
        ])

    /// Beyla and OBI, `sock_dir`, by cookie.
    public static let beylaCookie = KeyLayout(name: "beyla-cookie", size: 8, fields: [(0, .socketCookie)])

    /// Every layout that is declared.
    public static let declared: [KeyLayout] = [
        .cilium, .merbridge, .istioBypass, .osEBPF, .envoy, .eunomia, .kmesh, .kmeshNamespace, .calico, .dae, .beyla,
        .beylaCookie,
    ]

    /// The declared layout of that name.
    public static func named(_ name: String) -> KeyLayout? { declared.first { $0.name == name } }
}
