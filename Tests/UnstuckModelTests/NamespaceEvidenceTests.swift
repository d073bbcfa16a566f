import Testing
import UnstuckModel

@Suite("Whether every network namespace is proven to be read")
struct NamespaceEvidenceTests {
    /// A node whose every namespace is read.
    static func complete() -> NamespaceEvidence {
        var evidence = NamespaceEvidence()
        evidence.view = .host
        evidence.note(1, .process)
        evidence.note(2, .name)
        evidence.read = [1, 2]
        return evidence
    }

    /// The one reason that a change gives, and what it takes.
    private static func gap(_ change: (inout NamespaceEvidence) -> Void) throws -> NamespaceEvidence.Gap {
        var evidence = complete()
        change(&evidence)
        #expect(evidence.gaps.count == 1, "\(evidence.gaps)")
        return try #require(evidence.gaps.first)
    }

    @Test func isProvenWhereNothingIsHidden() {
        #expect(Self.complete().gaps.isEmpty)
    }

    /// Nothing was gathered: that is no proof.
    @Test func nothingIsNoProof() {
        #expect(!NamespaceEvidence().gaps.isEmpty)
    }

    @Test func anotherPIDNamespaceIsNamed() throws {
        let gap = try Self.gap { $0.view = .nested(4_026_532_500) }
        #expect(gap.reason.contains("PID namespace 4026532500"))
        #expect(gap.missing.contains("the host's PID namespace"))
        #expect(gap.missingEvidence.evidence == .namespaces)
        #expect(gap.missingEvidence.action.hasPrefix("prove that every network namespace was read: "))
        _ = try Self.gap { $0.view = .unknown }
        _ = try Self.gap { $0.view = .absent }
    }

    @Test func aProcfsThatHidesProcessesIsNamed() throws {
        #expect(try Self.gap { $0.hiding = ["hidepid=invisible"] }.reason.contains("hidepid=invisible"))
        #expect(try Self.gap { $0.hiding = nil }.reason.contains("could not be read"))
    }

    @Test(
        arguments: [
            .thread, .descriptor, .socket, .mount, .process, .name,
        ] as [NamespaceEvidence.Source])
    func aNamespaceThatWasNotReadIsNamedWithItsSource(_ source: NamespaceEvidence.Source) throws {
        let gap = try Self.gap { $0.note(4_026_532_001, source) }
        #expect(gap.reason.contains("network namespace 4026532001 (\(source.rawValue))"))
    }

    @Test func whatCouldNotBeLookedIntoIsCounted() throws {
        let gap = try Self.gap {
            $0.noteClosed(.process, missing: "CAP_SYS_PTRACE")
            $0.noteClosed(.process, missing: "CAP_SYS_PTRACE")
        }
        #expect(gap.reason == "2 processes could not be read")
        #expect(gap.missing == "CAP_SYS_PTRACE")
        let one = try Self.gap { $0.noteClosed(.process, missing: "CAP_SYS_PTRACE") }
        #expect(one.reason == "1 process could not be read")
    }

    @Test func socketsThatNoDescriptorShowsAreNamed() throws {
        #expect(try Self.gap { $0.inFlight = 1 }.reason.contains("1 descriptor in flight"))
        #expect(try Self.gap { $0.rings = 2 }.reason.contains("2 io_uring instances"))
    }

    /// The kernel's list is complete: what /proc hides does not matter then, and what it lists does.
    @Test func theKernelsListDecides() throws {
        var evidence = Self.complete()
        evidence.view = .nested(7)
        evidence.hiding = nil
        evidence.inFlight = 3
        evidence.noteClosed(.process, missing: "CAP_SYS_PTRACE")
        evidence.kernelList = [1, 2]
        #expect(evidence.gaps.isEmpty)
        evidence.kernelList = [1, 2, 3]
        #expect(evidence.gaps.map(\.reason) == ["network namespace 3 (in the kernel's list) was not read"])
        // One that came after the list was read is known all the same.
        evidence.kernelList = [1, 2]
        evidence.note(4, .thread)
        #expect(evidence.gaps.count == 1)
    }
}
