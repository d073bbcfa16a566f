import Foundation
import TestSupport
import Testing

/// What bpftool prints of a live map, decoded, against what Unstuck reads of it itself.
@Suite("A dump of a live map", .serialized, .requires(.native))
struct DumpTests {
    @Test func saysWhatTheMapSays() throws {
        let lab = try RealLab("dump")
        for (address, count) in [("203.0.113.10", "3"), ("203.0.113.11", "2"), ("2001:db8:0:1::10", "2")] {
            try lab.start(
                "node",
                [Programs.lab, "load", "--host", address, "--connections", count, "--seconds", "600", "--hold"])
        }
        let map = "\(try lab.map())"
        var entries: [String: String] = [:]
        for _ in 0..<100 where entries.count < 14 {
            Scale.pause(seconds: 0.2)
            entries = try claims(lab.unstuck(["sockmaps", "entries", "--map", map, "--output", "json"]).text.lines)
        }
        #expect(entries.count == 14)

        for arguments in [[], ["-j"], ["-p"]] {
            let dump = try Programs.run("bpftool", arguments + ["map", "dump", "id", map])
            let file = "/run/unstuck-lab/\(lab.name)/dump"
            try dump.text.write(toFile: file, atomically: true, encoding: .utf8)
            let output = try lab.unstuck(["sockmaps", "decode", file, "--pods", "--output", "json"])
            #expect(output.status == 0, "\(output.errors)")
            let source = try JSONValue(output.text)["data"][0]
            #expect(source["form"].text == (arguments.isEmpty ? "bpftool text" : "bpftool JSON"))
            #expect(source["problemCount"].number == 0)
            let group = source["groups"][0]
            #expect(group["layout"].text == "cilium")
            #expect(claims(group["entries"].array) == entries)
            // The node is no pod.
            let totals = group["totals"].array.map {
                "\($0["address"].text) \(Int($0["entries"].number)) \($0["pod"].text)"
            }
            #expect(
                Set(totals) == [
                    "192.0.2.10 5 ", "203.0.113.10 3 shop/web-0", "203.0.113.11 2 shop/web-1", "2001:db8::10 2 ",
                    "2001:db8:0:1::10 2 shop/web-0",
                ])
        }

        // The same without bpftool, by id and by pin.
        for name in [map, "/run/unstuck-lab/\(lab.name)/bpf/cilium_sock_ops"] {
            let walked = try lab.unstuck(["sockmaps", "decode", "--map", name, "--output", "json"])
            #expect(walked.status == 0, "\(walked.errors)")
            #expect(claims(try JSONValue(walked.text)["data"][0]["groups"][0]["entries"].array) == entries)
        }
        try andBack(lab, map, entries)
        try lab.down()
    }

    /// A claim as bytes again: bpftool finds that entry, and deletes it.
    private func andBack(_ lab: RealLab, _ map: String, _ entries: [String: String]) throws {
        let (key, claim) = try #require(entries.first { $0.value.hasPrefix("[") })
        let ends = claim.split(separator: " ").map(String.init)
        let encode = ["sockmaps", "encode", ends[0], ends[1], "--layout", "cilium", "--map", map]
        let lookup = try lab.unstuck(encode)
        #expect(lookup.status == 0, "\(lookup.errors)")
        // A sockhash with values of four bytes shows none: what is there is reported by how it is refused.
        let found = try Programs.run("bash", ["-c", lookup.text])
        #expect((found.text + found.errors).contains("No space left on device"), "\(found)")
        let deletion = try lab.unstuck(encode + ["--delete"])
        let deleted = try Programs.run("bash", ["-c", deletion.text])
        #expect(deleted.status == 0, "\(deleted)")
        var rest = entries
        rest[key] = nil
        #expect(try claims(lab.unstuck(["sockmaps", "entries", "--map", map, "--output", "json"]).text.lines) == rest)
    }

    private func claims(_ entries: [JSONValue]) -> [String: String] {
        Dictionary(
            entries.map { ($0["key"].text, "\($0["claim"]["local"].text) \($0["claim"]["remote"].text)") },
            uniquingKeysWith: { first, _ in first })
    }
}

extension String {
    /// One JSON value a line.
    fileprivate var lines: [JSONValue] {
        get throws { try split(separator: "\n").map { try JSONValue(String($0)) } }
    }
}
