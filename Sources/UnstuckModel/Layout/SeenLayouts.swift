/// Layouts that are known from their programs' sources, and that no live map has been tried with: they serve to read dumps,
/// so that their keys are not taken for another accelerator's. A node's own maps are read by ``declared`` ones.
extension KeyLayout {
    /// LoxiLB, `sock_proxy_map`: the remote end first, otherwise as ``kmesh``. Nothing in a key distinguishes the two.
    ///
    /// Source: loxilb-io/loxilb-ebpf `kernel/llb_kern_sockmap.c`.
    public static let loxilb = KeyLayout(
        name: "loxilb", size: 16,
        fields: [
            (0, .remoteAddress(.v4)), (4, .localAddress(.v4)), (8, .remotePort(.networkIn32)),
            (12, .localPort(.networkIn32)),
        ])

    /// Inspektor Gadget's test gadget, `gadget_http_sockets`: as ``kmesh`` with ports in host order.
    ///
    /// Source: inspektor-gadget/inspektor-gadget `gadgets/ci/sk_msg_sk_skb/program.bpf.c`.
    public static let inspektorCI = KeyLayout(
        name: "inspektor-ci", size: 16,
        fields: [
            (0, .localAddress(.v4)), (4, .remoteAddress(.v4)), (8, .localPort(.hostIn32)), (12, .remotePort(.hostIn32)),
        ], conflict: .neverRedirects)

    public static let seen: [KeyLayout] = [.loxilb, .inspektorCI]

    /// Every layout by which a dump's keys can be read.
    public static var known: [KeyLayout] { declared + seen }

    /// The known layout of that name.
    public static func known(_ name: String) -> KeyLayout? { known.first { $0.name == name } }

    /// The same with each port's two bytes the other way round, which programs that forget `bpf_htonl` write; `nil` for
    /// layouts without ports.
    var byteSwapped: KeyLayout? {
        var hasPorts = false
        let swapped = fields.map { part -> (offset: Int, field: Field) in
            switch part.field {
            case .localPort(let encoding):
                hasPorts = true
                return (part.offset, .localPort(encoding.byteSwapped))
            case .remotePort(let encoding):
                hasPorts = true
                return (part.offset, .remotePort(encoding.byteSwapped))
            case .sidePort(let encoding):
                hasPorts = true
                return (part.offset, .sidePort(encoding.byteSwapped))
            default: return part
            }
        }
        return hasPorts
            ? KeyLayout(
                name: "\(name) with byte-swapped ports", size: size, fields: swapped, v6Placeholder: v6Placeholder,
                conflict: conflict) : nil
    }

    /// Names that the layout's program gives its map, as the kernel keeps them (15 characters). Several share some.
    var mapNames: [String] {
        switch name {
        case "cilium": ["cilium_sock_ops"]
        case "merbridge": ["sock_pair_map"]
        case "istio-tcpip-bypass": ["map_redir"]
        case "os-ebpf", "eunomia", "kmesh", "kmesh-netns": ["sock_ops_map"]
        case "envoy": ["envoy_sockhash"]
        case "calico": ["calico_sock_map"]
        case "dae": ["fast_sock"]
        case "beyla", "beyla-cookie": ["sock_dir"]
        case "loxilb": ["sock_proxy_map"]
        case "inspektor-ci": ["gadget_http_soc"]
        default: []
        }
    }
}

extension KeyLayout.PortEncoding {
    fileprivate var byteSwapped: Self {
        switch self {
        case .networkIn32: .hostIn32
        case .hostIn32, .networkLastIn32: .networkIn32
        case .network16: .host16
        case .host16: .network16
        }
    }
}
