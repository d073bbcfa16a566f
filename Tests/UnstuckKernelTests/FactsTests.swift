import Glibc
import TestSupport
import Testing
import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel

/// What is read and tried of the kernel that runs this, against what lab/kernels.toml declares of it.
@Suite("Facts of this kernel", .serialized)
struct FactsTests {
    /// Read once: under emulation it takes half a minute.
    private static let facts = reading.facts
    private static let reading = Reading()

    private struct Reading {
        /// What there was before.
        let maps = Result { Set(try BPFTable.mapIDs()) }
        let files = directoryNames("/proc/self/fd").count
        let facts = FactsReader(root: NodeRoot()).read()
        let filesAfter = directoryNames("/proc/self/fd").count
    }

    private func status(_ id: String) throws -> BugVerdict {
        try #require(evaluateKernel(Self.facts.evidence).first { $0.id == id })
    }

    @Test(.requires(.leak)) func leaks() throws {
        let verdict = try status("leak")
        #expect(verdict.status == .affected, "\(verdict.how)")
    }

    @Test(.requires(.noLeak)) func leaksNot() throws {
        let verdict = try status("leak")
        #expect(verdict.status == .fixed, "\(verdict.how)")
    }

    @Test(.requires(.zombie)) func keepsZombies() throws {
        let verdict = try status("zombie")
        #expect(verdict.status == .affected, "\(verdict.how)")
    }

    /// The classification of FIONREAD, against FIONREAD itself: see `FIONREAD` and `FIONREAD-stack` in lab/faults.toml.
    @Test(.requires(.native)) func miscountsBytesOfTheStack() throws {
        #expect(try status("fionread-stack").status == .affected)
        #expect(try status("fionread").status == .fixed)
    }

    /// Where nothing of redirected bytes is counted, those of the stack always were.
    @Test func eitherClassOfFIONREAD() throws {
        let (redirected, stack) = (try status("fionread"), try status("fionread-stack"))
        #expect(redirected.status == .affected || redirected.status == .fixed, "\(redirected.how)")
        #expect((redirected.status == .affected) == (stack.status == .notApplicable), "\(stack.how)")
    }

    @Test func everythingIsTold() throws {
        let facts = Self.facts
        #expect(!facts.release.isEmpty && !facts.version.isEmpty && facts.build?.contains(facts.release) == true)
        #expect(facts.typeInformation.answer == .supported)
        #expect(facts.symbolTable.answer == .supported)
        #expect(facts.capabilities.allSatisfy { $0.isPresent })
        #expect(facts.evidence.handlers?.close == "sock_map_close")
        #expect(facts.evidence.handlers?.recvmsg == "tcp_bpf_recvmsg")
        let features = Dictionary(uniqueKeysWithValues: facts.features.map { ($0.name, $0.support) })
        #expect(
            features["cookies in tracing"]?.answer
                == (try KernelUnderTest.provides(.cookie) ? .supported : .unsupported))
        #expect(features["fentry"]?.answer == (try KernelUnderTest.provides(.fentry) ? .supported : .unsupported))
        #expect(features["kprobes"]?.answer == (try KernelUnderTest.provides(.kprobes) ? .supported : .unsupported))
        for name in [
            "sockmap lookup", "sk_lookup test run", "iter/task_file", "tp_btf", "sock_ops", "sk_msg", "pidfd_getfd",
            "SOCK_DESTROY",
        ] {
            #expect(features[name]?.answer == .supported, "\(name): \(features[name]?.how ?? "not asked")")
        }
        #expect(features["batches of a sockmap"]?.answer == .unsupported)
    }

    /// What is tried is ours, and gone afterwards.
    @Test func leavesNothingBehind() throws {
        let maps = try Self.reading.maps.get()
        // The kernel frees maps a moment after their last descriptor is closed.
        var left = Set<UInt32>()
        let isClean = try Wait.until {
            left = Set(try BPFTable.mapIDs()).subtracting(maps)
            return left.isEmpty
        }
        #expect(isClean, "\(left)")
        #expect(Self.reading.filesAfter <= Self.reading.files)
    }

    /// An answer of each kind that is known of every kernel of the lab, and one that tells the two sentences of a refusal apart.
    @Test func features() throws {
        let features = try FeatureProber(root: NodeRoot()) { _, _ in }.probe()
        #expect(features[.init(.mapType, "sockhash")] == "supported")
        #expect(features[.init(.programType, "sk_msg")] == "supported")
        #expect(features[.init(.programType, "tracing")] == "supported")
        #expect(features[.init(.helper, "msg_redirect_hash", program: "sk_msg")] == "supported")
        #expect(features[.init(.helper, "sock_hash_update", program: "sock_ops")] == "supported")
        #expect(features[.init(.helper, "msg_redirect_hash", program: "socket_filter")] == "unsupported")
        #expect(features[.init(.helper, "trace_printk", program: "xdp")] == nil, "the kernel would warn")
        #expect(features[.init(.attachType, "sk_msg_verdict")] == "supported")
        #expect(features[.init(.attachType, "cgroup_sock_ops")] == "supported")
        #expect(features[.init(.attachType, "trace_iter")] == "supported")
        let itself = FeatureComparison(features, features)
        #expect(itself.differences.isEmpty && itself.compared == features.answers.count)
    }
}
