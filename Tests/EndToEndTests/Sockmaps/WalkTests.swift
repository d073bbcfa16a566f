import Foundation
import TestSupport
import Testing

/// Without the iterators, as users would: by choice, without BTF, without a right.
@Suite("Without the iterators, end to end", .serialized, .requires(.zombie, .native))
struct WalkEndToEndTests {
    /// The claims of a map's keys by state.
    private static func states(_ lab: RealLab, _ map: String) throws -> [String: Set<String>] {
        let output = try lab.unstuck(
            ["sockmaps", "entries", "--map", map, "--without-iterator", "--output", "json"])
        #expect(output.status == 2, "there is always something that this way cannot know")
        var result: [String: Set<String>] = [:]
        for line in output.text.split(separator: "\n") {
            let entry = try JSONValue(String(line))
            let claim = entry["claim"]
            result[entry["state"].text, default: []].insert("\(claim["local"].text) \(claim["remote"].text)")
        }
        return result
    }

    /// Zombies of both families among connections that come and go: they alone are called unseen, and they alone go.
    @Test func findsAndDeletesExactlyTheZombies() throws {
        let count = Scale.of(20, small: 5)
        let lab = try RealLab("walk")
        let map = "\(try lab.map())"
        var zombies = Set<String>()
        for (family, pod, node) in [("4", "203.0.113.10", "192.0.2.10"), ("6", "[2001:db8:0:1::10]", "[2001:db8::10]")]
        {
            _ = try lab.breakIt(["zombie", "--pod", "shop/web-0", "--count", "\(count)", "--family", family])
            for port in 50504..<50504 + count { zombies.insert("\(pod):8080 \(node):\(port)") }
        }
        let loads = try ["203.0.113.11", "2001:db8:0:1::11"].map {
            try lab.start(
                "node",
                [
                    Programs.lab, "load", "--host", $0, "--connections", "\(3 * count)", "--churn", "500", "--seconds",
                    "600",
                ]
                    + Scale.patience)
        }
        Scale.pause(seconds: 2)
        var complete = 0
        for _ in 1...10 {
            let states = try Self.states(lab, map)
            let unseen = states["unseen"] ?? []
            #expect(unseen.isSubset(of: zombies), "a live connection was called unseen")
            if unseen == zombies { complete += 1 }
        }
        #expect(complete > 0, "the zombies were not seen")

        let arguments = ["repair", "--map", map, "--without-iterator", "--output", "json"]
        let journal = "/run/unstuck-lab/\(lab.name)/journal.jsonl"
        // Values of four bytes give no cookie: nothing of such a map is proven dead, and nothing is deleted.
        let repaired = try lab.unstuck(arguments + ["--apply", "--journal", journal])
        let plan = try JSONValue(repaired.text)["data"]["plan"]
        #expect(plan["deletions"].array.isEmpty)
        for entry in plan["undecided"].array where entry["reason"].text.contains("no cookie") {
            let claim = entry["claim"]
            #expect(zombies.contains("\(claim["local"].text) \(claim["remote"].text)"))
        }
        #expect(try zombies.isSubset(of: lab.claimsByIterator(map)), "nothing was deleted")
        for load in loads {
            load.terminate()
            let report = try JSONValue(try load.wait().text)
            for trouble in ["errors", "mismatches", "stalled"] { #expect(report[trouble].number == 0, "\(trouble)") }
            #expect(report["opened"].number > Double(3 * count), "nothing came and went")
        }
        try lab.down()
    }

    /// The pods' namespaces may not be entered: anyone who is in them is not called unseen.
    @Test func aNamespaceThatMayNotBeEnteredMakesAllUnknown() throws {
        let lab = try RealLab("wns")
        let map = "\(try lab.map())"
        _ = try lab.breakIt(["zombie", "--pod", "shop/web-0", "--count", "2"])
        let drop = ["--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin", Programs.unstuck]
        let arguments = ["sockmaps", "entries", "--map", map, "--without-iterator", "--output", "json"]
        let output = try Programs.run("setpriv", drop + arguments)
        #expect(output.status == 2)
        #expect(output.errors.contains("CAP_SYS_ADMIN"), "\(output.errors)")
        let states = try output.text.split(separator: "\n").map { try JSONValue(String($0))["state"].text }
        #expect(states.count == 2)
        #expect(!states.contains("unseen"))
        let repair = try Programs.run("setpriv", drop + ["repair", "--map", map, "--without-iterator", "--apply"])
        #expect(repair.status == 2, "\(repair.text)\(repair.errors)")
        try lab.down()
    }

    /// The same loopback tuple in two pods: which of them the key leads to cannot be known, and that is said.
    @Test func twoNamespacesWithOneTupleAreTold() throws {
        let lab = try RealLab("wtwo")
        _ = try lab.breakIt(["shared-tuple"])
        var output = try lab.unstuck(["diagnose", "--map", "\(try lab.map())", "--without-iterator", "--interval", "0"])
        for _ in 0..<5 where !output.text.contains("more than one network namespace") {
            output = try lab.unstuck(["diagnose", "--map", "\(try lab.map())", "--without-iterator", "--interval", "0"])
        }
        #expect(output.status == 2)
        #expect(output.text.contains("name sockets of more than one network namespace"), "\(output.text)")
        try lab.down()
    }
}

/// Without BTF no program can be loaded: what is proven then is proven by /proc alone, so every process must be open to us.
@Suite("Without BTF, end to end", .serialized, .requires(.zombie, .openProc))
struct WalkWithoutBTFTests {
    /// Without BTF the walk is taken by itself; it says what is missing, and plans nothing unasked.
    @Test func withoutBTFTheKeysAreWalked() throws {
        let lab = try RealLab("wbtf")
        let map = "\(try lab.map())"
        _ = try lab.breakIt(["zombie", "--pod", "shop/web-0", "--count", "2"])
        try lab.start(
            "node", [Programs.lab, "load", "--host", "203.0.113.11", "--connections", "5", "--seconds", "600"])
        #expect(try lab.entries(atLeast: 12) == 12)
        func unstuck(_ arguments: String) throws -> Programs.Output {
            let script = "mount -t tmpfs none /sys/kernel/btf && exec \"$0\" \(arguments) --map $1"
            return try Programs.run("unshare", ["--mount", "sh", "-c", script, Programs.unstuck, map])
        }
        var listed = try unstuck("sockmaps")
        for _ in 0..<10 where !listed.text.contains("2 unseen") { listed = try unstuck("sockmaps") }
        #expect(listed.text.contains("10 live, 2 unseen"), "\(listed.text)\(listed.errors)")
        #expect(listed.text.contains("layout cilium (10 of 12 keys name a live socket of the node)"))
        #expect(listed.errors.contains("BTF"))
        #expect(listed.status == 2)
        var found = try unstuck("diagnose --output json")
        for _ in 0..<10 where found.status != 1 { found = try unstuck("diagnose --output json") }
        let diagnosis = try JSONValue(found.text)["data"]
        #expect(diagnosis.codes == ["sockmap.unseen"])
        #expect(diagnosis["findings"][0]["subject"]["entries"].array.count == 2)
        #expect(diagnosis["unknown"].array.contains { $0.text.contains("BTF") })
        let plan = try unstuck("repair --output json")
        #expect(plan.status == 1 || plan.status == 2)
        #expect(try JSONValue(plan.text)["data"]["plan"]["deletions"].array.isEmpty)
        try lab.down()
    }
}

extension RealLab {
    /// What the map's keys claim, as `sockmaps entries` shows it with all that it can.
    fileprivate func claimsByIterator(_ map: String) throws -> Set<String> {
        let output = try unstuck(["sockmaps", "entries", "--map", map, "--output", "json"])
        return try Set(
            output.text.split(separator: "\n").map { line in
                let claim = try JSONValue(String(line))["claim"]
                return "\(claim["local"].text) \(claim["remote"].text)"
            })
    }
}
