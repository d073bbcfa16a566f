extension KernelBug {
    /// The history of the bugs that matter to mapped connections: those that leave or keep entries, those that stall a
    /// reader, those that lose or double bytes, those that corrupt memory or stop the kernel.
    ///
    /// Subjects, CVEs and stable releases are those of Debian's changelogs of 5.10.262-1, 6.1.192-3, 6.12.118-1 and 7.2.13-1,
    /// which name the `ChangeLog-6.1.183` that a fix came with; 5.15's, 6.6's, 6.18's, 7.1's and the mainline's are those of
    /// mailing lists and CVE texts (docs/kernel-facts.md, section 6). A commit, a release or a CVE that is left out is not
    /// known to us. "By" is inferred from dates: 6.10 is of July 2024, 6.13 of January 2025, 6.17 of September 2025, 7.1 of June
    /// and 7.2 of August 2026. Symbols and members were read in the BTF of 5.10.218, 5.10.262, 6.1.192, 6.12.118, 6.18.44 and 7.2.13.
    public static let history = staleEntries + stalledReaders + lostBytes + memoryErrors + readingErrors
}
