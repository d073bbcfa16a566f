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
    /// Features that both lists answer.
    public var compared = 0
    /// Answered by both, but by one of them as inconclusive: no difference, and no proof that there is none.
    public var inconclusive: [FeatureSet.Feature] = []
    /// Answered by one list alone: the prober of the other did not ask. With the answer.
    public var onlyLeft: [Answer] = []
    public var onlyRight: [Answer] = []
    /// What the lists say that cannot be true, and was compared with nothing.
    public var refusedLeft: [RefusedAnswers]
    public var refusedRight: [RefusedAnswers]

    /// A feature that one list alone answers.
    public struct Answer: Hashable, Sendable, Codable {
        public var feature: FeatureSet.Feature
        public var answer: String

        public init(feature: FeatureSet.Feature, answer: String) {
            self.feature = feature
            self.answer = answer
        }
    }

    /// Of a name that is missing from a list that has only what is supported.
    public static let notListed = "not listed"

    public init(_ left: FeatureSet, _ right: FeatureSet) {
        refusedLeft = left.refused
        refusedRight = right.refused
        let features = Set(left.answers.keys).union(right.answers.keys)
        for feature in features.sorted(by: { $0.sortKey < $1.sortKey }) { compare(feature, left, right) }
        // Stable: names stay in their order.
        differences = differences.filter { $0.matters != nil } + differences.filter { $0.matters == nil }
    }

    private mutating func compare(_ feature: FeatureSet.Feature, _ left: FeatureSet, _ right: FeatureSet) {
        switch (left.answer(to: feature), right.answer(to: feature)) {
        case (let answer?, let other?):
            compared += 1
            let unknown = Support.Answer.inconclusive.rawValue
            if answer == other || Self.isAbsence(answer) && Self.isAbsence(other) { return }
            if answer == unknown || other == unknown {
                inconclusive.append(feature)
            } else {
                differences.append(FeatureDifference(feature, left: answer, right: other))
            }
        case (let answer?, nil):
            if !right.refuses(feature) { onlyLeft.append(Answer(feature: feature, answer: answer)) }
        case (nil, let answer?):
            if !left.refuses(feature) { onlyRight.append(Answer(feature: feature, answer: answer)) }
        case (nil, nil): break
        }
    }

    private static func isAbsence(_ answer: String) -> Bool {
        answer == notListed || answer == Support.Answer.unsupported.rawValue
    }
}

extension FeatureSet {
    /// The answer, also that of a list which names only what is supported; `nil`: not asked.
    fileprivate func answer(to feature: Feature) -> String? {
        self[feature] ?? (listsOnlySupported(like: feature) ? FeatureComparison.notListed : nil)
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
        "sock_ops": "inserts sockets", "sk_msg": "redirects what is sent", "sk_skb": "redirects what is received",
        "tracing": "reads the entries of sockmaps (iterators)", "sched_cls": "reads them where iterators are refused",
        "sk_lookup": "sends new connections to sockets of a map",
    ]
    private static let helpers: [String: String] = [
        "sock_map_update": "inserts a socket", "sock_hash_update": "inserts a socket",
        "msg_redirect_map": "redirects what is sent", "msg_redirect_hash": "redirects what is sent",
        "sk_redirect_map": "redirects what is received", "sk_redirect_hash": "redirects what is received",
        "msg_apply_bytes": "decides how much a verdict is for", "msg_cork_bytes": "holds back what is sent",
        "msg_pull_data": "changes what is redirected", "msg_push_data": "changes what is redirected",
        "msg_pop_data": "changes what is redirected",
        "sock_ops_cb_flags_set": "lets a guard see a socket close",
        "sk_select_reuseport": "sends new connections to sockets of a map",
        "sk_assign": "sends new connections to sockets of a map",
        "skc_to_tcp_sock": "reads entries where iterators are refused",
        "get_socket_cookie": "distinguishes sockets",
    ]
    private static let hooks = [
        "cgroup_sock_ops": "where sockets are inserted", "sk_msg_verdict": "where what is sent is redirected",
        "sk_skb_stream_parser": "where what is received is redirected",
        "sk_skb_stream_verdict": "where what is received is redirected",
        "sk_skb_verdict": "where what is received is redirected",
        "trace_iter": "reads the entries of sockmaps", "sk_lookup": "sends new connections to sockets of a map",
    ]
}
