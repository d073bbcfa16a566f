/// One thing that two kernels answer differently.
public struct FeatureDifference: Hashable, Sendable, Codable {
    public var feature: FeatureSet.Feature
    public var left: String
    public var right: String
    /// Why it matters to sockmaps and to what looks at them; `nil`: it does not.
    public var matters: String?

    public init(_ feature: FeatureSet.Feature, left: String, right: String) {
        self.feature = feature
        self.left = left
        self.right = right
        matters = feature.mattersToSockmaps
    }
}

/// Two lists of features, compared.
public struct FeatureComparison: Hashable, Sendable, Codable {
    /// Those that matter to sockmaps first.
    public var differences: [FeatureDifference] = []
    /// Features that both lists tell.
    public var compared = 0
    /// Told by both, but by one of them as inconclusive: no difference, and no proof that there is none.
    public var inconclusive: [FeatureSet.Feature] = []
    /// Told by one list alone, by kind: its maker knew more, or asked more.
    public var onlyLeft: [String: Int] = [:]
    public var onlyRight: [String: Int] = [:]

    public init(_ left: FeatureSet, _ right: FeatureSet) {
        let unknown = Support.Answer.inconclusive.rawValue
        for (feature, answer) in left.answers {
            guard let other = right[feature] else {
                onlyLeft[feature.kind.rawValue, default: 0] += 1
                continue
            }
            compared += 1
            guard answer != other else { continue }
            if answer == unknown || other == unknown {
                inconclusive.append(feature)
            } else {
                differences.append(FeatureDifference(feature, left: answer, right: other))
            }
        }
        for feature in right.answers.keys where left[feature] == nil {
            onlyRight[feature.kind.rawValue, default: 0] += 1
        }
        differences.sort {
            ($0.matters == nil ? 1 : 0, $0.feature.sortKey) < ($1.matters == nil ? 1 : 0, $1.feature.sortKey)
        }
        inconclusive.sort { $0.sortKey < $1.sortKey }
    }
}

extension FeatureSet.Feature {
    /// Why a difference here is one in how sockmaps work, or in what can be seen of them.
    public var mattersToSockmaps: String? {
        switch kind {
        case .mapType: Self.maps[name]
        case .programType: Self.programs[name]
        // By its name alone: what every program may call comes and goes in all of them at once, and means nothing here.
        case .helper: Self.helpers[name]
        case .attachType: Self.hooks[name]
        case .other: name == "bpf_syscall" ? "without it there is no sockmap" : nil
        }
    }

    /// Kinds in their order, names in theirs.
    fileprivate var sortKey: String {
        let order = FeatureSet.Kind.allCases.firstIndex(of: kind) ?? 0
        return "\(order) \(program ?? "") \(name)"
    }

    private static let maps = [
        "sockmap": "the map itself", "sockhash": "the map itself",
        "sk_storage": "what accelerators keep beside a socket",
    ]
    private static let programs = [
        "sock_ops": "files sockets", "sk_msg": "redirects what is sent", "sk_skb": "redirects what is received",
        "tracing": "reads the entries of sockmaps (iterators)", "sched_cls": "reads them where iterators are refused",
        "sk_lookup": "sends new connections to sockets of a map",
    ]
    private static let helpers: [String: String] = [
        "sock_map_update": "files a socket", "sock_hash_update": "files a socket",
        "msg_redirect_map": "redirects what is sent", "msg_redirect_hash": "redirects what is sent",
        "sk_redirect_map": "redirects what is received", "sk_redirect_hash": "redirects what is received",
        "msg_apply_bytes": "decides how much a verdict is for", "msg_cork_bytes": "holds back what is sent",
        "msg_pull_data": "changes what is redirected", "msg_push_data": "changes what is redirected",
        "msg_pop_data": "changes what is redirected",
        "sock_ops_cb_flags_set": "lets a guard see a socket close",
        "sk_select_reuseport": "sends new connections to sockets of a map",
        "sk_assign": "sends new connections to sockets of a map",
        "skc_to_tcp_sock": "reads entries where iterators are refused",
        "get_socket_cookie": "tells sockets apart",
    ]
    private static let hooks = [
        "cgroup_sock_ops": "where sockets are filed", "sk_msg_verdict": "where what is sent is redirected",
        "sk_skb_stream_parser": "where what is received is redirected",
        "sk_skb_stream_verdict": "where what is received is redirected",
        "sk_skb_verdict": "where what is received is redirected",
        "trace_iter": "reads the entries of sockmaps", "sk_lookup": "sends new connections to sockets of a map",
    ]
}
