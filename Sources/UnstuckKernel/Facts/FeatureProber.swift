import CLibBPF
import Glibc
import UnstuckModel

/// Asks the kernel what its BPF has: program types, map types and helpers by libbpf's own probes, and attach types, for which
/// libbpf has none, by loading or attaching something of our own. What libbpf does not know is not asked.
public struct FeatureProber {
    private let root: NodeRoot
    /// Called before each program type whose helpers are probed, with how many are done and how many there are.
    private let progress: (Int, Int) -> Void

    public init(root: NodeRoot, progress: @escaping (Int, Int) -> Void) {
        self.root = root
        self.progress = progress
    }

    /// - Throws: `BPFError` where the kernel lets us load nothing at all: then no answer would be one.
    public func probe() throws -> FeatureSet {
        try requireRights()
        var name = utsname()
        let release = unsafe uname(&name) == 0 ? BPFTable.name(of: name.release) : nil
        var features = FeatureSet(
            kernel: release, prober: "libbpf \(libbpf_major_version()).\(libbpf_minor_version())")
        let programs = unsafe Self.named { unsafe libbpf_bpf_prog_type_str(bpf_prog_type($0)) }
        for (type, name) in programs {
            features.set(.init(.programType, name), Self.answer(toProgramType: bpf_prog_type(type)))
        }
        let maps = unsafe Self.named { unsafe libbpf_bpf_map_type_str(bpf_map_type($0)) }
        for (type, name) in maps {
            features.set(.init(.mapType, name), Self.answer { libbpf_probe_bpf_map_type(.init(type), nil) })
        }
        let usable = programs.filter { features[.init(.programType, $0.name)] == Support.Answer.supported.rawValue }
        for (index, program) in usable.enumerated() {
            progress(index, usable.count)
            probeHelpers(of: program, &features)
        }
        probeAttachTypes(&features)
        return features
    }

    private typealias Named = (type: UInt32, name: String)

    /// Types from 1 on, as far as libbpf has names for them; the type 0 is "unspec".
    private static func named(_ name: (UInt32) -> UnsafePointer<CChar>?) -> [Named] {
        var found: [Named] = []
        var type: UInt32 = 1
        while let text = unsafe name(type) {
            found.append((type, unsafe String(cString: text)))
            type += 1
        }
        return found
    }

    /// A probe's 1, 0 or negative errno.
    private static func answer(_ probe: () -> Int32) -> Support.Answer {
        switch probe() {
        case 1: .supported
        case 0: .unsupported
        default: .inconclusive
        }
    }

    /// libbpf tries the type "tracing" at a function's entry, which some kernels refuse that take it elsewhere.
    private static func answer(toProgramType type: bpf_prog_type) -> Support.Answer {
        let answer = answer { libbpf_probe_bpf_prog_type(type, nil) }
        guard type == BPF_PROG_TYPE_TRACING, answer != .supported, let elsewhere = loads[BPF_TRACE_RAW_TP.rawValue],
            (try? TrialProgram.load(type, TrialProgram.returning(0), for: BPF_TRACE_RAW_TP, at: elsewhere.target))
                != nil
        else { return answer }
        return .supported
    }

    /// Loading one of these makes the kernel write a warning into its log (bpftool leaves them out for the same reason).
    private static let noisy: Set<String> = ["trace_printk", "trace_vprintk", "probe_write_user"]

    private func probeHelpers(of program: Named, _ features: inout FeatureSet) {
        var number: UInt32 = 1
        while let text = unsafe libbpf_helper_name(number) {
            let helper = unsafe String(cString: text)
            let code = libbpf_probe_bpf_helper(.init(program.type), .init(number), nil)
            // Types for which libbpf cannot build a program: nothing is reported of them.
            if code == -EOPNOTSUPP { return }
            number += 1
            let answer =
                code == 1 ? TrialProgram.mayCall(.init(number - 1), from: .init(program.type)) : Self.answer { code }
            features.set(.init(.helper, helper, program: program.name), answer)
            // Never the first of them: it also tells whether the type can be probed.
            while let next = unsafe libbpf_helper_name(number), Self.noisy.contains(unsafe String(cString: next)) {
                number += 1
            }
        }
    }

    private func probeAttachTypes(_ features: inout FeatureSet) {
        let pair = Result { try MappedPair() }
        for type in 0..<UInt32(__MAX_BPF_ATTACH_TYPE.rawValue) {
            let hook = bpf_attach_type(type)
            guard let text = unsafe libbpf_bpf_attach_type_str(hook), let support = support(of: hook, pair) else {
                continue
            }
            features.set(.init(.attachType, unsafe String(cString: text)), support.answer)
        }
    }

    /// `nil`: there is no way to ask that touches nothing of the node.
    private func support(of hook: bpf_attach_type, _ pair: Result<MappedPair, any Error>) -> Support? {
        if let way = Self.loads[hook.rawValue] {
            return .trying("loaded", needing: [.bpf, .perfmon, .netAdmin]) {
                _ = try TrialProgram.load(way.program, TrialProgram.returning(way.result), for: hook, at: way.target)
            }
        }
        if let program = Self.onMaps[hook.rawValue] {
            return .trying("attached", needing: [.bpf, .netAdmin]) { try pair.get().attach(program, hook) }
        }
        guard Self.onGroups.contains(hook.rawValue), let mount = root.mounts(ofType: "cgroup2").first else {
            return nil
        }
        return .trying("asked", needing: [.netAdmin]) { try Self.queryGroup(mount, hook) }
    }

    private static func queryGroup(_ path: String, _ hook: bpf_attach_type) throws {
        let group = try OwnedDescriptor(path: path, flags: O_RDONLY | O_DIRECTORY)
        var (flags, count): (UInt32, UInt32) = (0, 0)
        let code = unsafe bpf_prog_query(group.raw, hook, 0, &flags, nil, &count)
        guard code == 0 else { throw SystemError("BPF_PROG_QUERY", path, errno: -code, needs: [.netAdmin]) }
    }

    private struct Load {
        var program: bpf_prog_type
        var result: Int32 = 1
        var target: String?
    }

    /// Attach types that the kernel looks at when a program is loaded (`bpf_prog_load_check_attach`), or that need a target.
    private static let loads: [UInt32: Load] = {
        var loads: [UInt32: Load] = [:]
        func add(_ program: bpf_prog_type, _ hooks: [bpf_attach_type], at target: String? = nil, result: Int32 = 1) {
            for hook in hooks { loads[hook.rawValue] = Load(program: program, result: result, target: target) }
        }
        add(
            BPF_PROG_TYPE_CGROUP_SOCK,
            [
                BPF_CGROUP_INET_SOCK_CREATE, BPF_CGROUP_INET_SOCK_RELEASE, BPF_CGROUP_INET4_POST_BIND,
                BPF_CGROUP_INET6_POST_BIND,
            ])
        add(
            BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
            [
                BPF_CGROUP_INET4_BIND, BPF_CGROUP_INET6_BIND, BPF_CGROUP_INET4_CONNECT, BPF_CGROUP_INET6_CONNECT,
                BPF_CGROUP_INET4_GETPEERNAME, BPF_CGROUP_INET6_GETPEERNAME, BPF_CGROUP_INET4_GETSOCKNAME,
                BPF_CGROUP_INET6_GETSOCKNAME, BPF_CGROUP_UDP4_SENDMSG, BPF_CGROUP_UDP6_SENDMSG,
                BPF_CGROUP_UDP4_RECVMSG, BPF_CGROUP_UDP6_RECVMSG,
            ])
        add(BPF_PROG_TYPE_CGROUP_SKB, [BPF_CGROUP_INET_INGRESS, BPF_CGROUP_INET_EGRESS])
        add(BPF_PROG_TYPE_CGROUP_SOCKOPT, [BPF_CGROUP_GETSOCKOPT, BPF_CGROUP_SETSOCKOPT])
        add(BPF_PROG_TYPE_SK_LOOKUP, [BPF_SK_LOOKUP])
        add(BPF_PROG_TYPE_SK_REUSEPORT, [BPF_SK_REUSEPORT_SELECT, BPF_SK_REUSEPORT_SELECT_OR_MIGRATE])
        add(BPF_PROG_TYPE_TRACING, [BPF_TRACE_RAW_TP], at: "inet_sock_set_state", result: 0)
        add(BPF_PROG_TYPE_TRACING, [BPF_TRACE_FENTRY, BPF_TRACE_FEXIT], at: "tcp_close", result: 0)
        add(BPF_PROG_TYPE_TRACING, [BPF_TRACE_ITER], at: "tcp", result: 0)
        add(BPF_PROG_TYPE_LSM, [BPF_LSM_MAC], at: "file_open", result: 0)
        return loads
    }()

    /// Attached to a private map, and taken off again.
    private static let onMaps: [UInt32: bpf_prog_type] = [
        BPF_SK_MSG_VERDICT.rawValue: BPF_PROG_TYPE_SK_MSG,
        BPF_SK_SKB_STREAM_PARSER.rawValue: BPF_PROG_TYPE_SK_SKB,
        BPF_SK_SKB_STREAM_VERDICT.rawValue: BPF_PROG_TYPE_SK_SKB,
        BPF_SK_SKB_VERDICT.rawValue: BPF_PROG_TYPE_SK_SKB,
    ]

    /// The root cgroup is asked what is attached there, which a kernel refuses for types that it does not know.
    private static let onGroups: Set<UInt32> = [
        BPF_CGROUP_SOCK_OPS.rawValue, BPF_CGROUP_DEVICE.rawValue, BPF_CGROUP_SYSCTL.rawValue,
    ]

    private func requireRights() throws {
        do {
            _ = try TrialProgram.load(BPF_PROG_TYPE_SOCK_OPS, TrialProgram.returning(1))
        } catch  where error.errno == EPERM || error.errno == ENOSYS {
            throw BPFError("load", "any program", errno: error.errno)
        } catch {}  // a kernel without this type has others
    }
}
