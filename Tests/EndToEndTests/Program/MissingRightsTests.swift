import CLibBPF
import Foundation
import TestSupport
import Testing
import UnstuckKernel

/// Without a right, or without BTF: what is missing is named, the status is 2, and the rest is still said.
@Suite("What is missing is named", .serialized, .requires(.native))
struct MissingRightsTests {
    /// A folder that anybody may enter, with a copy of the program.
    static func publicCopy() throws -> String {
        let folder = "/tmp/unstuck-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: Programs.unstuck, toPath: "\(folder)/unstuck")
        for path in [folder, "\(folder)/unstuck"] { unsafe chmod(path, 0o755) }
        return folder
    }

    @Test(arguments: [
        (["--reuid", "65534", "--regid", "65534", "--clear-groups"], ["CAP_SYS_ADMIN", "CAP_BPF", "CAP_PERFMON"]),
        (["--bounding-set", "-bpf,-sys_admin", "--inh-caps", "-bpf,-sys_admin"], ["CAP_BPF", "CAP_SYS_ADMIN"]),
        (
            ["--bounding-set", "-perfmon,-sys_admin", "--inh-caps", "-perfmon,-sys_admin"],
            ["CAP_PERFMON", "CAP_SYS_ADMIN"]
        ),
    ])
    func capabilities(_ drop: [String], _ named: [String]) throws {
        let lab = try RealLab("caps")
        let folder = try Self.publicCopy()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let output = try Programs.run("setpriv", drop + ["\(folder)/unstuck", "diagnose", "--interval", "0"])
        #expect(output.status == 2, "\(output.text)\(output.errors)")
        for name in named { #expect(output.text.contains(name), "\(output.text)") }
        #expect(!output.text.contains("✓"))
        try lab.down()
    }

    /// What cannot be seen is not reported as none.
    @Test(arguments: [["guard", "status"], ["guard", "down"], ["bypass", "status"], ["bypass", "off"]])
    func pinsOfOthers(_ command: [String]) throws {
        let folder = try Self.publicCopy()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups", "\(folder)/unstuck"]
        let output = try Programs.run("setpriv", nobody + command)
        #expect(output.status == 2, "\(output.text)\(output.errors)")
        #expect(output.errors.contains("needs CAP_SYS_ADMIN"), "\(output.errors)")
        #expect(output.text.isEmpty)
    }

    /// Where the kernel refuses iter/sockmap, a tc program looks the keys of a pinned map up: that wants one right more, and
    /// where it is not needed it is not named.
    @Test(.requires(.zombie)) func lookupsWantNetAdmin() throws {
        let node = try DeadMap(dead: 1, live: 1)
        _ = try node.map.entries  // tells whether the iterator is refused
        let pin = "/sys/fs/bpf/unstuck-test-\(getpid())"
        try #require(unsafe bpf_obj_pin(node.map.descriptor, pin) == 0)
        defer { unsafe unlink(pin) }
        let look = [Programs.unstuck, "diagnose", "--interval", "0", "--map", "\(node.map.id)"]
        for (rights, isNamed) in [("-net_admin,-sys_admin", MapIterators.areRefused), ("-sys_admin", false)] {
            let output = try Programs.run("setpriv", ["--bounding-set", rights, "--inh-caps", rights] + look)
            #expect(output.status == 2, "\(output.text)\(output.errors)")
            let sockets = output.text.split(separator: "\n").first { $0.contains("read the sockets behind the keys") }
            #expect(sockets?.contains("CAP_NET_ADMIN") ?? false == isNamed, "\(rights): \(output.text)")
            #expect((sockets == nil) == !isNamed, "with the right the sockets are seen: \(output.text)")
        }
    }

    /// DiagnosisSession needs no CAP_NET_ADMIN; resetting does, and without it nothing at all is changed.
    @Test(.requires(.zombie)) func withoutNetAdmin() throws {
        let lab = try RealLab("net")
        try lab.start(
            "node", [Programs.lab, "load", "--host", "203.0.113.11", "--connections", "5", "--seconds", "600"])
        _ = try lab.breakIt(["zombie", "--pod", "shop/web-0"])
        let victim = try lab.victim()
        let drop = ["--bounding-set", "-net_admin", "--inh-caps", "-net_admin", Programs.unstuck]
        let map = ["--map", "\(try lab.map())"]
        let looked = try Programs.run("setpriv", drop + ["diagnose", "--output", "json"] + map)
        #expect(looked.status == 1)
        let codes = try JSONValue(looked.text)["data"].codes
        #expect(codes == ["sockmap.misdirected", "sockmap.disclosure", "sockmap.zombie"])
        let refused = try Programs.run("setpriv", drop + ["repair", "--apply", "--reset-stuck"] + map)
        #expect(refused.status == 2, "\(refused.text)")
        #expect(refused.errors.contains("CAP_NET_ADMIN"))
        #expect(try lab.diagnose().diagnosis.codes == codes)
        #expect(victim.isRunning)
        try lab.down()
    }

    /// A pinned map can be looked at, and not opened by its id: EPERM is each entry's outcome, and the run ends as usual.
    @Test(.requires(.zombie)) func withoutSysAdmin() throws {
        let scenario = try KilledRepairTests.Scenario(dead: 2)
        let pin = "/sys/fs/bpf/unstuck-test-\(getpid())"
        try #require(unsafe bpf_obj_pin(scenario.node.map.descriptor, pin) == 0)
        defer { unsafe unlink(pin) }
        let drop = ["--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin", Programs.unstuck]
        let output = try Programs.run("setpriv", drop + scenario.arguments([]))
        #expect(output.status == 2, "\(output.text)\(output.errors)")
        let report = try RepairDocumentTests.check(output.text)
        #expect(report.deletions.map(\.outcome) == ["failed", "failed"])
        #expect(report.deletions.allSatisfy { $0.detail.contains("CAP_SYS_ADMIN") })
        #expect(report.unknown.contains { $0.contains("sockmap \(scenario.node.map.id) could not be repaired") })
        #expect(scenario.keys("result", "failed").count == 2)
        #expect(scenario.lines.last?["event"].text == "end")
        #expect(try scenario.node.deadEntries == 2)
    }

    @Test func withoutBTF() throws {
        let lab = try RealLab("btf")
        let script = "mount -t tmpfs none /sys/kernel/btf && exec \"$0\" diagnose --interval 0 --map $1"
        let output = try Programs.run(
            "unshare", ["--mount", "sh", "-c", script, Programs.unstuck, "\(try lab.map())"])
        #expect(output.status == 2, "\(output.text)\(output.errors)")
        #expect(output.text.contains("BTF"))
        #expect(output.text.contains("1 sockmap"))  // that there is one can still be said
        try lab.down()
    }

    /// Pins live in a bpffs: without one nothing is begun, and the command that mounts it is named.
    @Test(.requires(.zombie)) func withoutABPFFS() throws {
        let lab = try RealLab("pins")
        let map = "\(try lab.map())"
        let group = try ControlGroup(lab: lab.name, "node")
        let before = try group.list()
        let script = "mount -t tmpfs none /sys/fs/bpf && exec \"$0\" \"$@\" --map \(map)"
        for command in [["guard", "up", "--pin"], ["bypass", "on"]] {
            let output = try Programs.run("unshare", ["--mount", "sh", "-c", script, Programs.unstuck] + command)
            #expect(output.status == 2, "\(output.text)\(output.errors)")
            #expect(output.errors.contains("needs a bpffs: mount -t bpf bpf /sys/fs/bpf"), "\(output.errors)")
        }
        #expect(try group.list() == before)
        try lab.down()
    }

    @Test func usage() throws {
        #expect(try Programs.run(Programs.unstuck, ["diagnose", "--interval", "1"]).status == 64)
        #expect(try Programs.run(Programs.unstuck, ["nonsense"]).status == 64)
        #expect(try Programs.run(Programs.unstuck, ["--version"]).text.hasPrefix("unstuck 0."))
        // What is not there is never fine.
        let absent = try Programs.run(Programs.unstuck, ["diagnose", "--map", "4294967295", "--interval", "0"])
        #expect(absent.status == 2)
        #expect(absent.text == "" && absent.errors.contains("4294967295"))
        #expect(
            try Programs.run(Programs.unstuck, ["diagnose", "--root", "/nonexistent", "--interval", "0"]).status == 64)
        #expect(try Programs.run(Programs.unstuck, ["probe", "https://203.0.113.10/"]).status == 64)
        #expect(try Programs.run(Programs.unstuck, ["probe", "web.example:80"]).status == 64)
        let nowhere = try Programs.run(Programs.unstuck, ["probe", "203.0.113.10:80", "--netns", "nowhere"])
        #expect(nowhere.status == 2)
        #expect(nowhere.errors.contains("nowhere"))
        let missing = try Programs.run(Programs.unstuck, ["diagnose", "--from", "/nowhere"])
        #expect(missing.status == 2)
        #expect(missing.errors.contains("/nowhere"))
        let garbage = try Programs.run(Programs.unstuck, ["diagnose", "--from", "/etc/hostname"])
        #expect(garbage.status == 2)
        #expect(garbage.errors.contains("not a bundle"))
    }
}
