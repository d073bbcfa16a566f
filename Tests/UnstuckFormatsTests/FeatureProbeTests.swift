import Testing
import UnstuckFormats
import UnstuckModel

/// Lists that others' probes write: bpftool's text, JSON and macros, Cilium's header since 1.13.
@Suite("Lists of bpftool and Cilium")
struct FeatureProbeTests {
    private func file(_ text: String) throws -> FeatureSet { try FeatureFile(Array(text.utf8)).features }
    private func fixture(_ name: String) throws -> FeatureFile {
        try FeatureFile(KeyDumpTests.fixture("features/\(name)"))
    }

    /// What is in one file only is a difference: these agents write nothing for what the kernel lacks.
    @Test func ciliumSince1_13() throws {
        let (old, new) = (try fixture("old-node-features.h"), try fixture("new-node-features.h"))
        #expect(old.problems.isEmpty && new.problems.isEmpty)
        let comparison = FeatureComparison(old.features, new.features)
        let names = ["fib_ifindex", "fib_neigh", "netns_cookie", "set_retval"]
        #expect(comparison.differences.map(\.feature) == names.map { .init(.other, $0) })
        #expect(comparison.differences.allSatisfy { $0.left == "not listed" && $0.right == "supported" })
        #expect(comparison.compared == 9)
        #expect(comparison.onlyLeft.isEmpty && comparison.onlyRight.isEmpty)
        let back = FeatureComparison(new.features, old.features)
        #expect(back.differences.map(\.right) == Array(repeating: "not listed", count: 4))
    }

    /// An older agent's header says what is missing: there a name that is not mentioned was not asked for.
    @Test func ciliumOfTwoAges() throws {
        let new = try fixture("new-node-features.h").features
        let old = try file("#define HAVE_LARGE_INSN_LIMIT\n#define NO_HAVE_FIB_NEIGH\n#define NO_HAVE_BOUNDED_LOOPS\n")
        let comparison = FeatureComparison(old, new)
        #expect(comparison.differences.map(\.feature) == [.init(.other, "fib_neigh")])
        // Not in the new list, which has only what is there: no difference to "unsupported".
        #expect(comparison.compared == 3)
        #expect(comparison.onlyRight.contains { $0.feature.name == "set_retval" && $0.answer == "supported" })
        #expect(comparison.onlyLeft.isEmpty)
    }

    @Test func plainText() throws {
        let file = try fixture("old-kernel.txt")
        #expect(file.problems.isEmpty)
        let features = file.features
        #expect(features.refused.isEmpty)
        #expect(features[.init(.other, "bpf_syscall")] == "supported")
        #expect(features[.init(.programType, "sk_msg")] == "unsupported")
        #expect(features[.init(.mapType, "sockhash")] == "unsupported")
        #expect(features[.init(.mapType, "devmap_hash")] == "supported")
        #expect(features[.init(.helper, "get_socket_cookie", program: "socket_filter")] == "supported")
        #expect(features[.init(.other, "large_insn_limit")] == "unsupported")
        #expect(features.count(.programType) == (4, 6))
        #expect(features.partsOfSupported == [.helpers(program: "socket_filter"), .helpers(program: "sock_ops")])
    }

    /// Lists of helpers have only those that there are: the other list's further one is a difference.
    @Test func helpersThatAreNotListed() throws {
        let old = try fixture("old-kernel.txt").features
        let new = try file(
            """
            {"syscall_config":{"have_bpf_syscall":true},
             "program_types":{"have_socket_filter_prog_type":true,"have_sk_msg_prog_type":true},
             "map_types":{"have_sockhash_map_type":true,"have_hash_map_type":true},
             "helpers":{"socket_filter_available_helpers":["bpf_map_lookup_elem","bpf_ktime_get_ns"]}}
            """)
        let comparison = FeatureComparison(old, new)
        #expect(
            comparison.differences.map(\.feature) == [
                .init(.programType, "sk_msg"), .init(.mapType, "sockhash"),
                .init(.helper, "get_socket_cookie", program: "socket_filter"),
                .init(.helper, "ktime_get_ns", program: "socket_filter"),
            ])
        #expect(comparison.differences[2].left == "supported" && comparison.differences[2].right == "not listed")
        #expect(comparison.onlyLeft.contains { $0.feature == .init(.mapType, "devmap_hash") })
    }

    /// One kernel in bpftool's four formats is one kernel.
    @Test(arguments: ["bpftool-6.18.txt", "bpftool-6.18.json", "bpftool-6.18.h", "bpftool-6.18-prefix.h"])
    func oneKernel(_ name: String) throws {
        let text = try fixture("bpftool-6.18.txt")
        let other = try fixture(name)
        #expect(text.problems.isEmpty && other.problems.isEmpty, "\(other.problems)")
        let comparison = FeatureComparison(text.features, other.features)
        #expect(comparison.differences.isEmpty)
        // Nine program types, four map types, the system call, four miscellaneous ones; the "tracing" of neither.
        #expect(comparison.compared >= 18, "\(comparison)")
        for kind in [FeatureSet.Kind.programType, .mapType] {
            #expect(!(comparison.onlyLeft + comparison.onlyRight).contains { $0.feature.kind == kind })
        }
    }

    /// libbpf 1.1 on 6.18: every program type may call every helper, and there is no program type "tracing".
    @Test(arguments: ["bpftool-6.18.txt", "bpftool-6.18.json", "bpftool-6.18.h"])
    func whatCannotBeTrue(_ name: String) throws {
        let features = try fixture(name).features
        let refused = features.refused.filter { $0.kind == .helper }
        #expect(Set(refused.compactMap(\.program)) == ["socket_filter", "sk_msg", "tracing", "xdp"])
        let filter = try #require(refused.first { $0.program == "socket_filter" })
        #expect(filter.count == 8)
        #expect(filter.reason.hasPrefix("msg_redirect_hash, which only sk_msg may call"))
        #expect(features[.init(.helper, "map_lookup_elem", program: "xdp")] == nil)
        #expect(features[.init(.programType, "tracing")] == "inconclusive")
        #expect(features[.init(.programType, "sk_msg")] == "supported")
    }

    /// A type that is available and has no helper is a failed probe, also where the macros say "0" one by one.
    @Test func noHelperAtAll() throws {
        let good = try file(
            """
            #define HAVE_SK_MSG_PROG_TYPE
            #define HAVE_XDP_PROG_TYPE
            #define BPF__PROG_TYPE_sk_msg__HELPER_bpf_map_lookup_elem 1
            #define BPF__PROG_TYPE_sk_msg__HELPER_bpf_msg_redirect_hash 1
            #define BPF__PROG_TYPE_xdp__HELPER_bpf_map_lookup_elem 1
            """)
        let failed = try file(
            """
            #define HAVE_SK_MSG_PROG_TYPE
            #define HAVE_XDP_PROG_TYPE
            #define BPF__PROG_TYPE_sk_msg__HELPER_bpf_map_lookup_elem 0
            #define BPF__PROG_TYPE_sk_msg__HELPER_bpf_msg_redirect_hash 0
            #define BPF__PROG_TYPE_xdp__HELPER_bpf_map_lookup_elem 1
            """)
        let comparison = FeatureComparison(good, failed)
        #expect(comparison.differences.isEmpty && comparison.compared == 3)
        #expect(comparison.refusedLeft.isEmpty)
        #expect(comparison.refusedRight.map(\.program) == ["sk_msg"])
        #expect(comparison.refusedRight.map(\.count) == [2])
        #expect(comparison.onlyLeft.isEmpty, "what the other says of them was refused, not left out")
        // JSON and text list nothing there.
        let json = try file(
            #"{"program_types":{"have_sk_msg_prog_type":true},"helpers":{"sk_msg_available_helpers":[]}}"#)
        #expect(FeatureComparison(good, json).differences.isEmpty)
        #expect(json.refused.map(\.program) == ["sk_msg"])
    }

    /// A type that the kernel lacks has no helpers: that is an old kernel.
    @Test func aTypeThatIsMissing() throws {
        let old = try file(
            """
            #define NO_HAVE_SK_MSG_PROG_TYPE
            #define BPF__PROG_TYPE_sk_msg__HELPER_bpf_map_lookup_elem 0
            """)
        #expect(old.refused.isEmpty)
        let text = try file(
            "eBPF program_type sk_msg is NOT available\neBPF helpers supported for program type sk_msg:\n")
        #expect(text.refused.isEmpty)
        #expect(FeatureComparison(old, text).differences.isEmpty)
        let new = try file(
            """
            #define HAVE_SK_MSG_PROG_TYPE
            #define BPF__PROG_TYPE_sk_msg__HELPER_bpf_map_lookup_elem 1
            """)
        #expect(FeatureComparison(text, new).differences.map(\.left) == ["unsupported", "not listed"])
        // Helpers of a type that is not there: one of both is wrong.
        let contradiction = try file(
            """
            #define NO_HAVE_SK_MSG_PROG_TYPE
            #define BPF__PROG_TYPE_sk_msg__HELPER_bpf_map_lookup_elem 1
            """)
        #expect(contradiction.refused.map(\.reason) == ["helpers of a program type that is not available"])
    }

    @Test(arguments: [
        "eBPF program_type socket_filter is NOT available\neBPF program_type xdp is NOT available\n",
        "bpf() syscall is available\neBPF map_type hash is NOT available\neBPF map_type array is NOT available\n"
            + "eBPF program_type socket_filter is NOT available\neBPF program_type xdp is available\n",
        #"{"program_types":{"have_socket_filter_prog_type":false,"have_xdp_prog_type":false}}"#,
        "#define NO_HAVE_HASH_MAP_TYPE\n#define NO_HAVE_ARRAY_MAP_TYPE\n",
    ])
    func nothingOfItIsTrue(_ text: String) throws {
        let refused = { (file: FeatureSet) in file.refused.map(\.kind) }
        do {
            let features = try file(text)
            #expect(!refused(features).isEmpty && features.count(.programType).all == 0)
        } catch FeatureFile.Failure.impossible(let why) {
            #expect(why.contains("the probe failed"))
        }
    }

    /// A kernel without bpf(2) has nothing, and says so.
    @Test func aKernelWithoutBPF() throws {
        let features = try file(
            "bpf() syscall is NOT available\neBPF program_type socket_filter is NOT available\n"
                + "eBPF program_type xdp is NOT available\n")
        #expect(features.refused.isEmpty && features.count(.programType) == (0, 2))
    }

    /// As it comes out of a terminal, a recording or an editor.
    @Test(arguments: ["\u{FEFF}", "", "$ bpftool feature probe\r\n"])
    func recordings(_ start: String) throws {
        let plain = String(decoding: try KeyDumpTests.fixture("features/old-kernel.txt"), as: UTF8.self)
        let changed = start + plain.replacing("\n", with: "\u{1B}[0m\r\n").replacing(" is ", with: "\u{A0}is ")
        let file = try FeatureFile(Array(changed.utf8))
        #expect(file.features.answers == (try fixture("old-kernel.txt").features.answers))
        #expect(file.problemCount == (start.hasPrefix("$") ? 1 : 0))
    }

    @Test func settings() throws {
        let text = try fixture("bpftool-6.18.txt").features
        for (name, value) in [
            ("unprivileged_bpf_disabled", "2"), ("bpf_jit_enable", "1"), ("bpf_jit_harden", "0"),
            ("bpf_jit_kallsyms", "1"), ("bpf_jit_limit", "528482304"), ("CONFIG_BPF", "y"),
            ("CONFIG_KPROBE_EVENTS", "n"),
        ] { #expect(text[.init(.other, name)] == value, "\(name)") }
        let macros = try file("#define BPFTOOL_CONFIG_HZ 250\n#define CONFIG_HAVE_EBPF_JIT y\n#define BPFTOOL_HAVE_X\n")
        #expect(macros[.init(.other, "CONFIG_HZ")] == "250")
        #expect(macros[.init(.other, "CONFIG_HAVE_EBPF_JIT")] == "y")
        #expect(macros[.init(.other, "x")] == "supported")
    }
}
