import Foundation
import Testing
import UnstuckModel
import UnstuckOperations

/// `unstuck diagnose` of a kubelet's log, in this process.
@Suite("diagnose --kubelet-log, in process")
struct KubeletLogCommandTests {
    private static func with(_ bytes: [UInt8], _ body: (String) throws -> Void) throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "unstuck-test-\(UUID().uuidString)")
        try Data(bytes).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try body(file.path)
    }

    private static func line(_ words: String) -> String {
        "I1129 10:15:00.123456    1233 prober.go:120] \"Probe failed\" probeType=\"Readiness\" pod=\"shop/web-0\" "
            + "podUID=\"u\" containerName=\"web\" probeResult=\"failure\" output=\"\(words)\""
    }

    private static let silence = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"

    /// Two snapshots of a pod with live connections and, if asked for, a stale entry.
    private static func bundle(stale: Bool) throws -> [UInt8] {
        let snapshots = try [100.0, 103].map { monotonic in
            var snapshot = Snapshot(
                takenAt: 1_000_000 + monotonic, monotonic: monotonic, host: "node-a", boot: "b", kernelRelease: "6.12")
            snapshot.namespaces = [NetworkNamespace(inode: 1, name: nil, process: 1, wasRead: true)]
            for evidence in [Evidence.sockmaps, .sockets, .namespaces] {
                snapshot.coverage.noteRead(evidence, at: monotonic)
            }
            snapshot.handlers = [Handlers(recvmsg: nil, sendmsg: nil, close: nil, destroy: nil, unhash: nil)]
            var map = Sockmap(id: 1, name: "seen", kind: .sockhash, keySize: 44, valueSize: 4, maxEntries: 100)
            let ports: [(UInt16, TCPState)] = [(50_001, .established), (50_003, .established)]
            for (number, (port, state)) in (ports + (stale ? [(50_000, .close)] : [])).enumerated() {
                let tuple = FourTuple(
                    local: try #require(Endpoint("203.0.113.7:8080")),
                    remote: try #require(Endpoint("192.0.2.10:\(port)")))
                let socket = KernelSocket(
                    identity: SocketIdentity(address: UInt64(number + 1), cookie: UInt64(number + 1)), tuple: tuple,
                    state: state, hasSocket: true, isDead: false, inode: UInt64(number + 1), netns: 1, cgroup: 0,
                    handlers: 0, psock: nil)
                let key = SockmapKey(try #require(KeyLayout.cilium.encode(tuple)))
                map.entries.append(SockmapEntry(key: key, socket: socket, isStable: true))
                if state == .established { snapshot.sockets.append(TCPSocket(socket: socket)) }
            }
            snapshot.sockmaps = [map]
            return snapshot
        }
        return Array(try BundleFile.text(snapshots).utf8)
    }

    @Test func aCandidateIsLookedUp() throws {
        let log = Array(Self.line(#"Get \"http://203.0.113.7:8080/\": \#(Self.silence)"#).utf8)
        for stale in [true, false] {
            try Self.with(Self.bundle(stale: stale)) { bundle in
                try Self.with(log) { file in
                    let text = try CapturedCommand(
                        ["diagnose", "--kubelet-log", file, "--from", bundle], environment: ["COLUMNS": "400"])
                    #expect(text.status == (stale ? 1 : 0), "\(text.output)\(text.errors)")
                    #expect(text.output.contains("1 candidate for a stuck connection"))
                    #expect(text.output.contains(stale ? "at risk: shop/web-0" : "nothing is stuck or at risk now"))
                    #expect(text.output.contains("sockmap.zombie") == stale)
                    let json = try CapturedCommand(
                        ["diagnose", "--kubelet-log", file, "--from", bundle, "--output", "json"])
                    #expect(json.status == (stale ? 1 : 0) && json.output.contains("\"unstuck.diagnose.kubelet/1\""))
                    #expect(json.output.contains(stale ? "\"verdict\":\"at-risk\"" : "\"verdict\":\"nothing\""))
                }
            }
        }
    }

    /// Nothing is looked up, so nothing has to be: no snapshot, no root.
    @Test func withoutACandidate() throws {
        for words in [
            "HTTP probe failed with statuscode: 500", "dial tcp 203.0.113.7:8080: connect: connection refused",
        ] {
            let text = try CapturedCommand(["diagnose", Self.line(words)])
            #expect(text.status == 0 && text.output.contains("0 candidates") && !text.output.contains("now on"))
            let json = try CapturedCommand(["diagnose", Self.line(words), "-o", "json"])
            #expect(json.status == 0 && !json.output.contains("lookups"))
        }
    }

    /// Whatever a pod is called, and whatever its server says.
    @Test func hostileBytes() throws {
        let evil = "\u{1B}]0;own\u{7}\u{202E}\u{9B}2J"
        let lines = [
            "{\"msg\":\"Probe failed\",\"probeType\":\"Readiness\",\"pod\":\"\\u001b]0;own\\u0007\\u202e\\u009b2J\","
                + "\"containerName\":\"\\u001b[2J\",\"output\":\"Get \\\"http://\\u001b[2J/\\\": EOF\"}",
            Self.line(#"Get \"http://\x1b]0;own\a\u202e/\": EOF"#).replacing("shop/web-0", with: #"\x1b]0;own\a"#),
            "Name: \(evil)\n  Warning  Unhealthy  3m  kubelet  Readiness probe failed: Get \"http://x/\": EOF",
        ]
        try Self.with(Array(lines.joined(separator: "\n").utf8) + [0x0A, 0xFF, 0xFE, 0x00]) { file in
            for arguments in [[], ["-v"], ["--output", "json"]] {
                let result = try CapturedCommand(["diagnose", "--kubelet-log", file] + arguments)
                #expect(result.status == 0, "\(result.errors)")
                let acting = result.output.unicodeScalars.filter { $0 != "\n" && $0.actsOnTerminals }
                #expect(acting.isEmpty, "\(arguments)")
                #expect(result.output.contains("own"))
            }
        }
    }

    @Test func whatIsNoLog() throws {
        func refusal(_ bytes: [UInt8]) throws -> String {
            var errors = ""
            try Self.with(bytes) { file in
                let result = try CapturedCommand(["diagnose", "--kubelet-log", file])
                #expect(result.status == 2 && result.output.isEmpty)
                errors = result.errors
            }
            return errors
        }
        #expect(try refusal([]).contains("is empty"))
        #expect(try refusal(Array("hello\nworld\n".utf8)).contains("none of 2 lines is one of kubelet's log"))
        #expect(try refusal([0x1F, 0x8B, 8, 0, 0]).contains("is packed: zcat FILE | unstuck"))
        let missing = try CapturedCommand(["diagnose", "--kubelet-log", "/nonexistent"])
        #expect(missing.status == 2 && missing.errors.contains("cannot read /nonexistent: No such file or directory"))
        let word = try CapturedCommand(["diagnose", "shop/web-0"])
        #expect(word.status == 64 && word.errors.contains("no failed probe is in 1 line that was given"))
    }

    @Test(arguments: [
        ["--probe"], ["--kubelet-log", "-", "--from", "-"], ["a line", "--probe", "--probe-timeout", "0"],
        ["--kubelet-log", "a", "a line"],
        ["--kubelet-log", "a", "--probe", "--from", "b"],
    ])
    func usage(_ arguments: [String]) throws {
        #expect(try CapturedCommand(["diagnose"] + arguments).status == 64)
    }
}
