import UnstuckModel

/// The lab's network as batches for iproute2: which namespace runs which lines.
///
/// Nothing is connected to the machine's own namespace. As on a Cilium node, every pod has a veth pair and a host route
/// of its own on the node; the node's own address stands on the link to the remote node.
struct Topology {
    var layout: LabLayout
    var pods: [LabPod]

    /// The node's link-local address on every device: the pods' IPv6 gateway.
    private static let gateway = "fe80::1"

    /// Creates the namespaces: runs in the machine's own.
    var namespaces: [String] {
        ([.node, .remote] + pods.map(\.id)).map { "netns add \(layout.namespace($0))" }
    }

    /// Creates the links from within the node, their far ends put into the other namespaces, and configures the node.
    var node: [String] {
        let node = AddressPlan.node
        let remote = AddressPlan.remote
        var lines = [
            "link set lo up",
            "link add eth0 type veth peer name eth0 netns \(layout.namespace(.remote))",
            "addr add \(node.v4)/32 dev eth0",
            "addr add \(node.v6)/128 dev eth0 nodad",
            "addr add \(Self.gateway)/64 dev eth0 nodad",
            "link set eth0 up",
            "route add \(remote.v4)/32 dev eth0 src \(node.v4)",
            "route add \(remote.v6)/128 dev eth0 src \(node.v6)",
        ]
        for pod in pods {
            let device = AddressPlan.nodeDevice(pod.index)
            let addresses = AddressPlan.pod(pod.index)
            lines += [
                "link add \(device) type veth peer name eth0 netns \(layout.namespace(pod.id))",
                "addr add \(Self.gateway)/64 dev \(device) nodad",
                "link set \(device) up",
                "route add \(addresses.v4)/32 dev \(device) src \(node.v4)",
                "route add \(addresses.v6)/128 dev \(device) src \(node.v6)",
            ]
        }
        return lines
    }

    /// The remote node, or a pod: one link, everything else through the node.
    func leaf(_ addresses: HostAddresses) -> [String] {
        [
            "link set lo up",
            "addr add \(addresses.v4)/32 dev eth0",
            "addr add \(addresses.v6)/128 dev eth0 nodad",
            "link set eth0 up",
            "route add \(AddressPlan.node.v4)/32 dev eth0 scope link src \(addresses.v4)",
            "route add default via \(AddressPlan.node.v4) dev eth0 src \(addresses.v4)",
            "route add default via \(Self.gateway) dev eth0 src \(addresses.v6)",
        ]
    }

    /// Sysctls (below /proc/sys/net) of a namespace, set before it has links. No address may wait for duplicate
    /// address detection: there is nobody to have the same one.
    static func sysctls(_ host: HostID) -> [(path: String, value: String)] {
        let quiet = [
            ("ipv6/conf/all/accept_dad", "0"), ("ipv6/conf/default/accept_dad", "0"),
            // The faults are about ports that are used again: nobody shall wait a minute for TIME_WAIT first.
            ("ipv4/tcp_tw_reuse", "1"),
            // Nor shall the kernel give a fault's port to someone who did not ask for it.
            ("ipv4/ip_local_reserved_ports", "40000-40099,50500-50699"),
        ]
        let forwarding = [("ipv4/ip_forward", "1"), ("ipv6/conf/all/forwarding", "1")]
        return host == .node ? quiet + forwarding : quiet
    }
}
