import Foundation
import Testing
import UnstuckModel
import UnstuckOperations

/// Commands in this process, with a context of the test's.
@Suite("Commands, in process")
struct CommandTests {
    /// A file of the test's, removed afterwards.
    private static func with(_ text: String, _ body: (String) throws -> Void) throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "unstuck-test-\(UUID().uuidString)")
        try Data(text.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try body(file.path)
    }

    private static func key(_ local: String, _ remote: String) throws -> SockmapKey {
        let tuple = FourTuple(local: try #require(Endpoint(local)), remote: try #require(Endpoint(remote)))
        return SockmapKey(try #require(KeyLayout.cilium.encode(tuple)))
    }

    /// A map of one live entry and, if asked for, one whose socket was dead in both snapshots.
    private static func bundle(dead: Bool) throws -> String {
        let ports: [(remote: UInt16, state: TCPState)] =
            [(50_001, .established)] + (dead ? [(50_000, .close)] : [])
        let snapshots = try [100.0, 103].map { monotonic in
            var snapshot = Snapshot(
                takenAt: 1_000_000 + monotonic, monotonic: monotonic, host: "node-a", boot: "b", kernelRelease: "6.12")
            var namespace = NetworkNamespace(inode: 1, name: nil, process: 1, wasRead: true)
            namespace.localPorts = .standard
            for evidence in [Evidence.sockmaps, .sockets, .namespaces] {
                snapshot.coverage.noteRead(evidence, at: monotonic)
            }
            snapshot.handlers = [Handlers(recvmsg: nil, sendmsg: nil, close: nil, destroy: nil, unhash: nil)]
            snapshot.namespaces = [namespace]
            var map = Sockmap(id: 1, name: "seen", kind: .sockhash, keySize: 44, valueSize: 4, maxEntries: 100)
            for (number, port) in ports.enumerated() {
                let (local, remote) = ("203.0.113.7:8080", "192.0.2.10:\(port.remote)")
                let tuple = FourTuple(local: try #require(Endpoint(local)), remote: try #require(Endpoint(remote)))
                let socket = KernelSocket(
                    identity: SocketIdentity(address: UInt64(number + 1), cookie: UInt64(number + 1)), tuple: tuple,
                    state: port.state, hasSocket: true, isDead: false, inode: UInt64(number + 1), netns: 1, cgroup: 0,
                    handlers: 0, psock: nil)
                map.entries.append(
                    SockmapEntry(key: try key(local, remote), socket: socket, isStable: true))
            }
            snapshot.sockmaps = [map]
            return snapshot
        }
        return try BundleFile.text(snapshots)
    }

    @Test func diagnoseOfABundle() throws {
        try Self.with(Self.bundle(dead: true)) { file in
            let json = try CapturedCommand(["diagnose", "--from", file, "--output", "json"])
            #expect(json.status == 1, "\(json.errors)")
            #expect(json.output.contains("sockmap.zombie"))
            #expect(json.errors.isEmpty)
        }
        try Self.with(Self.bundle(dead: false)) { file in
            let text = try CapturedCommand(["diagnose", "--from", file])
            #expect(!text.output.contains("sockmap.zombie"))
            #expect(text.status != 1, "\(text.output)")
        }
    }

    @Test func colourOnATerminalOnly() throws {
        try Self.with(Self.bundle(dead: true)) { file in
            let command = ["diagnose", "--from", file]
            #expect(try !CapturedCommand(command).output.contains("\u{1B}["))
            #expect(try CapturedCommand(command, isTerminal: true).output.contains("\u{1B}["))
            let without = try CapturedCommand(command, isTerminal: true, environment: ["NO_COLOR": "1"])
            #expect(!without.output.contains("\u{1B}["))
            #expect(without.status == 1)
        }
    }

    @Test func whatIsNoBundleIsNamed() throws {
        try Self.with("{}") { file in
            let refused = try CapturedCommand(["diagnose", "--from", file])
            #expect(refused.status == 2)
            #expect(refused.output.isEmpty)
            #expect(refused.errors == "unstuck: \(file) is not a bundle of `unstuck collect`\n")
        }
    }

    @Test func decodeOfADump() throws {
        let key = try Self.key("203.0.113.7:8080", "192.0.2.10:50000")
        let hex = key.bytes.map { SockmapKey([$0]).description }.joined(separator: " ")
        try Self.with("key: \(hex)  value: No such file or directory\nFound 0 elements\n") { file in
            let text = try CapturedCommand(["sockmaps", "decode", file, "--layout", "cilium"])
            #expect(text.status == 0, "\(text.errors)")
            #expect(text.output.contains("203.0.113.7:8080 <- 192.0.2.10:50000"), "\(text.output)")
            #expect(text.output.contains("1 key of 44 bytes"))
        }
        try Self.with(" \n") { file in
            let empty = try CapturedCommand(["sockmaps", "decode", file])
            #expect(empty.status == 2)
            #expect(empty.errors.contains("is empty"))
        }
    }

    @Test func usageAndHelp() throws {
        let wrong = try CapturedCommand(["sockmaps", "decode", "--layout", "nobodys"])
        #expect(wrong.status == 64)
        #expect(wrong.output.isEmpty)
        #expect(wrong.errors.contains("nobodys"))
        let help = try CapturedCommand(["diagnose", "--help"])
        #expect(help.status == 0)
        #expect(help.output.contains("EXIT STATUS"))
        #expect(help.errors.isEmpty)
    }
}
