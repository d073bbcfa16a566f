import Foundation
import TestSupport
import Testing
import UnstuckModel

/// Bundles come from anywhere: a crafted one is evaluated or refused, with words, and never ends the program by a trap.
@Suite("Crafted bundles", .requires(.native))
struct BundleTests {
    private static let folder = FileManager.default.temporaryDirectory

    /// A look at two maps: a zombie in the one, a walked key that nobody has in the other.
    private static func look(_ monotonic: Double) throws -> Snapshot {
        func tuple(_ local: String, _ remote: String) throws -> FourTuple {
            FourTuple(local: try #require(Endpoint(local)), remote: try #require(Endpoint(remote)))
        }
        func socket(_ tuple: FourTuple, _ number: UInt64, _ state: TCPState) -> KernelSocket {
            KernelSocket(
                identity: SocketIdentity(address: number, cookie: number), tuple: tuple, state: state, hasSocket: true,
                isDead: false, inode: number, netns: 1, cgroup: 0, handlers: 0, psock: nil)
        }
        var look = Snapshot(
            takenAt: 1_000_000 + monotonic, monotonic: monotonic, host: "node-a", boot: "b", kernelRelease: "6.12")
        var namespace = NetworkNamespace(inode: 1, name: nil, process: 1, wasRead: true)
        namespace.localPorts = .standard
        look.namespaces = [namespace]
        look.handlers = [Handlers(recvmsg: nil, sendmsg: nil, close: nil, destroy: nil, unhash: nil)]
        for evidence in [Evidence.sockmaps, .sockets, .namespaces] { look.coverage.noteRead(evidence, at: monotonic) }
        var seen = Sockmap(id: 1, name: "seen", kind: .sockhash, keySize: 44, valueSize: 4, maxEntries: 100)
        var walked = Sockmap(id: 2, name: "walked", kind: .sockhash, keySize: 44, valueSize: 4, maxEntries: 100)
        walked.walk = SockmapWalk(isComplete: true)
        let dead = try tuple("203.0.113.7:8080", "192.0.2.10:50000")
        let live = try (1...4).map { try tuple("203.0.113.7:8080", "192.0.2.10:\(50_000 + $0)") }
        for (number, tuple) in ([dead] + live).enumerated() {
            let key = SockmapKey(try #require(KeyLayout.cilium.encode(tuple)))
            let socket = socket(tuple, UInt64(number + 1), number == 0 ? .close : .established)
            seen.entries.append(SockmapEntry(key: key, socket: socket, isStable: true))
            walked.walk?.entries.append(WalkedEntry(key: key, isStable: true))
            guard number > 0 else { continue }
            look.sockets.append(TCPSocket(socket: socket))
        }
        seen.keyType = KeyType(
            name: "sock_key", size: 44,
            members: [(0, 16), (16, 16), (32, 1), (33, 1), (36, 4), (40, 4)].map {
                .init(name: "m", type: "t", offset: $0.0, size: $0.1)
            })
        look.sockmaps = [seen, walked]
        return look
    }

    private static func bundle(_ looks: [Snapshot]) throws -> Any {
        [
            "kind": "unstuck.bundle", "version": 2, "unstuck": "0",
            "snapshots": try JSONSerialization.jsonObject(with: JSONEncoder().encode(looks)),
        ]
    }

    /// Replaces what stands at a path ("sockmaps.0.keySize") of a look.
    private static func change(_ value: Any, _ path: ArraySlice<String>, to new: Any) -> Any {
        guard let first = path.first else { return new }
        if var list = value as? [Any], let index = Int(first), list.indices.contains(index) {
            list[index] = change(list[index], path.dropFirst(), to: new)
            return list
        }
        guard var object = value as? [String: Any] else { return value }
        object[first] = change(object[first] ?? NSNull(), path.dropFirst(), to: new)
        return object
    }

    private static func evaluate(_ bundle: Any, _ command: [String]) throws -> Programs.Output {
        let file = folder.appending(path: "unstuck-test-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        try JSONSerialization.data(withJSONObject: bundle).write(to: file)
        return try Programs.run(Programs.unstuck, command + ["--from", file.path])
    }

    @Test func theLooksComeInAnyOrder() throws {
        for looks in [[100.0, 103], [103, 100]] {
            let bundle = try Self.bundle(looks.map(Self.look))
            let output = try Self.evaluate(bundle, ["diagnose", "--output", "json"])
            #expect(output.status == 1, "\(output.text)\(output.errors)")
            #expect(Set(try JSONValue(output.text)["data"].codes) == ["sockmap.zombie", "sockmap.unseen"])
        }
    }

    /// From a pipe, packed or not, and what is cut on the way is said with what to do.
    @Test func standardInput() throws {
        let text = try JSONSerialization.data(withJSONObject: Self.bundle([Self.look(100), Self.look(103)]))
        let file = Self.folder.appending(path: "unstuck-test-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        try text.write(to: file)
        func evaluate(_ source: String) throws -> Programs.Output {
            try Programs.run("/bin/sh", ["-c", "\(source) '\(file.path)' | '\(Programs.unstuck)' diagnose --from -"])
        }
        for source in ["cat", "gzip -c", "head -c 1000000"] {
            let output = try evaluate(source)
            #expect(output.status == 1 && output.text.contains("sockmap.zombie"), "\(source): \(output.errors)")
        }
        let cut = try evaluate("head -c \(text.count - 10)")
        #expect(cut.status == 2 && cut.text.isEmpty)
        #expect(
            cut.errors.contains("standard input is not whole: it is cut off after \(text.count - 10) bytes"),
            "\(cut.errors)")
        #expect(cut.errors.contains("collect again"), "\(cut.errors)")
        let twice = try Programs.run(Programs.unstuck, ["diagnose", "--from", "-", "--from", "-"])
        #expect(twice.status == 64, "\(twice.errors)")
    }

    /// A verdict a node and boot; the same file twice counts once.
    @Test func severalNodes() throws {
        var files: [String] = []
        defer { for file in files { try? FileManager.default.removeItem(atPath: file) } }
        func save(_ host: String, _ boot: String, _ times: [Double]) throws -> String {
            let looks = try times.map { time in
                var look = try Self.look(time)
                (look.host, look.boot) = (host, boot)
                return look
            }
            let file = Self.folder.appending(path: "unstuck-test-\(UUID().uuidString).json")
            try JSONSerialization.data(withJSONObject: Self.bundle(looks)).write(to: file)
            files.append(file.path)
            return file.path
        }
        let first = try save("node-a", "b1", [100, 103])
        let sources = try [first, save("node-b", "b2", [100]), first, save("node-a", "b3", [101])]
        let arguments = ["diagnose"] + sources.flatMap { ["--from", $0] }
        let output = try Programs.run(Programs.unstuck, arguments + ["--output", "json"])
        #expect(output.status == 1, "\(output.errors)")
        #expect(try Schemas.misfits(of: output.text, with: "diagnose.nodes") == "")
        let nodes = try JSONValue(output.text)["data"]["nodes"].array
        let seen = nodes.map { "\($0["host"].text) \($0["boot"].text) \($0["diagnosis"]["checked"]["samples"].number)" }
        #expect(seen == ["node-a b3 1.0", "node-a b1 2.0", "node-b b2 1.0"], "\(seen)")
        // Of one sample nothing is concluded with the help of another node's.
        #expect(nodes.map { $0["diagnosis"].codes.contains("sockmap.zombie") } == [false, true, false])
        let text = try Programs.run(Programs.unstuck, arguments)
        #expect(text.status == 1 && text.text.hasPrefix("node"), "\(text.text)")
        #expect(text.text.contains("inconclusive") && text.text.contains("faults found"), "\(text.text)")
        let once = try Programs.run(Programs.unstuck, ["diagnose", "--from", first, "--from", first, "-o", "json"])
        #expect(try JSONValue(once.text)["data"]["checked"]["samples"].number == 2)
        let forecast = try Programs.run(
            Programs.unstuck, ["sockmaps", "forecast"] + sources.flatMap { ["--from", $0] })
        #expect(forecast.status == 2 && forecast.errors.contains("never compared"), "\(forecast.errors)")
    }

    /// Each of these is refused with words.
    @Test(arguments: [
        ("sockmaps.0.keySize", -1), ("sockmaps.0.keySize", 0), ("sockmaps.0.keySize", 43), ("sockmaps.0.keySize", 513),
        ("sockmaps.0.keySize", Int.max), ("sockmaps.1.keySize", 43), ("sockmaps.0.maxEntries", -1),
        ("sockmaps.0.maxEntries", Int.min), ("sockmaps.0.maxEntries", Int.max), ("sockmaps.0.maxEntries", 0),
        ("sockmaps.0.entries.0.socket.handlers", 99), ("sockmaps.0.entries.0.socket.handlers", -1),
        ("sockmaps.0.entries.0.socket.state", 250), ("sockmaps.0.entries.0.socket.state", -1),
        ("sockets.0.socket.inode", -7), ("sockets.0.socket.netns", Int.max), ("sockets.0.socket.tuple.local", 70_000),
        ("sockmaps.0.valueSize", -8),
        ("sockmaps.0.keyType.members.0.offset", Int.max), ("sockmaps.0.keyType.members.0.size", Int.max),
        ("sockmaps.0.keyType.members.0.offset", -1), ("sockmaps.0.keyType.size", Int.min), ("sockmaps.1.id", 1),
        ("namespaces.0.localPorts.high", 1), ("monotonic", -5), ("takenAt", Int.max),
    ])
    func whatNoNodeHasIsRefused(_ path: String, _ value: Int) throws {
        let first = Self.change(
            try Self.bundle([Self.look(100), Self.look(103)]),
            ["snapshots", "1"] + path.split(separator: ".").map(String.init)[...], to: value)
        for command in [["diagnose"], ["sockmaps", "forecast"]] {
            let output = try Self.evaluate(first, command)
            #expect(output.status == 2, "\(output.text)\(output.errors)")
            #expect(output.errors.contains("cannot be evaluated: snapshot 2: "), "\(output.errors)")
        }
    }

    /// And these are checked, or no bundle: what matters is that the program says so.
    @Test(arguments: [
        ("monotonic", 4_300_000 as any Sendable), ("monotonic", 1e300), ("boot", "another"),
        ("sockmaps.0.handlers", 99),
        ("sockmaps.0.entries.0.socket.handlers", -1), ("sockmaps.0.entries.0.key", "zz"),
        ("sockmaps.0.entries.0.key", String(repeating: "00", count: 65)), ("sockmaps.0.entries.0.socket.state", 250),
        ("sockmaps.1.walk.restarts", -1), ("sockmaps.0.keyType.size", 0), ("sockmaps", 5), ("version", 999),
        ("sockmaps.0.maxEntries", 0), ("sockmaps.0.name", String(repeating: "\u{1B}[31m", count: 9)),
    ])
    func whatIsOddIsEvaluatedOrRefused(_ path: String, _ value: any Sendable) throws {
        let odd = Self.change(
            try Self.bundle([Self.look(100), Self.look(103)]),
            ["snapshots", "1"] + path.split(separator: ".").map(String.init)[...], to: value)
        for command in [["diagnose"], ["diagnose", "--output", "json"], ["sockmaps", "forecast"]] {
            let output = try Self.evaluate(odd, command)
            #expect((0...2).contains(output.status), "\(path): \(output.status) \(output.errors)")
            #expect(!(output.text + output.errors).isEmpty)
            #expect(!(output.text + output.errors).contains("\u{1B}"))
        }
    }
}
