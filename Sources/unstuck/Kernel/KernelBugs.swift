import ArgumentParser
import UnstuckDiagnosis
import UnstuckFormats
import UnstuckKernel
import UnstuckModel
import UnstuckOperations
import UnstuckRender

struct KernelBugs: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "bugs",
        abstract: "Which of sockmap's known bugs this kernel has, and how that is known. Read-only.",
        discussion: """
            Proven is what the kernel shows: symbols, members of its types, the handlers of a private mapped socket and what \
            such a socket answers. Most bugs leave no such trace. For those the kernel's version says what is likely: Debian's \
            and Ubuntu's kernels name the release of kernel.org that they are made of. Vendors also fix and break kernels \
            without changing it: --changelog reads what the vendor wrote, and matches titles and CVEs.

            EXAMPLES
              unstuck kernel bugs
                  Every bug with what it does, worst known first.
              unstuck kernel bugs --status affected --output json
                  Only those that this kernel is proven to have.
              apt-get changelog linux-image-$(uname -r) > changelog; unstuck kernel bugs --changelog changelog
                  Debian, Ubuntu; also /usr/share/doc/linux-image-*/changelog.Debian.gz, compressed as it is.
              rpm -q --changelog kernel-core-$(uname -r) > changelog; unstuck kernel bugs --changelog changelog
                  An RPM's.
              unstuck kernel bugs --changelog changelog --kernel 6.1.187-1
                  Another version that the changelog lists, on any machine.
              unstuck kernel bugs --from node-a.json.gz
                  The kernel that a bundle was collected on, by what it showed there.

            EXIT STATUS
              0 none is proven or likely, and what leaves a trace was seen
              1 it is proven to have some
              2 some are likely; one that leaves a trace is inconclusive; or the changelog does not list this kernel
              64 usage
            """)

    @Option(help: "Only bugs of this status; several times for several.")
    var status: [BugStatus] = []

    @Option(
        help: ArgumentHelp(
            "The kernel package's changelog, Debian's or an RPM's, plain or .gz.", valueName: "file"),
        completion: .file())
    var changelog: String?

    @Option(
        help: ArgumentHelp("Of a bundle of `unstuck collect` instead of this kernel; - is stdin.", valueName: "file"),
        completion: .file())
    var from: String?

    @Option(
        help: ArgumentHelp(
            "Evaluate this version instead of the running kernel, by version and changelog alone.",
            valueName: "version"))
    var kernel: String?

    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard from == nil || kernel == nil else {
            throw ValidationError("--from and --kernel both name another kernel")
        }
    }

    func run(_ context: CommandContext) throws {
        let reader = FactsReader(root: node.nodeRoot(context))
        let facts = try from.map(BundleFile.kernelFacts)
        let identity =
            kernel.map { KernelIdentity(package: $0) }
            ?? facts.map { KernelIdentity(release: $0.release, version: $0.version, signature: $0.signature) }
            ?? reader.identity()
        let record = KernelRecord(identity: identity, changelog: try changelog.map { try read($0, identity, context) })
        let evidence = kernel != nil ? .ofAnotherKernel : facts?.evidence ?? reader.readEvidence()
        let all = evaluateKernel(evidence, record: record)
        let shown = all.filter { status.isEmpty || status.contains($0.status) }
        switch output.output {
        case .text: try context.writeText(KernelBugsText(style: context.style).render(shown))
        case .json: try context.write(JSON.document(shown, command: "kernel.bugs", version: 2))
        }
        if all.contains(where: { $0.status == .affected }) { throw Exit.findings }
        if record.changelog?.coversKernel == false { throw Exit.couldNotTell }
        // Most of the others leave no trace in any kernel: their being inconclusive says nothing of this one.
        let telling = Set(KernelBug.history.filter { !$0.fingerprint.isEmpty }.map(\.id))
        let isOpen = all.contains {
            $0.status == .likelyAffected || $0.status == .inconclusive && telling.contains($0.id)
        }
        if isOpen { throw Exit.couldNotTell }
    }

    private func read(
        _ path: String, _ identity: KernelIdentity, _ context: CommandContext
    ) throws -> ChangelogRecord {
        do {
            let plain = try readFile(path)
            let isCompressed = plain.starts(with: [0x1F, 0x8B])
            guard let bytes = isCompressed ? readCompressedFile(path) : plain else {
                context.printError("unstuck: \(safeText(path)) is compressed and damaged")
                throw Exit.couldNotTell
            }
            let file = try PackageChangelog(bytes)
            let record = file.record(of: identity)
            if !record.coversKernel {
                context.printError(
                    "unstuck: \(safeText(path)) lists \(safeText(file.versions[0].name)) and older, but not this kernel, "
                        + "\(safeText(identity.name)): it decides nothing (--kernel evaluates a version that it lists)")
            }
            return record
        } catch let error as SystemError {
            context.printError("unstuck: cannot read \(safeText(path)): \(error.reason)")
        } catch let error as PackageChangelog.Failure {
            context.printError("unstuck: \(safeText(path)) is \(error)")
        }
        throw Exit.couldNotTell
    }
}

extension KernelEvidence {
    /// Nothing was looked at.
    fileprivate static var ofAnotherKernel: KernelEvidence {
        var evidence = KernelEvidence()
        for part in ["symbols", "members", "handlers", "options"] + KernelTrial.allCases.map(\.rawValue) {
            evidence.unknown[part] = "this is not the running kernel"
        }
        return evidence
    }
}

extension BugStatus: ExpressibleByArgument {}
