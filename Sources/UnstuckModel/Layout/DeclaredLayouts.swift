/// The layouts that are known by name, one declaration each, from their programs' sources: docs/key-layouts.md tells
/// commits, and what else these programs do.
extension KeyLayout {
    /// Cilium up to 1.13, `cilium_sock_ops`: stored swapped (the key's "source" is the socket's peer). Byte 33 is padding,
    /// or the protocol (6) where services are distinguished by it. Only IPv4 was ever written.
    ///
    /// Source: cilium/cilium `bpf/sockops/bpf_sockops.{h,c}`, `pkg/maps/sockmap/sockmap.go`.
    public static let cilium = KeyLayout(
        name: "cilium", size: 44,
        fields: [
            (0, .remoteAddress(.padded16)), (16, .localAddress(.padded16)), (32, .family(width: 1, v4: 1, v6: 2)),
            (33, .oneOf(0, 6)), (36, .remotePort(.networkIn32)), (40, .localPort(.networkIn32)),
        ])

    /// Merbridge, `sock_pair_map`.
    ///
    /// Source: merbridge/merbridge `bpf/headers/helpers.h` (`struct pair`), `bpf/mb_sockops.c`.
    public static let merbridge = KeyLayout(
        name: "merbridge", size: 36,
        fields: [
            (0, .localAddress(.mapped16)), (16, .remoteAddress(.mapped16)), (32, .localPort(.network16)),
            (34, .remotePort(.network16)),
        ])

    /// istio-tcpip-bypass, `map_redir`. Made for IPv4, it files the servers of IPv6 connections as well, under the IPv4
    /// addresses that the kernel gives such sockets (`LOOPBACK4_IPV6`, include/net/ipv6.h).
    ///
    /// Source: intel/istio-tcpip-bypass `bpf/bpf_sockops.h` (`struct socket_4_tuple`).
    public static let istioBypass = KeyLayout(
        name: "istio-tcpip-bypass", size: 16,
        fields: [
            (0, .localAddress(.v4)), (4, .localPort(.hostIn32)), (8, .remoteAddress(.v4)), (12, .remotePort(.hostIn32)),
        ], v6Placeholder: IPAddress(v4: 0x7F00_0006), conflict: .replaces)

    /// os-eBPF and socket-acceleration-with-ebpf, `sock_ops_map`.
    ///
    /// Source: cyralinc/os-eBPF `sockredir/bpf_sockops.h`, `bpf_sockops_v4.c`; ArthurChiao/socket-acceleration-with-ebpf `bpf/`.
    public static let osEBPF = KeyLayout(
        name: "os-ebpf", size: 24,
        fields: [
            (0, .localAddress(.v4)), (4, .remoteAddress(.v4)), (8, .oneOf(1, 1)), (16, .localPort(.networkIn32)),
            (20, .remotePort(.networkIn32)),
        ])

    /// Envoy's sockmap socket interface, `envoy_sockhash`.
    ///
    /// Source: envoyproxy/envoy `source/extensions/network/socket_interface/sockmap/bpf/sockmap_kern.c`.
    public static let envoy = KeyLayout(
        name: "envoy", size: 20,
        fields: [
            (0, .localAddress(.v4)), (4, .remoteAddress(.v4)), (8, .oneOf(1, 1)), (12, .localPort(.networkIn32)),
            (16, .remotePort(.networkIn32)),
        ])

    /// eunomia's tutorial, `sock_ops_map`: ports in the last two bytes of four, and the family of the socket, not of the
    /// connection (10 for IPv4 through a dual-stack socket).
    ///
    /// Source: eunomia-bpf/bpf-developer-tutorial `src/29-sockops/bpf_sockmap.h`, `bpf_contrack.bpf.c`.
    public static let eunomia = KeyLayout(
        name: "eunomia", size: 20,
        fields: [
            (0, .localAddress(.v4)), (4, .remoteAddress(.v4)), (8, .localPort(.networkLastIn32)),
            (12, .remotePort(.networkLastIn32)), (16, .oneOf(2, 10)),
        ])

    /// Kmesh's oncn-mda without namespace cookies, `sock_ops_map`.
    ///
    /// Source: kmesh-net/kmesh `oncn-mda/include/data.h` (`struct sock_key`), `oncn-mda/ebpf_src/sock_ops.c`.
    public static let kmesh = KeyLayout(
        name: "kmesh", size: 16,
        fields: [
            (0, .localAddress(.v4)), (4, .remoteAddress(.v4)), (8, .localPort(.networkIn32)),
            (12, .remotePort(.networkIn32)),
        ], conflict: .replaces)

    /// The same built with `MDA_LOOPBACK_ADDR`: the namespace's cookie behind the tuple, 0 unless both addresses are
    /// 127.0.0.1.
    public static let kmeshNamespace = KeyLayout(
        name: "kmesh-netns", size: 24,
        fields: [
            (0, .localAddress(.v4)), (4, .remoteAddress(.v4)), (8, .localPort(.networkIn32)),
            (12, .remotePort(.networkIn32)), (16, .opaque(width: 8)),
        ], conflict: .replaces)

    /// Calico's sidecar acceleration, `calico_sock_map`: the application's end, which is the socket's own (0), or its
    /// peer's where the socket is Envoy's (1).
    ///
    /// Source: projectcalico/calico `felix/bpf-apache/sockops.{h,c}`.
    public static let calico = KeyLayout(
        name: "calico", size: 12,
        fields: [(0, .sideAddress(.v4)), (4, .sidePort(.networkIn32)), (8, .side(width: 4, local: 0, remote: 1))],
        conflict: .replaces)

    /// dae, `fast_sock`, whose values have eight bytes.
    ///
    /// Source: daeuniverse/dae `control/kern/tproxy.c` (`struct tuples_key`), as of 2024.
    public static let dae = KeyLayout(
        name: "dae", size: 40,
        fields: [
            (0, .localAddress(.mapped16)), (16, .remoteAddress(.mapped16)), (32, .localPort(.network16)),
            (34, .remotePort(.network16)), (36, .oneOf(6, 6)),
        ], conflict: .replaces)

    /// Beyla and OBI until 2025, `sock_dir`, by tuple.
    ///
    /// Source: open-telemetry/opentelemetry-ebpf-instrumentation `bpf/common/connection_info.h`, `bpf/tpinjector/tpinjector.c`.
    public static let beyla = KeyLayout(
        name: "beyla", size: 36,
        fields: [
            (0, .localAddress(.mapped16)), (16, .remoteAddress(.mapped16)), (32, .localPort(.host16)),
            (34, .remotePort(.host16)),
        ], conflict: .neverRedirects)

    /// Beyla and OBI since, `sock_dir`, by cookie.
    ///
    /// Source: open-telemetry/opentelemetry-ebpf-instrumentation `bpf/maps/sock_dir.h`, `bpf/tpinjector/tpinjector.c`.
    public static let beylaCookie = KeyLayout(
        name: "beyla-cookie", size: 8, fields: [(0, .socketCookie)], conflict: .neverRedirects)

    /// Every layout that is declared.
    public static let declared: [KeyLayout] = [
        .cilium, .merbridge, .istioBypass, .osEBPF, .envoy, .eunomia, .kmesh, .kmeshNamespace, .calico, .dae, .beyla,
        .beylaCookie,
    ]

    /// The declared layout of that name.
    public static func named(_ name: String) -> KeyLayout? { declared.first { $0.name == name } }
}
