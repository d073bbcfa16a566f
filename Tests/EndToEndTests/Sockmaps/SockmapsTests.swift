import Foundation
import TestSupport
import Testing

/// `unstuck sockmaps` on a node with two pods: who uses the map, whose the entries are, and where bytes go.
@Suite("Sockmaps, listed", .serialized, .requires(.zombie, .thorough))
struct SockmapsTests {
    @Test func aMapWithItsUsersAndPods() throws {
        let lab = try RealLab("list")
        _ = try lab.breakIt(["zombie", "--pod", "shop/web-0", "--count", "3"])
        _ = try lab.breakIt(["zombie", "--pod", "shop/web-1", "--count", "2"])
        let map = "\(try lab.map())"
        let output = try lab.unstuck(["sockmaps", "list", "--map", map, "--output", "json"])
        #expect(output.status == 0, "\(output.errors)")
        let listed = try JSONValue(output.text)["data"][0]
        #expect(listed["entries"].number == 5)
        #expect(listed["states"]["zombie"].number == 5)
        #expect(listed["layout"].text == "cilium")
        #expect(listed["keyType"]["name"].text == "tuple_key", "from the BTF of the map's programs")
        #expect(listed["pins"].array.map(\.text) == ["/run/unstuck-lab/\(lab.name)/bpf/cilium_sock_ops"])
        let pods = listed["pods"].array.map { "\($0["pod"].text) \($0["address"].text) \(Int($0["entries"].number))" }
        #expect(pods == ["shop/web-0 203.0.113.10 3", "shop/web-1 203.0.113.11 2"])

        let programs = listed["programs"].array
        #expect(Set(programs.map { $0["type"].text }) == ["sock_ops", "sk_msg"])
        for program in programs {
            let places = program["attachments"].array
            if program["type"].text == "sock_ops" {
                #expect(places.map { $0["cgroup"].text } == ["/unstuck-\(lab.name)/node"])
                #expect(places.map { $0["hook"].text } == ["sock_ops"])
            } else {
                #expect(places.map { $0["sockmap"].number } == [Double(map)])
                #expect(places.map { $0["hook"].text } == ["msg_verdict"])
            }
        }

        // Walked, the sockets are out of sight; who uses the map is not.
        let walked = try lab.unstuck(["sockmaps", "list", "--map", map, "--without-iterator", "--output", "json"])
        let users = try JSONValue(walked.text)["data"][0]["programs"].array
        #expect(users.map { $0["id"].number } == programs.map { $0["id"].number })
        let isAsked = try KernelUnderTest.provides(.mapQuery)
        for user in users {
            let isKnown = isAsked || user["type"].text == "sock_ops"
            #expect(user["attachments"].array.isEmpty != isKnown, "\(walked.text)")
        }
        let words = try lab.unstuck(["sockmaps", "list", "--map", map, "--without-iterator"])
        #expect(!words.text.contains("CAP_SYS_ADMIN"), "\(words.text)")

        let totals = try lab.unstuck([
            "sockmaps", "entries", "--map", map, "--totals", "--pod", "shop/web-1", "--output", "json",
        ])
        #expect(try JSONValue(totals.text)["data"].array.map { $0["entries"].number } == [2])
        let chosen = try lab.unstuck([
            "sockmaps", "entries", "--map", map, "--address", "203.0.113.10", "--port", "50505",
        ])
        #expect(chosen.text.split(separator: "\n").count == 2, "a header line and a row: \(chosen.text)")
        #expect(chosen.text.split(separator: " ").prefix(3) == ["map", "state", "key"], "\(chosen.text)")
        try lab.down()
    }

    /// The key of the victim leads to a dead socket; a healthy connection's leads to its peer.
    @Test func thePathOfWhatIsSent() throws {
        let lab = try RealLab("graph")
        _ = try lab.breakIt(["zombie", "--pod", "shop/web-0"])
        let load = try lab.start(
            "node",
            [Programs.lab, "load", "--host", "203.0.113.11", "--connections", "2", "--seconds", "600"] + Scale.patience)
        #expect(try lab.entries(atLeast: 5) == 5)
        let map = "\(try lab.map())"
        let output = try lab.unstuck(["sockmaps", "graph", "203.0.113.11:7070", "--map", map, "--output", "json"])
        #expect(output.status == 0, "\(output.errors)")
        let paths = try JSONValue(output.text)["data"].array
        #expect(paths.count == 4, "both directions of both connections")
        #expect(paths.allSatisfy { $0["hops"][0]["verdict"].text == "reaches its peer" })
        // The other maps' senders are not this one's.
        let other = try TestMap()
        let none = try lab.unstuck(["sockmaps", "graph", "203.0.113.11:7070", "--map", "\(other.id)", "-o", "json"])
        #expect(try JSONValue(none.text)["data"].array.isEmpty, "\(none.text)")

        // What is closed, or waits in TIME_WAIT, sends no more.
        load.terminate()
        _ = try load.wait()
        var left = ""
        let isOver = try Wait.until {
            left = try lab.unstuck(["sockmaps", "graph", "203.0.113.11:7070", "-o", "json"]).text
            return try JSONValue(left)["data"].array.isEmpty
        }
        #expect(isOver, "\(left)")
        try lab.down()
    }
}
