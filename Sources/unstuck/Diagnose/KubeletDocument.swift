import UnstuckModel

/// What `unstuck diagnose --kubelet-log -o json` prints (schema `unstuck.diagnose.kubelet/1`).
struct KubeletDocument: Encodable {
    var log: Log
    var groups: [Group]
    /// Absent: there was no candidate, and the node was not looked at.
    var lookups: [CandidateLookup]?
    var probes: [CandidateTrial]?
    var findings: [Finding]?
    var unknown: [String]?
    var checked: Diagnosis.Checked?

    struct Log: Encodable {
        var lines: Int
        var bytes: Int
        var recognized: Int
        var cutLines: Int
        var notUnderstood: Int
        var failures: Int
        var candidates: Int
        var weak: Int
        var not: Int
        var ungrouped: Int
    }

    struct Group: Encodable {
        var pod: String?
        var podUID: String?
        var container: String?
        var probe: ProbeFailure.Kind?
        var `protocol`: ProbeFailureCause.Method
        var result: ProbeFailure.Result
        var suspicion: ProbeFailureCause.Suspicion
        var reason: String
        var target: Endpoint?
        var client: Endpoint?
        var url: String?
        var count: Int
        var perMinute: Double?
        var first: LogTime?
        var last: LogTime?
        var line: Int
        var output: String

        init(_ group: ProbeFailureGroup) {
            let (key, example) = (group.key, group.example)
            (pod, podUID, container, probe) = (key.pod, example.podUID, key.container, key.kind)
            (`protocol`, result, suspicion, reason) = (key.method, key.result, key.suspicion, key.reason)
            (target, client, url) = (key.target, example.cause.client, example.cause.url)
            (count, perMinute, first, last) = (group.count, group.perMinute, group.first, group.last)
            (line, output) = (example.line, example.output)
        }
    }

    init(_ log: KubeletLog) {
        self.log = Log(
            lines: log.lines, bytes: log.bytes, recognized: log.recognized, cutLines: log.cutLines,
            notUnderstood: log.notUnderstood, failures: log.failures, candidates: log.count(.candidate),
            weak: log.count(.weak), not: log.count(.not), ungrouped: log.ungrouped)
        groups = log.groups.map(Group.init)
    }
}
