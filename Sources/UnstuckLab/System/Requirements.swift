import UnstuckKernel

/// What the machine must offer before anything is begun, so that what is missing is named.
enum Requirements {
    /// Capabilities by their bit (linux/capability.h), and what each is for.
    private static let capabilities: [(bit: UInt64, name: String, purpose: String)] = [
        (12, "CAP_NET_ADMIN", "links, addresses and the sockmap"),
        (21, "CAP_SYS_ADMIN", "network namespaces and mounts"),
        (5, "CAP_KILL", "ending the lab's processes"),
    ]

    /// - Throws: `missing`, naming every capability that this process lacks.
    static func checkCapabilities() throws(LabError) {
        let line = (readText("/proc/self/status") ?? "").split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        guard let digits = line?.split(separator: "\t").last, let mask = UInt64(digits, radix: 16) else {
            throw LabError(.missing, "cannot read this process's capabilities in /proc/self/status")
        }
        let absent = capabilities.filter { mask >> $0.bit & 1 == 0 }
        guard absent.isEmpty else {
            let list = absent.map { "\($0.name) (\($0.purpose))" }.joined(separator: ", ")
            throw LabError(.missing, "needs \(list): run as root")
        }
    }

    /// The path of iproute2's `ip`.
    static func iproute2() throws(LabError) -> String {
        guard let path = Tool.path(of: "ip") else {
            throw LabError(.missing, "iproute2's `ip` is not installed: apt-get install iproute2")
        }
        return path
    }
}
