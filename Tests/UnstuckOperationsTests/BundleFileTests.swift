import Foundation
import Testing
import UnstuckKernel
import UnstuckModel
import UnstuckOperations

@Suite("Bundle files")
struct BundleFileTests {
    static func snapshot(_ monotonic: Double) -> Snapshot {
        var snapshot = Snapshot(
            takenAt: 1_000_000, monotonic: monotonic, host: "node-a", boot: "b", kernelRelease: "6.12")
        snapshot.handlers = [
            Handlers(recvmsg: "tcp_recvmsg", sendmsg: nil, close: nil, destroy: nil, unhash: nil)
        ]
        for evidence in [Evidence.sockmaps, .sockets, .namespaces] {
            snapshot.coverage.noteRead(evidence, at: monotonic)
        }
        return snapshot
    }

    /// With sockets and entries of more than one batch, and texts that look like the places where those stand.
    static func large(_ monotonic: Double) throws -> Snapshot {
        var snapshot = snapshot(monotonic)
        snapshot.host = #"node "sockets":[],"sockmaps":[] \"#
        for id: UInt32 in [1, 2, 3] {
            var map = Sockmap(
                id: id, name: #""entries":[]"#, kind: .sockhash, keySize: 44, valueSize: 4, maxEntries: 5000)
            for number in 0..<(id == 3 ? 0 : 1500) {
                let local = Endpoint(IPAddress(v4: 0xCB00_7107), 8080)
                let remote = Endpoint(IPAddress(v4: 0xC000_020A), UInt16(10_000 + number))
                let tuple = FourTuple(local: local, remote: remote)
                let socket = KernelSocket(
                    identity: SocketIdentity(address: UInt64(number + 1), cookie: UInt64(number + 1)), tuple: tuple,
                    state: .established, hasSocket: true, isDead: false, inode: UInt64(number + 1), netns: 1, cgroup: 0,
                    handlers: 0, psock: nil)
                map.entries.append(
                    SockmapEntry(
                        key: SockmapKey(try #require(KeyLayout.cilium.encode(tuple))), socket: socket, isStable: true)
                )
                if id == 1 { snapshot.sockets.append(TCPSocket(socket: socket, retransmits: 0)) }
            }
            snapshot.sockmaps.append(map)
        }
        return snapshot
    }

    static func failure(_ bytes: [UInt8]) -> OperationError? {
        do throws(OperationError) {
            _ = try BundleFile.bundle(from: bytes, named: "file")
            return nil
        } catch {
            return error
        }
    }

    static func packed(_ snapshots: [Snapshot]) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try BundleFile.write(snapshots, packed: true) { piece in unsafe piece.withUnsafeBytes { unsafe bytes += $0 } }
        return bytes
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        let snapshots = [try Self.large(100), try Self.large(103)]
        let text = try BundleFile.text(snapshots)
        #expect(text.hasPrefix(#"{"kind":"unstuck.bundle","version":2,"unstuck":"\#(unstuckVersion)","snapshots":["#))
        let packed = try Self.packed(snapshots)
        #expect(packed.starts(with: [0x1F, 0x8B]) && packed.count * 4 < text.utf8.count)
        for bytes in [Array(text.utf8), packed] {
            let read = try BundleFile.bundle(from: bytes, named: "file").snapshots
            #expect(read.map(\.monotonic) == [100, 103])
            #expect(read.map(\.host) == snapshots.map(\.host))
            for (read, saved) in zip(read, snapshots) {
                #expect(read.sockets.map(\.socket.tuple) == saved.sockets.map(\.socket.tuple))
                #expect(read.sockmaps.map(\.name) == saved.sockmaps.map(\.name))
                #expect(read.sockmaps.map { $0.entries.map(\.key) } == saved.sockmaps.map { $0.entries.map(\.key) })
                #expect(read.coverage == saved.coverage)
                #expect(read.sockets.allSatisfy { $0.retransmits == 0 && $0.backoff == nil })
            }
        }
    }

    /// No piece is anything like the whole.
    @Test func itIsWrittenInPieces() throws {
        let snapshots = [try Self.large(100)]
        var (largest, whole) = (0, 0)
        try BundleFile.write(snapshots, packed: false) { piece in
            largest = max(largest, piece.byteCount)
            whole += piece.byteCount
        }
        #expect(largest * 3 < whole, "\(largest) of \(whole)")
    }

    @Test func everyRefusalHasItsCode() throws {
        var newer = Self.snapshot(100)
        newer.version = Snapshot.currentVersion + 1
        #expect(Self.failure(Array(try BundleFile.text([newer]).utf8))?.code == .flawedBundle)
        let next = #"{"kind":"unstuck.bundle","version":3,"unstuck":"0.9","snapshots":[]}"#
        #expect(Self.failure(Array(next.utf8))?.code == .otherVersion)
        #expect(
            Self.failure(Array(next.utf8))?.message
                == "file is a bundle of version 3, saved by unstuck 0.9; unstuck \(unstuckVersion) reads versions 1 and 2: "
                + "update unstuck, or collect again with \(unstuckVersion)")
        #expect(Self.failure(Array(try BundleFile.text([Self.snapshot(-1)]).utf8))?.code == .flawedBundle)
        #expect(Self.failure(Array(try BundleFile.text([]).utf8))?.code == .flawedBundle)
        for kind in ["7", "[]", "\"unstuck.bundle\u{0}\""] {
            let odd = try BundleFile.text([Self.snapshot(100)]).replacing(#""unstuck.bundle""#, with: kind)
            #expect(Self.failure(Array(odd.utf8)) != nil, "of kind \(kind)")
        }
        #expect(Self.failure([0x1F, 0x8B, 8])?.code == .damagedBundle)
        #expect(Self.failure(Array("{}".utf8))?.code == .notABundle)
        #expect(Self.failure([])?.message == "file is empty: collect again")
        #expect(Self.failure(Array(try BundleFile.text([Self.snapshot(100)]).utf8)) == nil)
    }

    /// How far it is whole, and what to do.
    @Test func whatIsCutOffIsExplained() throws {
        let bytes = Array(try BundleFile.text([Self.snapshot(100), Self.snapshot(103)]).utf8)
        let end = try #require(bytes.firstRange(of: Array("},\n{".utf8))).lowerBound + 20
        let cut = try #require(Self.failure(Array(bytes[..<end])))
        #expect(
            cut.message
                == "file is not whole: it is cut off after \(end) bytes, in snapshot 2; 1 snapshot before it is whole; "
                + "copy it again, or collect again")
        let packed = try Self.packed([try Self.large(100)])
        let half = try #require(Self.failure(Array(packed[..<(packed.count / 2)])))
        #expect(half.code == .damagedBundle)
        #expect(half.message.contains("gzip data ends too early, after \(packed.count / 2) bytes"), "\(half.message)")
        #expect(half.message.contains("in snapshot 1; copy it again"), "\(half.message)")
        var wrong = packed
        wrong[packed.count / 2] ^= 0xFF
        let damaged = try #require(Self.failure(wrong))
        #expect(damaged.code == .damagedBundle && damaged.message.contains("damaged at byte"), "\(damaged.message)")
        var checksum = packed
        checksum[packed.count - 8] ^= 1
        #expect(Self.failure(checksum)?.code == .damagedBundle)
    }

    @Test func severalMembersAndPadding() throws {
        let text = Array(try BundleFile.text([Self.snapshot(100)]).utf8)
        func pack(_ bytes: ArraySlice<UInt8>) throws -> [UInt8] {
            var result: [UInt8] = []
            guard var stream = GzipStream() else { throw GzipStream.Failure() }
            let sink: (RawSpan) throws -> Void = { piece in unsafe piece.withUnsafeBytes { unsafe result += $0 } }
            try unsafe stream.write(bytes.span.bytes, to: sink)
            try stream.finish(to: sink)
            return result
        }
        let two = try pack(text[..<100]) + pack(text[100...])
        #expect(Self.failure(two) == nil)
        #expect(Self.failure(two + [UInt8](repeating: 0, count: 512)) == nil)
        #expect(Self.failure(two + Array("rest".utf8))?.code == .damagedBundle)
        #expect(Self.failure(try pack([]))?.code == .notABundle)
    }

    /// Said twice, and what nothing has.
    @Test func duplicatesAndImpossibleValues() throws {
        func message(_ change: (inout Snapshot) -> Void) throws -> String? {
            var snapshot = try Self.large(100)
            change(&snapshot)
            return Self.failure(Array(try BundleFile.text([Self.snapshot(97), snapshot]).utf8))?.message
        }
        let prefix = "file cannot be evaluated: snapshot 2: "
        #expect(try message { _ in } == nil)
        #expect(try message { $0.sockets.append($0.sockets[7]) } == prefix + "sockets[1500] is the same as sockets[7]")
        #expect(
            try message { $0.sockmaps[1].entries.append($0.sockmaps[1].entries[9]) }
                == prefix + "sockmap 2: entries[1500] has the key of entries[9]")
        #expect(try message { $0.sockmaps[1].id = 1 } == prefix + "two sockmaps have one id")
        #expect(
            try message { $0.sockets[3].socket.state = TCPState(rawValue: 77) }
                == prefix + "sockets[3]: no TCP socket is in state 77")
        #expect(
            try message { $0.sockets[3].socket.handlers = 5 } == prefix + "sockets[3]: there are no handlers 5, only 1")
        #expect(try message { $0.sockmaps[0].maxEntries = 700 } == prefix + "sockmap 1: 1500 entries, and room for 700")
        #expect(
            try message { $0.sockmaps[2].maxEntries = 0 }
                == prefix + "sockmap 3: no map has keys of 44 bytes, values of 4, and room for 0")
        #expect(
            try message { $0.selectedMaps = [1, 3] } == prefix + "sockmap 2 is not among those that were selected")
        #expect(
            try message {
                $0.programs = [BPFProgram(id: 4, name: "a", maps: []), BPFProgram(id: 4, name: "b", maps: [])]
            }
                == prefix + "programs[1] is the same as programs[0]")
    }

    @Test(arguments: [
        (#""retransmits":0"#, #""retransmits":-5"#, "sockets[0].retransmits: "),
        (#""local":"203.0.113.7:8080""#, #""local":"203.0.113.7:65536""#, "sockets[0].socket.tuple"),
        (#""local":"203.0.113.7:8080""#, #""local":7"#, "sockets[0].socket.tuple"),
        (#""monotonic":100,"#, "", "monotonic is missing"),
        (#""netns":1,"#, #""netns":4294967296,"#, "sockets[0].socket.netns: "),
    ])
    func whatDoesNotFitIsPlaced(_ old: String, _ new: String, _ place: String) throws {
        let text = try BundleFile.text([Self.large(100)])
        let found = try #require(text.firstRange(of: old))
        let message = try #require(Self.failure(Array(text.replacingCharacters(in: found, with: new).utf8))).message
        #expect(message.hasPrefix("file cannot be evaluated: snapshot 1: \(place)"), "\(message)")
    }

    @Test func anAbsentFileIsNamedWithItsCause() {
        let error = #expect(throws: OperationError.self) { try BundleFile.read("/nonexistent/bundle.json") }
        #expect(error?.code == .unreadableFile)
        #expect(error?.message == "cannot read /nonexistent/bundle.json: No such file or directory")
        #expect((error?.cause as? SystemError)?.call == "open")
    }

    /// A file is whole or as it was; a device stays one.
    @Test func filesAreReplacedInOneStep() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "unstuck-test-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = "\(folder)/node.json.gz"
        try BundleFile.write([Self.snapshot(100)], packed: true, toFile: file)
        #expect(try BundleFile.read(file).snapshots.count == 1)
        let before = try readFile(file)
        var impossible = Self.snapshot(103)
        impossible.takenAt = .nan
        #expect(throws: EncodingError.self) {
            try BundleFile.write([Self.snapshot(100), impossible], packed: true, toFile: file)
        }
        #expect(try readFile(file) == before)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["node.json.gz"])
        #expect(throws: OperationError.self) {
            try BundleFile.write([Self.snapshot(100)], packed: false, toFile: "/dev/full")
        }
    }
}

/// Cut anywhere: an answer, never a trap.
@Suite("Bundles that are cut off")
struct CutBundleTests {
    private static func bundles() throws -> [[UInt8]] {
        let fixture = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "UnstuckFormatsTests/Fixtures/bundles/version1-fionread.json")
        let first = Array(try Data(contentsOf: fixture))
        var small = BundleFileTests.snapshot(100)
        let map = try BundleFileTests.large(100).sockmaps[0]
        small.sockmaps = [map]
        small.sockmaps[0].entries.removeLast(1490)
        let text = Array(try BundleFile.text([small, small]).utf8)
        return [first, text, try BundleFileTests.packed([small, small])]
    }

    @Test func cutAnywhere() throws {
        for bytes in try Self.bundles() {
            for count in stride(from: 0, to: bytes.count - 2, by: max(bytes.count / 97, 1)) {
                let failure = try #require(BundleFileTests.failure(Array(bytes[..<count])), "\(count)")
                #expect([.damagedBundle, .notABundle].contains(failure.code), "\(count): \(failure)")
            }
        }
    }
}
