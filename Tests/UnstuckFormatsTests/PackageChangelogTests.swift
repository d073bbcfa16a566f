import Testing
import UnstuckFormats
import UnstuckModel

@Suite("A kernel package's changelog")
struct PackageChangelogTests {
    static func fixture(_ name: String) throws -> PackageChangelog {
        try PackageChangelog(KeyDumpTests.fixture("changelogs/\(name)"))
    }

    private func bugs(_ changelog: PackageChangelog, _ version: String) throws -> [String] {
        try #require(changelog.versions.first { $0.name == version }).mentions.map(\.bug)
    }

    @Test func debian() throws {
        let changelog = try Self.fixture("debian-6.1.txt")
        #expect(
            changelog.versions.map(\.name) == [
                "6.1.192-3", "6.1.192-1", "6.1.190-1", "6.1.187-1", "6.1.176-1", "6.1.148-1", "6.1.11-1",
            ])
        #expect(try bugs(changelog, "6.1.192-3") == [])
        // Titles that go on in the next line, and one that has a full stop.
        #expect(
            try bugs(changelog, "6.1.192-1") == ["strparser", "verdict-ready", "ktls-verdict", "udp-receive"])
        #expect(
            try bugs(changelog, "6.1.190-1")
                == ["sock-ops-flags", "sock-ops-read", "tls", "sock-ops-rtt", "self-redirect"])
        #expect(
            try bugs(changelog, "6.1.187-1")
                == ["unhashed-udp", "cork", "iter-tcp", "redirect-target", "iter-tcp-batch"])
        let release = changelog.versions[3].mentions.map(\.upstream)
        #expect(release == Array(repeating: "6.1.183", count: 5))
        #expect(changelog.itemCount > 25)
    }

    /// Tags before the title, CVEs behind it, a commit that was taken back, both forms of the version.
    @Test func rpm() throws {
        let changelog = try Self.fixture("rpm.txt")
        #expect(changelog.versions.map(\.name) == ["5.14.0-503.11.1.el9_5", "5.14.0-503.el9", "5.14.0-427.el9"])
        #expect(try bugs(changelog, "5.14.0-503.11.1.el9_5") == ["delete-deadlock", "send-result", "eagain"])
        #expect(changelog.versions[0].mentions.map(\.isRevert) == [false, false, true])
        let byCVE = try #require(changelog.versions[1].mentions.first)
        #expect(byCVE.bug == "ingress-null" && byCVE.cve == "CVE-2024-36938")
        #expect(try bugs(changelog, "5.14.0-427.el9") == ["self-call"])
    }

    /// A version's items are in the kernel; those of a newer one are not.
    @Test func whatIsInOneKernel() throws {
        let changelog = try Self.fixture("debian-6.1.txt")
        let running = KernelIdentity(
            release: "6.1.0-50-amd64", version: "#1 SMP PREEMPT_DYNAMIC Debian 6.1.187-1 (2026-09-07)")
        let record = changelog.record(of: running)
        #expect(record.coversKernel)
        #expect(record.items["cork"]?.map(\.version) == ["6.1.187-1"])
        #expect(record.items["wrong-psock"]?.map(\.place) == ["6.1.148-1 (with 6.1.148)"])
        #expect(record.items["udp-receive"] == nil)
        #expect(record.newerItems["udp-receive"]?.map(\.version) == ["6.1.192-1"])
        let other = changelog.record(of: KernelIdentity(release: "6.18.44"))
        #expect(!other.coversKernel && other.newerItems.isEmpty)
        let red = try Self.fixture("rpm.txt").record(
            of: KernelIdentity(release: "5.14.0-503.el9.x86_64", version: "#1 SMP PREEMPT_DYNAMIC Mon Jul  1 2024"))
        #expect(red.coversKernel)
        #expect(red.items["eagain"]?.map(\.isRevert) == [false])
        #expect(red.newerItems["eagain"]?.map(\.isRevert) == [true])
    }

    /// Names that begin alike are not the same version, and a title inside another item is none.
    @Test func whatIsNoMatch() throws {
        let text = """
            linux (6.1.19-1) unstable; urgency=medium

              * [x86] Backport "bpf, sockmap: Handle fin correctly" is not needed
              * bpf, sockmap: Handle fin correctly and more (CVE-2026-682840)

             -- Team <t@example.org>  Mon, 07 Sep 2026 21:33:42 +0200
            """
        let changelog = try PackageChangelog(Array(text.utf8))
        // The second begins with the whole title; the CVE is another's.
        #expect(changelog.versions.map(\.name) == ["6.1.19-1"])
        #expect(changelog.versions[0].mentions.map(\.bug) == ["fin"])
        let kernel = KernelIdentity(release: "6.1.0-1-amd64", version: "#1 SMP Debian 6.1.192-1 (2026-11-14)")
        #expect(!changelog.record(of: kernel).coversKernel)
    }

    @Test func windowsLineEndsAndEpochs() throws {
        let text =
            "linux (1:6.1.148-1) x; urgency=low\r\n\r\n  * bpf, sockmap: Fix psock incorrectly\r\n    pointing to sk\r\n"
        let changelog = try PackageChangelog(Array(text.utf8))
        #expect(changelog.versions.map(\.name) == ["6.1.148-1"])
        #expect(changelog.versions[0].mentions.map(\.bug) == ["wrong-psock"])
    }

    @Test(arguments: ["", "\n", "bpf, sockmap: Handle fin correctly\n", "* a list\n", "\u{0}\u{1F}\u{8B}"])
    func noChangelog(_ text: String) {
        #expect(throws: PackageChangelog.Failure.noVersions) { try PackageChangelog(Array(text.utf8)) }
    }

    @Test func anyBytes() {
        for byte in UInt8.min...UInt8.max {
            #expect(throws: PackageChangelog.Failure.noVersions) {
                try PackageChangelog([UInt8](repeating: byte, count: 3000))
            }
        }
    }
}
