/// Which kernel this is, by its own words: for what is only likely. Nothing is decided by it.
public struct KernelIdentity: Hashable, Sendable {
    /// Who built it, as far as the version says: `Debian`, `Ubuntu`; `nil`: unknown.
    public var vendor: String?
    /// The version to look for in the vendor's changelog, as the kernel spells it.
    public var package: String
    /// The release of kernel.org that it is made of.
    public var upstream: KernelRelease?
    /// The vendor takes over stable releases as a whole: what is newer is not in it, as far as it did not pick it.
    public var followsStable: Bool

    /// - Parameters:
    ///   - release: `uname -r`
    ///   - version: `uname -v`; Debian's has its package version: `#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-3 (2026-11-26)`
    ///   - signature: `/proc/version_signature` of Ubuntu: `Ubuntu 5.15.0-91.101-generic 5.15.131`
    public init(release: String, version: String = "", signature: String? = nil) {
        let words = version.split(separator: " ")
        let fields = (signature ?? "").split(separator: " ")
        if let index = words.firstIndex(of: "Debian"), index + 1 < words.count {
            self.init(package: String(words[index + 1]), vendor: "Debian")
            followsStable = true
        } else if fields.count == 3, let release = KernelRelease(fields[2]) {
            self.init(package: String(fields[1]), vendor: String(fields[0]))
            upstream = release
        } else {
            self.init(package: release)
            // Built from a release as it is: `6.18.44`, or with a local version that kernel.org's own scripts add.
            followsStable = upstream.map { release == $0.description || release == "\($0)+" } ?? false
        }
    }

    /// A version that the user gave.
    public init(package: String, vendor: String? = nil) {
        self.vendor = vendor
        self.package = package
        upstream = KernelRelease(package)
        followsStable = false
    }

    /// In a sentence: `Debian's 6.1.192-3`.
    public var name: String { (vendor.map { "\($0)'s " } ?? "") + package }

    /// Whether a changelog's version is this kernel's: a running kernel adds flavour and architecture.
    public func isVersion(_ version: String) -> Bool {
        if package == version { return true }
        guard version.contains("-"), package.hasPrefix(version) else { return false }
        return package.dropFirst(version.count).first.map { ".-+".contains($0) } ?? true
    }
}
