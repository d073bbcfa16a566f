import FuzzSupport
import UnstuckFormats
import UnstuckModel

/// A kernel package's changelog, or what someone took for one.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzChangelog(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe input(start, count)
    guard let changelog = try? PackageChangelog(bytes) else { return 0 }
    require(!changelog.versions.isEmpty, "a changelog without a version")
    let mentions = changelog.versions.flatMap(\.mentions)
    require(mentions.isEmpty || changelog.itemCount > 0, "bugs, and no items")
    for mention in mentions {
        guard let bug = KernelBug.history.first(where: { $0.id == mention.bug }) else {
            fatalError("no bug is called \(mention.bug)")
        }
        require(mention.cve.map(bug.cves.contains) ?? true, "\(bug.id) has another CVE")
    }
    let kernel = KernelIdentity(release: "6.1.0-50-amd64", version: "#1 SMP Debian 6.1.187-1 (2026-09-07)")
    let record = changelog.record(of: kernel)
    require(record.coversKernel == changelog.versions.contains { kernel.isVersion($0.name) }, "another kernel's")
    let filed = [record.items, record.newerItems].reduce(0) { $0 + $1.values.reduce(0) { $0 + $1.count } }
    require(filed == mentions.count, "\(filed) items of \(mentions.count)")
    // What follows damage is read: a version that begins a line begins anew.
    let behind =
        "\nlinux (9.9.9-1) unstable; urgency=medium\n\n  * bpf, sockmap: Fix psock incorrectly pointing to sk\n"
    let isUTF16 = bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF])
    if !isUTF16, let more = try? PackageChangelog(bytes + Array(behind.utf8)) {
        require(more.versions.last?.name == "9.9.9-1", "a version behind damage is not read")
        require(more.versions.last?.mentions.map(\.bug) == ["wrong-psock"], "an item behind damage is not read")
    }
    return 0
}
