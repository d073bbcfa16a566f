import Foundation
import TestSupport
import Testing
import UnstuckKernel

/// A lab whose accelerator is bypassed.
final class BypassedLab {
    let lab: RealLab
    let map: Int
    let node: ControlGroup

    init(_ name: String) throws {
        lab = try RealLab(name)
        map = try lab.map()
        node = try ControlGroup(lab: lab.name, "node")
    }

    deinit { _ = try? Programs.run(Programs.unstuck, ["bypass", "off", "--map", "\(map)"]) }

    /// Where the cgroup v2 hierarchy is.
    var mount: String { String(node.directory.dropLast(node.path.count)) }

    func group(_ name: String) throws -> ControlGroup { try ControlGroup(lab: lab.name, name) }

    func unstuck(_ arguments: [String]) throws -> Programs.Output { try lab.unstuck(arguments) }

    func start(_ verb: String, _ options: [String] = []) throws -> Programs.Running {
        try Programs.start(Programs.unstuck, ["bypass", verb, "--map", "\(map)"] + options)
    }

    /// A command that must succeed; what it says of this map.
    func bypass(_ verb: String, _ options: [String] = []) throws -> JSONValue {
        if verb == "status" { return try status() }
        let output = try unstuck(["bypass", verb, "--map", "\(map)", "--output", "json"] + options)
        try #require(output.status == 0, "\(verb): \(output.errors)\(output.text)")
        return try JSONValue(output.text)["data"][0]
    }

    func status() throws -> JSONValue {
        let output = try unstuck(["bypass", "status", "--output", "json"])
        return try JSONValue(output.text)["data"].array.first { $0["map"].number == Double(map) }
            ?? JSONValue("{}")
    }

    /// The node's sock_ops programs, as the kernel lists them, and in bpftool's words. On a kernel that cannot tell the flags
    /// of each (before 6.0) bpftool has none.
    struct Attached: Equatable {
        var list: GroupPrograms
        var words: String
    }

    func attached() throws -> Attached {
        let told = try Programs.run("bpftool", ["-j", "cgroup", "show", node.directory])
        if try KernelUnderTest.provides(.native) { try #require(told.text.contains("multi"), "\(told.errors)") }
        return Attached(list: try node.list(), words: told.text)
    }

    var hasPins: Bool { FileManager.default.fileExists(atPath: "\(Self.pins)/\(map)") }
    private static let pins = "/sys/fs/bpf/unstuck/bypass"

    func load(connections: Int, _ options: [String] = []) throws -> Programs.Running {
        try lab.start(
            "node",
            [
                Programs.lab, "load", "--host", "203.0.113.11", "--connections", "\(connections)", "--seconds", "3600",
            ] + options + Scale.patience)
    }

    /// Ends a load; nothing that it sent was lost.
    func clean(_ load: Programs.Running) throws {
        load.terminate()
        let report = try JSONValue(try load.wait().text)
        #expect(report["bytes"].number > 0)
        for harm in ["errors", "mismatches", "stalled"] { #expect(report[harm].number == 0, "\(harm)") }
    }

    func entries() throws -> Int { try lab.entries() }

    func entries(atLeast count: Int) throws -> Int { try lab.entries(atLeast: count) }
}
