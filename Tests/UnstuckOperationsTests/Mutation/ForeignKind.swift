import Foundation
import Testing
import UnstuckFormats
import UnstuckModel
import UnstuckOperations

/// A kind of file that anybody may have written, with whole ones of it, and what holds of every answer to a damaged one.
struct ForeignKind: Sendable {
    /// What a reader makes of one file.
    enum Fate {
        /// Without a complaint.
        case read
        /// Read in part: it says what it passed over.
        case complained
        case refused
    }

    var name: String
    var seeds: @Sendable () throws -> [[UInt8]]
    /// Records an issue where an answer cannot be.
    var fate: @Sendable ([UInt8]) throws -> Fate
    /// A file with something in it that cannot be, made of a whole one: it must not be read without a complaint.
    var impossible: @Sendable (inout Mutator) throws -> [UInt8]

    static let all = [bundles, dumps, journals, features, changelogs, archives]

    static func fixture(_ name: String) throws -> [UInt8] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "UnstuckFormatsTests/Fixtures")
        return Array(try Data(contentsOf: folder.appending(path: name)))
    }

    /// Text that is shown to people acts on no terminal.
    private static func isHarmless(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
    }

    // MARK: Bundles

    private static let small = Result {
        var snapshot = try BundleFileTests.large(100)
        snapshot.sockmaps.removeLast()
        for map in snapshot.sockmaps.indices { snapshot.sockmaps[map].entries.removeLast(1494) }
        snapshot.sockets.removeLast(1494)
        // Of several kinds the order is another one in each process.
        snapshot.coverage = Coverage()
        snapshot.coverage.noteRead(.sockets, at: 100)
        return snapshot
    }

    private static func snapshot(_ monotonic: Double) throws -> Snapshot {
        var snapshot = try small.get()
        snapshot.monotonic = monotonic
        return snapshot
    }

    static let bundles = ForeignKind(
        name: "bundles",
        seeds: {
            let snapshots = [try snapshot(100), try snapshot(103)]
            return [
                try fixture("bundles/version1-fionread.json"), Array(try BundleFile.text(snapshots).utf8),
                try BundleFileTests.packed(snapshots),
            ]
        },
        fate: { bytes in
            let bundle: UnstuckModel.Bundle
            do throws(OperationError) {
                bundle = try BundleFile.bundle(from: bytes, named: "file")
            } catch {
                #expect(error.message.hasPrefix("file ") && isHarmless(error.message), "\(error.message)")
                #expect(error.message.utf8.count < 700, "\(error.message)")
                return .refused
            }
            #expect(bundle.flaw == nil)
            // Written and read again, nothing of it is lost.
            let again = try BundleFile.bundle(from: Array(try BundleFile.text(bundle.snapshots).utf8), named: "again")
            #expect(again.snapshots.map(\.sockets.count) == bundle.snapshots.map(\.sockets.count))
            #expect(
                again.snapshots.map { $0.sockmaps.map(\.entries.count) }
                    == bundle.snapshots.map { $0.sockmaps.map(\.entries.count) })
            return .read
        },
        impossible: { random in
            var snapshot = try snapshot(103)
            let socket = Int.random(in: snapshot.sockets.indices, using: &random)
            let map = Int.random(in: snapshot.sockmaps.indices, using: &random)
            let entry = Int.random(in: snapshot.sockmaps[map].entries.indices, using: &random)
            switch Int.random(in: 0..<9, using: &random) {
            case 0: snapshot.sockets.append(snapshot.sockets[socket])
            case 1: snapshot.sockmaps[map].entries.append(snapshot.sockmaps[map].entries[entry])
            case 2: snapshot.sockmaps[map].id = snapshot.sockmaps[1 - map].id
            case 3:
                snapshot.sockets[socket].socket.state = TCPState(rawValue: UInt8.random(in: 14...255, using: &random))
            case 4: snapshot.sockets[socket].socket.handlers = Int.random(in: 1...Int.max, using: &random)
            case 5: snapshot.sockmaps[map].maxEntries = Int.random(in: -5...2, using: &random)
            case 6: snapshot.sockmaps[map].keySize = [0, -1, 43, 45, 513].randomElement(using: &random) ?? 0
            case 7: snapshot.monotonic = [-1, 1e11].randomElement(using: &random) ?? -1
            default: snapshot.selectedMaps = [snapshot.sockmaps[1 - map].id]
            }
            return Array(try BundleFile.text([try Self.snapshot(100), snapshot]).utf8)
        })

    // MARK: Dumps

    static let dumps = ForeignKind(
        name: "dumps",
        seeds: {
            try [
                "cilium-44.txt", "cilium-44.json", "cilium-44.grep-C2.txt", "incident.txt", "istio-16.txt",
                "istio-16-cookies.json", "ends-8.txt", "sockmap-array.txt", "wrapped/quoted.txt",
                "wrapped/kubectl-ts.json",
                "wrapped/v418.json", "wrapped/diff.txt", "wrapped/prompt.json",
            ].map(fixture)
        },
        fate: { bytes in
            let dump = KeyDump(bytes)
            let lines = bytes.count { $0 == UInt8(ascii: "\n") } + 1
            #expect(dump.keys.allSatisfy { $0.count > 0 })
            // Each byte of a key takes two digits; two keys of a diff may have rows in common.
            let digits = dump.keys.reduce(0) { $0 + $1.count } * (dump.added.isEmpty && dump.removed.isEmpty ? 2 : 1)
            #expect(digits <= bytes.count)
            #expect(dump.problems.count == min(dump.problemCount, KeyDump.longestProblemList))
            #expect(dump.problems.allSatisfy { (1...lines).contains($0.line) && isHarmless($0.reason) })
            #expect(dump.notes.allSatisfy(isHarmless))
            return dump.problemCount > 0 ? .complained : dump.keys.isEmpty ? .refused : .read
        },
        impossible: { random in
            // What is no byte, in the middle of a key.
            let isText = Bool.random(using: &random)
            let text = String(decoding: try fixture(isText ? "cilium-44.txt" : "cilium-44.json"), as: UTF8.self)
            var words = text.split(separator: isText ? " " : ",", omittingEmptySubsequences: false).map(String.init)
            let inside = words.indices.filter { place in
                let isByte: (String) -> Bool = { word in
                    isText
                        ? word.count == 2 && word.allSatisfy(\.isHexDigit)
                        : word.hasPrefix("\"0x") && word.hasSuffix("\"") && word.count == 6
                }
                return place > 0 && place + 1 < words.count && words[place - 1...place + 1].allSatisfy(isByte)
            }
            let place = try #require(inside.randomElement(using: &random))
            words[place] =
                (isText
                ? ["zz", "1g", "100", "-1", "é"] : ["\"0x100\"", "\"-1\"", "\"zz\"", "null", "1e3", "{}", "\"0x\""])
                .randomElement(using: &random) ?? ""
            return Array(words.joined(separator: isText ? " " : ",").utf8)
        })

    // MARK: Journals

    private static let journalLines = [
        #"{"boot":"b1","detail":"2 deletions, 0 resets","event":"begin","run":"7-1","step":"run","time":1.5}"#,
        #"{"claim":{"local":"203.0.113.7:8080","remote":"[2001:db8::1]:50504"},"cookie":77,"event":"intend","#
            + #""holder":{"command":"web\n","descriptor":17,"inode":9,"pid":2210,"startTime":5},"inode":9,"key":"00ff","#
            + #""map":35,"run":"7-1","state":"zombie","step":"delete","time":2,"unread":0}"#,
        #"{"event":"result","key":"00ff","map":35,"outcome":"deleted","run":"7-1","step":"delete","time":3}"#,
        #"{"event":"end","run":"7-1","step":"run","time":4}"#,
    ]

    static let journals = ForeignKind(
        name: "journals",
        seeds: { [Array((journalLines + journalLines).map { $0 + "\n" }.joined().utf8)] },
        fate: { bytes in
            let ends = bytes.count { $0 == UInt8(ascii: "\n") }
            var (items, damage, isTorn, last) = (0, 0, false, 0)
            for item in JournalReader(bytes) {
                #expect(!isTorn)
                items += 1
                switch item {
                case .line: break
                case .damaged(let error):
                    #expect(error.line > last && error.line <= ends)
                    #expect(isHarmless(error.description), "\(error)")
                    (damage, last) = (damage + 1, error.line)
                case .torn(let start):
                    isTorn = true
                    #expect(start < bytes.count)
                }
            }
            #expect(items <= ends + 1)
            return items == damage ? .refused : damage > 0 || isTorn ? .complained : .read
        },
        impossible: { random in
            let changes = [
                (#""event":"#, #""happening":"#), (#""run":"7-1""#, #""run":7"#),
                (#""step":"delete""#, #""step":"dance""#),
                (#""time":2"#, #""time":"noon""#), (#""map":35"#, #""map":-1"#), (#""map":35"#, #""map":4294967296"#),
                (#""key":"00ff""#, #""key":"0g""#), (#""key":"00ff""#, #""key":"00f""#),
                (#""cookie":77"#, #""cookie":7.5"#),
                (#":8080""#, #":65536""#), (#"2001:db8::1"#, #"2001:db8:::1"#), (#""pid":2210"#, #""pid":2147483648"#),
                (#""state":"zombie""#, #""state":"tired""#), (#""unread":0"#, #""unread":-2"#), ("}", ""), ("{", "["),
            ]
            let (old, new) = changes.randomElement(using: &random) ?? ("", "")
            var lines = journalLines
            let able = lines.indices.filter { lines[$0].contains(old) }
            let place = try #require(able.randomElement(using: &random))
            let found = try #require(lines[place].firstRange(of: old))
            lines[place].replaceSubrange(found, with: new)
            return Array(lines.map { $0 + "\n" }.joined().utf8)
        })

    // MARK: Features

    static let features = ForeignKind(
        name: "feature files",
        seeds: {
            try [
                "features/bpftool-6.18.txt", "features/bpftool-6.18.json", "features/bpftool-6.18.h",
                "features/bpftool-6.18-prefix.h", "features/old-node-features.h", "features/new-node-features.h",
                "features/old-kernel.txt",
            ].map(fixture)
        },
        fate: { bytes in
            let file: FeatureFile
            do throws(FeatureFile.Failure) {
                file = try FeatureFile(bytes)
            } catch {
                #expect(isHarmless("\(error)"), "\(error)")
                return .refused
            }
            let lines = bytes.count { $0 == UInt8(ascii: "\n") } + 1
            #expect(file.problems.count == min(file.problemCount, FeatureFile.longestProblemList))
            #expect(file.problems.allSatisfy { (1...lines).contains($0.line) && isHarmless($0.reason) })
            let itself = FeatureComparison(file.features, file.features)
            #expect(itself.differences.isEmpty && itself.onlyLeft.isEmpty && itself.onlyRight.isEmpty)
            return file.problemCount > 0 || !file.features.refused.isEmpty ? .complained : .read
        },
        impossible: { random in
            // A helper that is neither there nor not, or a whole program type that can call nothing and is there all the same.
            let text = String(decoding: try fixture("features/bpftool-6.18.h"), as: UTF8.self)
            var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            let helpers = lines.indices.filter { lines[$0].contains("__HELPER_") && lines[$0].hasSuffix(" 1") }
            let place = try #require(helpers.randomElement(using: &random))
            lines[place] =
                lines[place].dropLast() + (["2", "yes", "-1", "", "01", "1 1"].randomElement(using: &random) ?? "")
            return Array(lines.joined(separator: "\n").utf8)
        })

    // MARK: Changelogs

    static let changelogs = ForeignKind(
        name: "changelogs",
        seeds: { try ["changelogs/debian-6.1.txt", "changelogs/rpm.txt"].map(fixture) },
        fate: { bytes in
            let changelog: PackageChangelog
            do throws(PackageChangelog.Failure) {
                changelog = try PackageChangelog(bytes)
            } catch {
                return .refused
            }
            #expect(!changelog.versions.isEmpty)
            // What it finds stands there: the whole title, wherever its lines are broken, or the CVE.
            let words = String(decoding: bytes, as: UTF8.self).replacing("\u{1B}[31m", with: "")
                .replacing("\u{FEFF}", with: "").lowercased().split(whereSeparator: \.isWhitespace)
                .joined(separator: " ")
            for mention in changelog.versions.flatMap(\.mentions) {
                let bug = try #require(KernelBug.history.first { $0.id == mention.bug })
                let names = bug.cves + [bug.title]
                #expect(names.contains { words.contains($0.lowercased()) }, "\(mention)")
                #expect(mention.cve.map(bug.cves.contains) ?? true)
            }
            let kernel = KernelIdentity(release: "6.1.0-50-amd64", version: "#1 SMP Debian 6.1.187-1 (2026-09-07)")
            let record = changelog.record(of: kernel)
            #expect(record.coversKernel == changelog.versions.contains { kernel.isVersion($0.name) })
            return changelog.versions.flatMap(\.mentions).isEmpty ? .complained : .read
        },
        impossible: { random in
            // Every title misses a letter, and no CVE is known: nothing may be found.
            var text = String(decoding: try fixture("changelogs/rpm.txt"), as: UTF8.self).lowercased()
                .replacing("cve-", with: "cve_")
            for bug in KernelBug.history {
                while let found = text.firstRange(of: bug.title.lowercased()) {
                    let place = Int.random(in: 1..<bug.title.count - 1, using: &random)
                    text.remove(at: text.index(found.lowerBound, offsetBy: place))
                }
            }
            for day in ["thu sep", "mon jul", "tue mar"] {
                text = text.replacing("* \(day)", with: "* \(day.capitalized)")
            }
            return Array(text.utf8)
        })

    // MARK: Archives

    /// A tar archive of a sosreport's folder (POSIX ustar).
    private static func archive(_ files: [(path: String, bytes: [UInt8])]) -> [UInt8] {
        var archive: [UInt8] = []
        for (path, bytes) in files {
            var header = [UInt8](repeating: 0, count: 512)
            func put(_ text: String, at place: Int) {
                header.replaceSubrange(place..<place + text.utf8.count, with: text.utf8)
            }
            func octal(_ number: Int, _ width: Int) -> String {
                let digits = String(number, radix: 8)
                return String(repeating: "0", count: width - digits.count) + digits
            }
            put(path, at: 0)
            put("0000644\0", at: 100)
            put(octal(bytes.count, 11), at: 124)
            put("        0", at: 148)
            put("ustar\u{0}00", at: 257)
            put(octal(header.reduce(0) { $0 + Int($1) }, 6) + "\0", at: 148)
            archive += header + bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
        }
        return archive + [UInt8](repeating: 0, count: 1024)
    }

    private static func report() throws -> [UInt8] {
        archive([
            ("report/version.txt", Array("4.8\n".utf8)),
            ("report/sos_commands/ebpf/bpftool_map_dump_id_13", try fixture("wrapped/loxilb.txt")),
            ("report/sos_commands/ebpf/bpftool_map_list", Array("13: sockhash  name sock_proxy_map  flags 0x0\n".utf8)),
        ])
    }

    static let archives = ForeignKind(
        name: "tar archives", seeds: { [try report()] },
        fate: { bytes in
            var reader = TarReader { $0.contains("sos_commands/ebpf/") }
            do throws(TarReader.Failure) {
                // Whatever its pieces are.
                var whole = TarReader { $0.contains("sos_commands/ebpf/") }
                try whole.add(bytes[...])
                for start in stride(from: 0, to: bytes.count, by: 700) {
                    try reader.add(bytes[start..<min(start + 700, bytes.count)])
                }
                #expect(reader.files == whole.files)
                try reader.end()
            } catch {
                return .refused
            }
            #expect(reader.files.values.reduce(0) { $0 + $1.count } <= bytes.count)
            return reader.files.count == 2 ? .read : .complained
        },
        impossible: { random in
            // A byte of a header is another one: the sum is wrong.
            var bytes = try report()
            let place = 1024 * Int.random(in: 0...1, using: &random) + Int.random(in: 0..<500, using: &random)
            bytes[place] = bytes[place] &+ UInt8.random(in: 1...255, using: &random)
            return bytes
        })
}
