import Foundation
import Testing
import UnstuckFormats
import UnstuckModel

/// What is read before the contents, and what version 1 becomes.
@Suite("Saved bundles")
struct SavedBundleTests {
    private static func decode(_ text: String) throws -> UnstuckModel.Bundle {
        try JSONDecoder().decode(SavedBundle.self, from: Data(text.utf8)).bundle
    }

    private static func failure(_ text: String) -> SavedBundle.Failure? {
        do {
            _ = try decode(text)
            return nil
        } catch {
            return error as? SavedBundle.Failure
        }
    }

    static func fixture() throws -> Data {
        try Data(
            contentsOf: URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "Fixtures/bundles/version1-fionread.json"))
    }

    /// Contents that no version has are never looked at where the version is not ours.
    @Test func versionsAreReadBeforeContents() {
        let contents = #""snapshots": [{"version": 3, "sockets": "in another form"}]"#
        let newer = Self.failure(#"{"kind": "unstuck.bundle", "version": 3, "unstuck": "9.1", \#(contents)}"#)
        #expect(newer == .version(3, by: "9.1"))
        let words = newer?.description ?? ""
        #expect(words.contains("version 3, saved by unstuck 9.1"))
        #expect(words.contains("unstuck \(unstuckVersion) reads versions 1 and 2: update unstuck"))
        #expect(Self.failure(#"{"version": 0, "unstuck": "0.0.1", "snapshots": []}"#) == .version(0, by: "0.0.1"))
        #expect(Self.failure(#"{"unstuck": "0.1.0", "snapshots": [{"version": 0}]}"#) == .version(0, by: "0.1.0"))
        #expect(
            Self.failure(#"{"version": 2, "unstuck": "1", "snapshots": [{"version": 1}]}"#)
                == .mixed(snapshot: 1, version: 1, bundle: 2))
    }

    @Test func whatIsNoBundleIsNamedByItsKind() {
        #expect(Self.failure("[]") == .notABundle(kind: nil))
        #expect(Self.failure(#"{"data": {}}"#) == .notABundle(kind: nil))
        #expect(
            Self.failure(#"{"kind": "unstuck.journal", "snapshots": []}"#) == .notABundle(kind: "unstuck.journal"))
    }

    /// A word that a newer program of this version has written is kept, and what it stands for is not taken for read.
    @Test func unknownWordsAreKept() throws {
        var snapshot = Snapshot(takenAt: 1, monotonic: 1, host: "a", boot: "b", kernelRelease: "6.12")
        snapshot.missingEvidence = [
            MissingEvidence(Evidence(rawValue: "conntrack"), of: 7, action: "list flows", .needs("nf"))
        ]
        snapshot.coverage.noteRead(Evidence(rawValue: "routes"), of: 7, at: 5)
        let text = String(decoding: try JSONEncoder().encode(snapshot), as: UTF8.self)
        let read = try JSONDecoder().decode(Snapshot.self, from: Data(text.utf8))
        #expect(read.coverage == snapshot.coverage)
        #expect(read.coverage.answer(Evidence(rawValue: "routes"), of: 7) == .read)
        #expect(read.coverage.answer(Evidence(rawValue: "conntrack")) == .notRead(snapshot.missingEvidence))
        let odd = text.replacing(#""status":"not-collected""#, with: #""status":"half-read""#)
        let half = try JSONDecoder().decode(Snapshot.self, from: Data(odd.utf8))
        guard case .notRead(let missing) = half.coverage.answer(.sockmaps) else {
            Issue.record("\(half.coverage.answer(.sockmaps))")
            return
        }
        #expect(missing.first?.description.contains("half-read") == true)
    }

    // MARK: Version 1

    @Test func version1BecomesVersion2() throws {
        let bundle = try JSONDecoder().decode(SavedBundle.self, from: Self.fixture()).bundle
        #expect(bundle.snapshots.map(\.version) == [2, 2])
        let snapshot = bundle.snapshots[1]
        #expect(snapshot.sockets.count == 12 && snapshot.sockmaps.first?.entries.count == 3)
        let coverage = snapshot.coverage
        let netns: UInt32 = 4_026_532_662
        #expect(coverage.isWhole(.sockmaps, .sockets, .namespaces, .handlers, .programs))
        #expect(coverage.answer(.sockets, of: netns) == .read)
        // Nothing is known of another namespace.
        #expect(coverage.answer(.sockets, of: 1) == .notCollected)
        for evidence in [Evidence.owners, .processes, .counters, .links, .cgroups, .attachments, .kernel] {
            #expect(coverage.answer(evidence) == .notCollected, "\(evidence.rawValue)")
        }
        #expect(coverage.lines.allSatisfy { $0.takenAt == nil }, "version 1 does not say when")
        #expect(bundle.flaw == nil)
    }

    /// 0 stood for what a socket of its kind does not have.
    @Test func zerosOfVersion1AreAbsent() throws {
        let snapshot = try JSONDecoder().decode(SavedBundle.self, from: Self.fixture()).bundle.snapshots[0]
        let listeners = snapshot.sockets.filter { $0.socket.state == .listen }
        #expect(!listeners.isEmpty)
        for listener in listeners {
            #expect(listener.acceptLimit != nil && listener.retransmits == nil && listener.bytesReceived == nil)
            #expect(listener.millisecondsSinceSend == nil && listener.backoff == nil)
        }
        let connected = snapshot.sockets.filter { $0.socket.state == .established }
        #expect(!connected.isEmpty)
        for socket in connected {
            #expect(socket.acceptQueue == nil && socket.acceptLimit == nil)
            // This was read, and is 0 or more.
            #expect(socket.retransmits != nil && socket.packetsInFlight != nil && socket.sendNext != nil)
        }
        #expect(connected.contains { ($0.backoff ?? 0) > 0 })
    }

    /// As its own reader did: without tcp_info (INET_DIAG), and without the kernel's tick rate.
    @Test func whatVersion1DidNotKnowStaysUnknown() throws {
        var document = try JSONSerialization.jsonObject(with: Self.fixture()) as? [String: Any] ?? [:]
        var snapshots = try #require(document["snapshots"] as? [[String: Any]])
        var sockets = try #require(snapshots[0]["sockets"] as? [[String: Any]])
        let connected = try #require(sockets.firstIndex { ($0["socket"] as? [String: Any])?["state"] as? Int == 1 })
        sockets[connected]["segmentsOut"] = nil
        sockets[connected]["millisecondsSinceSend"] = 0
        sockets[connected]["millisecondsSinceReceive"] = 0
        snapshots[0]["sockets"] = sockets
        snapshots[0]["shortfalls"] = [
            ["evidence": "sockets", "action": "read TCP sockets", "missing": "CAP_BPF"],
            ["evidence": "handlers", "action": "name them", "missing": "kallsyms"],
        ]
        snapshots[0]["counters"] = [["netns": 4_026_532_662, "takenAt": 5, "values": ["TcpInSegs": 0]]]
        document["snapshots"] = snapshots
        let data = try JSONSerialization.data(withJSONObject: document)
        let snapshot = try JSONDecoder().decode(SavedBundle.self, from: data).bundle.snapshots[0]
        let socket = snapshot.sockets[connected]
        #expect(socket.retransmits == nil && socket.packetsInFlight == nil && socket.backoff == nil)
        #expect(socket.millisecondsSinceSend == nil && socket.millisecondsSinceReceive == nil)
        let missing = MissingEvidence(.sockets, action: "read TCP sockets", .needs("CAP_BPF"))
        #expect(snapshot.coverage.answer(.sockets) == .partly([missing]))
        #expect(!snapshot.coverage.isWhole(.sockets, .namespaces))
        #expect(snapshot.missingEvidence.count == 2)
        #expect(snapshot.coverage.answer(.counters, of: 4_026_532_662) == .read)
        #expect(snapshot.coverage.answer(.counters, of: 1) == .notCollected)
    }
}

@Suite("How far JSON goes")
struct JSONExtentTests {
    private static let text = #"{"a": [1, {"b": "}\"]"}], "snapshots": [{"x": [1]}, {"y": -2.5e3}], "z": null}"#

    private static func extent(_ text: some Sequence<UInt8>) -> JSONExtent {
        JSONExtent(of: Array(text), countingElementsOf: "snapshots")
    }

    @Test func wholeTexts() throws {
        let extent = Self.extent(Self.text.utf8)
        #expect(extent.end == .whole && extent.elements == 2 && extent.hasList)
        for text in ["{}", "[]", "0", " \"\\u0041\" ", "[[],{}]", #"{"snapshots":[]}"#] {
            #expect(Self.extent(text.utf8).end == .whole, "\(text)")
        }
    }

    /// Wherever it is cut, it is cut off, and never more elements are whole than a decoder would find.
    @Test func cutAnywhere() {
        let bytes = Array(Self.text.utf8)
        for count in 0..<bytes.count {
            let extent = Self.extent(bytes[..<count])
            #expect(extent.end == .cutOff, "\(count)")
            #expect(extent.position <= count)
            let before = String(decoding: bytes[..<count], as: UTF8.self)
            let whole = before.contains("-2.5e3}") ? 2 : before.contains("[1]}") ? 1 : 0
            #expect(extent.elements == whole, "\(before)")
        }
    }

    @Test(arguments: [
        ("{]", 1), ("[1 2]", 3), (#"{"a" 1}"#, 5), ("[tru]", 1), ("{,}", 1), ("[1,]", 3), (#"{"a":1,}"#, 7),
        ("[1]]", 3),
        ("\u{1}", 0), ("[\"a\nb\"]", 3),
    ])
    func damage(_ text: String, _ position: Int) {
        let extent = Self.extent(text.utf8)
        #expect(extent.end == .damaged && extent.position == position, "\(extent)")
    }

    /// What this takes for JSON a decoder takes, too, and the other way round, for every byte in every place.
    @Test func agreesWithADecoder() {
        let bytes = Array(#"{"snapshots":[{"a":1},"b"]}"#.utf8)
        for position in bytes.indices {
            for new in [UInt8(ascii: "{"), UInt8(ascii: "]"), UInt8(ascii: ","), UInt8(ascii: "\""), 0, 0x20] {
                var changed = bytes
                changed[position] = new
                let isJSON = (try? JSONSerialization.jsonObject(with: Data(changed))) != nil
                #expect((Self.extent(changed).end == .whole) == isJSON, "\(String(decoding: changed, as: UTF8.self))")
            }
        }
    }
}
