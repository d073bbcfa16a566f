import UnstuckFormats
import UnstuckModel

/// One failed probe in every form in which a log may have it.
enum LogForms {
    static let address4 = "203.0.113.10:8080"
    static let address6 = "[2001:db8:1::196]:8080"

    /// Words of kubelet as Go quotes them.
    private static func quoted(_ words: String) -> String { GoQuoting.quote(words) }

    /// Between the quotation marks of JSON.
    private static func json(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            .replacing("\t", with: "\\t")
    }

    static func klog2(_ words: String, result: String = "failure") -> String {
        "I1129 10:15:00.123456    1233 prober.go:120] \"Probe failed\" probeType=\"Readiness\" pod=\"shop/web-0\" "
            + "podUID=\"00000000-1111-2222-3333-444444444444\" containerName=\"web\" probeResult=\"\(result)\" "
            + "output=\(quoted(words))"
    }

    static func klog1(_ words: String) -> String {
        "I1129 10:15:00.123456    1233 prober.go:106] Readiness probe for "
            + "\"web-0_shop(00000000-1111-2222-3333-444444444444):web\" failed (failure): \(words)"
    }

    private static func event(_ words: String) -> String { "Readiness probe failed: \(words)" }

    /// By name. All are of pod shop/web-0.
    static func all(_ words: String) -> [(name: String, text: String)] {
        let stamp = "2026-11-29T10:15:00.123456789Z"
        let journal = { (message: String) in
            "{\"__REALTIME_TIMESTAMP\":\"1796000000123456\",\"_HOSTNAME\":\"node-a\",\"SYSLOG_IDENTIFIER\":\"kubelet\","
                + "\"_PID\":\"1233\",\"MESSAGE\":\"\(json(message))\",\"PRIORITY\":\"6\"}"
        }
        let record =
            "{\"ts\":1796000000123.456,\"caller\":\"prober/prober.go:120\",\"msg\":\"Probe failed\",\"v\":1,"
            + "\"probeType\":\"Readiness\",\"pod\":{\"name\":\"web-0\",\"namespace\":\"shop\"},\"podUID\":\"u\","
            + "\"containerName\":\"web\",\"probeResult\":\"failure\",\"output\":\"\(json(words))\"}"
        let bytes = klog2(words).utf8.map { "\($0)" }.joined(separator: ",")
        let object =
            "{\"apiVersion\":\"v1\",\"count\":1,\"involvedObject\":{\"kind\":\"Pod\",\"name\":\"web-0\",\"namespace\":"
            + "\"shop\",\"fieldPath\":\"spec.containers{web}\"},\"kind\":\"Event\",\"lastTimestamp\":"
            + "\"2026-11-29T10:15:00Z\",\"message\":\"\(json(event(words)))\",\"reason\":\"Unhealthy\"}"
        return [
            ("klog, structured", klog2(words)), ("klog, a sentence", klog1(words)), ("kubelet's JSON", record),
            ("journalctl -o json", journal(klog2(words))), ("journalctl -o json, a sentence", journal(klog1(words))),
            ("journalctl -o json, bytes", "{\"MESSAGE\":[\(bytes)],\"_HOSTNAME\":\"node-a\"}"),
            ("journalctl -o json of kubelet's JSON", journal(record)),
            ("journalctl", "Nov 29 10:15:00 node-a kubelet[1233]: \(klog2(words))"),
            (
                "journalctl -o json-pretty",
                "{\n\t\"_HOSTNAME\" : \"node-a\",\n\t\"MESSAGE\" : \"\(json(klog2(words)))\",\n\t\"_PID\" : "
                    + "\"1233\"\n}"
            ),
            ("rsyslog", "2026-11-29T10:15:00.123456+01:00 node-a kubelet[1233]: \(klog2(words))"),
            ("journalctl, a sentence", "Nov  9 10:15:00 node-a kubelet[1233]: \(klog1(words))"),
            ("journalctl of kubelet's JSON", "Nov 29 10:15:00 node-a kubelet[1233]: \(record)"),
            ("journalctl -o short-precise", "Nov 29 10:15:00.123456 node-a kubelet[1233]: \(klog2(words))"),
            ("journalctl -o short-iso", "2026-11-29T10:15:00+0100 node-a kubelet[1233]: \(klog2(words))"),
            ("journalctl -o short-full", "Sun 2026-11-29 10:15:00 UTC node-a kubelet[1233]: \(klog2(words))"),
            ("journalctl -o short-monotonic", "[  123.456789] node-a kubelet[1233]: \(klog2(words))"),
            ("journalctl -o short-unix", "1796000000.123456 node-a kubelet[1233]: \(klog2(words))"),
            ("CRI", "\(stamp) stderr F \(klog2(words))"), ("CRI, JSON", "\(stamp) stdout F \(record)"),
            ("docker", "{\"log\":\"\(json(klog2(words)))\\n\",\"stream\":\"stderr\",\"time\":\"\(stamp)\"}"),
            ("grep -H", "/var/log/kubelet.log:\(klog2(words))"),
            ("a part of a line", String(klog2(words).dropFirst(42))),
            (
                "klog, an event",
                "I1129 10:15:00.123456    1233 event.go:294] \"Event occurred\" object=\"shop/web-0\" "
                    + "fieldPath=\"spec.containers{web}\" kind=\"Pod\" apiVersion=\"v1\" type=\"Warning\" reason=\"Unhealthy\" "
                    + "message=\(quoted(event(words)))"
            ),
            (
                "kubelet's JSON, an event",
                "{\"ts\":1796000000123.4,\"msg\":\"Event occurred\",\"object\":{\"name\":\"web-0\","
                    + "\"namespace\":\"shop\"},\"fieldPath\":\"spec.containers{web}\",\"kind\":\"Pod\",\"reason\":\"Unhealthy\","
                    + "\"message\":\"\(json(event(words)))\"}"
            ),
            (
                "klog, an event in a sentence",
                "I1129 10:15:00.123456    1233 event.go:221] Event(v1.ObjectReference{"
                    + "Kind:\"Pod\", Namespace:\"shop\", Name:\"web-0\", UID:\"u\", APIVersion:\"v1\", ResourceVersion:\"1\", "
                    + "FieldPath:\"spec.containers{web}\"}): type: 'Warning' reason: 'Unhealthy' \(event(words))"
            ),
            (
                "kubectl describe",
                "Name:             web-0\nNamespace:        shop\nEvents:\n"
                    + "  Type     Reason     Age                  From     Message\n"
                    + "  Warning  Unhealthy  3m (x12 over 10m)    kubelet  \(event(words))"
            ),
            (
                "kubectl describe, old",
                "Name:\t\tweb-0\nNamespace:\tshop\n  10m  3m  12  kubelet, node-a  "
                    + "spec.containers{web}  Warning  Unhealthy  \(event(words))"
            ),
            (
                "kubectl get events -A",
                "NAMESPACE   LAST SEEN   TYPE      REASON      OBJECT      MESSAGE\n"
                    + "shop        3m12s       Warning   Unhealthy   pod/web-0   \(event(words))"
            ),
            (
                "kubectl get events -A -o wide",
                "NAMESPACE  LAST SEEN  TYPE  REASON  OBJECT  SUBOBJECT  SOURCE  MESSAGE  "
                    + "FIRST SEEN  COUNT  NAME\nshop   3m12s   Warning   Unhealthy   pod/web-0   spec.containers{web}   "
                    + "kubelet, node-a   \(event(words))   10m   12   web-0.17a1b2c3d4"
            ),
            (
                "kubectl events -A",
                "NAMESPACE   LAST SEEN             TYPE      REASON      OBJECT      MESSAGE\n"
                    + "shop        3m (x3 over 10m)      Warning   Unhealthy   Pod/web-0   \(event(words))"
            ),
            ("kubectl get event -o json", object),
            (
                "kubectl get events -o json",
                "{\n  \"apiVersion\": \"v1\",\n  \"items\": [\n\(object)\n  ],\n  \"kind\": \"List\"\n}"
            ),
            ("kubectl get events -o json, one line", "{\"items\":[\(object)],\"kind\":\"List\"}"),
        ]
    }
}
