import Testing
import UnstuckModel

@Suite("Releases, and which kernel is which")
struct KernelReleaseTests {
    private func release(_ text: String) throws -> KernelRelease { try #require(KernelRelease(text)) }

    @Test(arguments: [
        ("6.1.183", "6.1.183"), ("7.2", "7.2"), ("6.1.192-3", "6.1.192"), ("5.14.0-503.el9.x86_64", "5.14.0"),
        ("6.12.118+deb13-amd64", "6.12.118"), ("7.2~rc7-1~exp1", "7.2"), ("6.18.44-fc-v857", "6.18.44"),
    ])
    func numbers(_ text: String, _ shown: String) throws { #expect(try release(text).description == shown) }

    @Test(arguments: ["", "6", "v6.1", "amd64", "6.x", "99999999999999999999.1"])
    func noRelease(_ text: String) { #expect(KernelRelease(text) == nil) }

    @Test func whichKernel() {
        let debian = KernelIdentity(
            release: "6.1.0-50-amd64", version: "#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-3 (2026-11-26)")
        #expect(debian.name == "Debian's 6.1.192-3" && debian.upstream == KernelRelease("6.1.192"))
        #expect(debian.followsStable && debian.isVersion("6.1.192-3") && !debian.isVersion("6.1.19"))
        let ubuntu = KernelIdentity(
            release: "5.15.0-91-generic", version: "#101-Ubuntu SMP", signature: "Ubuntu 5.15.0-91.101-generic 5.15.131"
        )
        #expect(ubuntu.upstream == KernelRelease("5.15.131") && !ubuntu.followsStable)
        #expect(ubuntu.isVersion("5.15.0-91.101") && !ubuntu.isVersion("5.15.0-91.10"))
        let red = KernelIdentity(release: "5.14.0-503.11.1.el9_5.x86_64", version: "#1 SMP PREEMPT_DYNAMIC")
        #expect(red.upstream == KernelRelease("5.14.0") && !red.followsStable && red.vendor == nil)
        #expect(red.isVersion("5.14.0-503.11.1.el9_5") && !red.isVersion("5.14.0-503.11.1.el9"))
        let own = KernelIdentity(release: "6.18.44")
        #expect(own.followsStable && !KernelIdentity(release: "6.18.44-fc-v857").followsStable)
        #expect(KernelIdentity(release: "custom").upstream == nil)
    }

    @Test(arguments: [
        ("leak", "5.10.79", ReleaseStanding.before(KernelRelease("5.10.80")!)),
        ("leak", "5.10.134", .unfixed(KernelRelease("5.10.222")!)),
        ("leak", "5.10.222", .fixed(KernelRelease("5.10.222")!)),
        ("leak", "5.4.200", .before(KernelRelease("5.16")!)),
        ("leak", "5.19.5", .unknown),
        ("leak", "6.1.1", .fixed(KernelRelease("6.0")!)),
        ("leak", "6.0", .fixed(KernelRelease("6.0")!)),
        ("iter-tcp", "6.18.44", .unfixed(KernelRelease("6.18.45")!)),
        ("iter-tcp", "7.1.9", .fixed(KernelRelease("7.1.9")!)),
        ("iter-tcp", "7.2.13", .fixed(KernelRelease("7.2")!)),
        ("iter-tcp", "5.10.262", .before(KernelRelease("5.15")!)),
        ("fionread-stack", "6.12.74", .before(KernelRelease("6.12.75")!)),
        ("fionread-stack", "6.12.113", .unfixed(KernelRelease("6.12.114")!)),
        ("wrong-psock", "6.18.44", .fixed(KernelRelease("6.17")!)),
        ("wrong-psock", "6.16.1", .unknown),
        ("self-redirect", "6.18.44", .unknown),
        ("zombie", "6.18.44", .open(KernelRelease("7.2.13")!)),
        ("zombie", "7.3", .unknown),
    ])
    func standing(_ id: String, _ version: String, _ expected: ReleaseStanding) throws {
        let bug = try #require(KernelBug.history.first { $0.id == id })
        #expect(bug.standing(of: try release(version)) == expected)
    }

    /// What is written into the table is read from it.
    @Test func theTable() {
        for bug in KernelBug.history {
            #expect(
                !bug.fixed.isEmpty != (bug.unfixedUpTo != nil), "\(bug.id): fixed somewhere, or nowhere up to a release"
            )
            #expect(!bug.window.isEmpty && !bug.symptom.isEmpty)
            #expect(bug.fixed.filter { $0.patch == nil }.count <= 1, "\(bug.id): one mainline")
            #expect(bug.cves.allSatisfy { $0.hasPrefix("CVE-") })
            for fix in bug.fixed { #expect(bug.standing(of: fix) == .fixed(fix), "\(bug.id) \(fix)") }
        }
        // The CVEs of November 2026.
        let cves = Set(KernelBug.history.flatMap(\.cves))
        #expect(
            cves.isSuperset(of: [
                "CVE-2026-74714", "CVE-2026-64575", "CVE-2026-46015", "CVE-2026-64548", "CVE-2026-74256",
                "CVE-2024-36938",
                "CVE-2024-46783", "CVE-2024-56633", "CVE-2024-56720", "CVE-2025-39913", "CVE-2026-53078",
                "CVE-2026-63830",
                "CVE-2026-64025", "CVE-2026-68284", "CVE-2026-68386", "CVE-2026-74257", "CVE-2026-74268",
                "CVE-2026-93824",
                "CVE-2026-99056",
            ]))
    }
}
