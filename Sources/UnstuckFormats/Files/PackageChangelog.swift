import UnstuckModel

/// A kernel package's changelog, Debian's or an RPM's, as far as the history of sockmap's bugs is in it.
public struct PackageChangelog: Sendable {
    /// One version of the package.
    public struct Version: Hashable, Sendable {
        /// `6.1.187-1`, `5.14.0-503.11.1.el9_5`.
        public var name: String
        /// Its items that name a known bug, in their order.
        public var mentions: [Mention] = []
    }

    /// An item that names a known bug by title or CVE.
    public struct Mention: Hashable, Sendable {
        /// ``KernelBug/id``
        public var bug: String
        /// The CVE if the item has another title.
        public var cve: String?
        /// Of a Debian changelog: the release of kernel.org whose change list it is in.
        public var upstream: String?
        /// The item takes a commit back.
        public var isRevert: Bool
    }

    public enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
        case noVersions

        public var description: String {
            "no changelog of a package: no line like \"linux (6.1.192-3) ...; urgency=...\" (Debian, Ubuntu) or "
                + "\"* Thu Nov 26 2026 ... [5.14.0-503.el9]\" (RPM)"
        }
    }

    /// Newest first, as packages write them.
    public private(set) var versions: [Version] = []
    /// Items of all versions, known bugs or not.
    public private(set) var itemCount = 0

    private var upstream: String?
    /// The item that is being read: its lines joined by spaces.
    private var item = ""
    private let bugs: BugTitles

    /// - Throws: ``Failure``.
    public init(_ bytes: [UInt8], bugs: [KernelBug] = KernelBug.history) throws(Failure) {
        self.bugs = BugTitles(bugs)
        for raw in plainText(bytes).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            read(String(decoding: raw, as: UTF8.self))
        }
        endItem()
        guard !versions.isEmpty else { throw .noVersions }
    }

    private mutating func read(_ line: String) {
        if let name = Self.debianVersion(line) ?? Self.rpmVersion(line) {
            endItem()
            upstream = nil
            versions.append(Version(name: name))
            return
        }
        let text = Substring(line).trimmed
        if let range = text.firstRange(of: "ChangeLog-"), text.contains("://") {
            endItem()
            upstream = String(text[range.upperBound...])
        } else if text.isEmpty || text.hasPrefix("-- ") {
            endItem()
        } else if let bullet = text.first, "-*+[".contains(bullet) {
            endItem()
            item = String(bullet == "[" ? text : text.dropFirst().trimmed)
        } else if !item.isEmpty {
            item += " " + text
        }
    }

    private mutating func endItem() {
        guard !item.isEmpty else { return }
        itemCount += 1
        defer { item = "" }
        guard !versions.isEmpty else { return }
        for (bug, cve, isRevert) in bugs.find(in: item) {
            versions[versions.count - 1].mentions.append(
                Mention(bug: bug, cve: cve, upstream: upstream, isRevert: isRevert))
        }
    }

    /// `linux (6.1.192-3) bookworm-security; urgency=high`
    private static func debianVersion(_ line: String) -> String? {
        guard let first = line.first, !first.isWhitespace, line.contains("; urgency=") || line.contains(";urgency=")
        else { return nil }
        guard let open = line.firstRange(of: " ("), let close = line[open.upperBound...].firstIndex(of: ")") else {
            return nil
        }
        return withoutEpoch(line[open.upperBound..<close])
    }

    /// `* Thu Sep 26 2024 A Name <a@example.org> [5.14.0-503.11.1.el9_5]`, or `... - 5.10.134-16.al8`
    private static func rpmVersion(_ line: String) -> String? {
        guard line.hasPrefix("* ") else { return nil }
        let words = line.split(separator: " ")
        guard words.count >= 6, ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].contains(words[1]),
            let last = words.last
        else { return nil }
        let name = last.drop { $0 == "[" || $0 == "(" }.prefix { $0 != "]" && $0 != ")" }
        return name.first?.isNumber == true ? withoutEpoch(name) : nil
    }

    private static func withoutEpoch(_ version: Substring) -> String {
        String(version.firstIndex(of: ":").map { version[version.index(after: $0)...] } ?? version)
    }
}

extension PackageChangelog {
    /// What it says of one kernel: what stands under its version and under older ones is in it.
    public func record(of kernel: KernelIdentity) -> ChangelogRecord {
        // The longest name: 5.14.0-503 and 5.14.0-503.11.1 both begin 5.14.0-503.11.1.el9_5.x86_64.
        let own = versions.indices.filter { kernel.isVersion(versions[$0].name) }
            .max { versions[$0].name.count < versions[$1].name.count }
        var record = ChangelogRecord(coversKernel: own != nil, items: [:], newerItems: [:])
        for (index, version) in versions.enumerated() {
            for mention in version.mentions {
                let item = ChangelogRecord.Item(
                    version: version.name, upstream: mention.upstream, cve: mention.cve, isRevert: mention.isRevert)
                if index < own ?? 0 {
                    record.newerItems[mention.bug, default: []].append(item)
                } else {
                    record.items[mention.bug, default: []].append(item)
                }
            }
        }
        return record
    }
}

/// The titles and CVEs that are looked for. A changelog has tens of thousands of items: one that begins with none of the
/// titles is done after a look into a dictionary.
private struct BugTitles: Sendable {
    private var titles: [String: [(title: String, bug: String)]] = [:]
    private var cves: [String: String] = [:]
    private static let keyLength = 16

    init(_ bugs: [KernelBug]) {
        for bug in bugs where bug.subject != .none {
            let title = bug.title.lowercased()
            titles[String(title.prefix(Self.keyLength)), default: []].append((title, bug.id))
            for cve in bug.cves { cves[cve] = bug.id }
        }
    }

    func find(in item: String) -> [(bug: String, cve: String?, isRevert: Bool)] {
        var text = Substring(item.lowercased())
        // `[net] bpf, sockmap: …` of Red Hat's, `[x86] …` of Debian's.
        while text.first == "[", let end = text.firstIndex(of: "]") { text = text[text.index(after: end)...].trimmed }
        let isRevert = text.hasPrefix("revert ")
        if isRevert { text = text.dropFirst("revert ".count).drop { $0 == "\"" || $0 == "'" } }
        var found: [(bug: String, cve: String?, isRevert: Bool)] = []
        for (title, bug) in titles[String(text.prefix(Self.keyLength))] ?? [] where text.hasPrefix(title) {
            found.append((bug, nil, isRevert))
        }
        guard item.contains("CVE-") else { return found }
        for part in item.split(whereSeparator: { !($0.isLetter || $0.isNumber || $0 == "-") }) {
            guard let bug = cves[String(part)], !found.contains(where: { $0.bug == bug }) else { continue }
            found.append((bug, String(part), isRevert))
        }
        return found
    }
}
