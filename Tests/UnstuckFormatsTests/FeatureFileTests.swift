import Testing
import UnstuckFormats
import UnstuckModel

@Suite("Lists of a kernel's features")
struct FeatureFileTests {
    private func header(_ text: String) throws -> FeatureFile { try FeatureFile(Array(text.utf8)) }
    private func fixture(_ name: String) throws -> FeatureFile {
        try FeatureFile(KeyDumpTests.fixture("features/\(name)"))
    }

    /// Its authors found no correlation to what they saw, and there is none: nothing of sockmaps differs.
    @Test func theIncident() throws {
        let (old, new) = (try fixture("vanilla-5.10.56.h"), try fixture("cloud-5.10.134.h"))
        #expect(old.problems.isEmpty && new.problems.isEmpty)
        let comparison = FeatureComparison(old.features, new.features)
        #expect(
            comparison.differences.map(\.feature) == [
                .init(.mapType, "task_storage"), .init(.mapType, "xskmap"),
                .init(.helper, "ktime_get_coarse_ns", program: "socket_filter"),
            ])
        #expect(comparison.differences.allSatisfy { $0.left == "unsupported" && $0.right == "supported" })
        #expect(comparison.differences.allSatisfy { $0.matters == nil })
        #expect(comparison.compared == old.features.answers.count)
        #expect(comparison.onlyLeft.isEmpty && comparison.onlyRight.isEmpty)
    }

    @Test func whatMattersToSockmapsComesFirst() throws {
        let left = try header(
            """
            #define NO_HAVE_QUEUE_MAP_TYPE
            #define HAVE_SOCKHASH_MAP_TYPE
            #define HAVE_SK_MSG_PROG_TYPE
            #define BPF__PROG_TYPE_sk_msg__HELPER_bpf_msg_redirect_hash 1
            """)
        let right = try header(
            """
            #define HAVE_QUEUE_MAP_TYPE
            #define NO_HAVE_SOCKHASH_MAP_TYPE
            #define NO_HAVE_SK_MSG_PROG_TYPE
            #define BPF__PROG_TYPE_sk_msg__HELPER_bpf_msg_redirect_hash 0
            """)
        let found = FeatureComparison(left.features, right.features).differences
        #expect(found.map { $0.matters != nil } == [true, true, true, false])
        #expect(found.last?.feature == .init(.mapType, "queue"))
    }

    /// Our own JSON against a header: what only one of them tells is no difference.
    @Test func anyMix() throws {
        let own = try FeatureFile(
            Array(
                """
                {"schema":"unstuck.kernel.features/1","unstuck":"0.1.0","data":{"prober":"libbpf 1.1","kernel":"6.18",
                "mapTypes":{"xskmap":"supported","sockhash":"supported","queue":"inconclusive"},
                "attachTypes":{"sk_msg_verdict":"supported"},"helpers":{"xdp":{"tail_call":"supported"}}}}
                """.utf8))
        let foreign = try header(
            """
            #define HAVE_XSKMAP_MAP_TYPE
            #define HAVE_QUEUE_MAP_TYPE
            #define HAVE_STACK_MAP_TYPE
            #define BPF__PROG_TYPE_xdp__HELPER_bpf_tail_call 0
            """)
        let comparison = FeatureComparison(own.features, foreign.features)
        #expect(comparison.compared == 3)
        #expect(comparison.differences.map(\.feature) == [.init(.helper, "tail_call", program: "xdp")])
        #expect(comparison.inconclusive == [.init(.mapType, "queue")])
        #expect(
            comparison.onlyLeft.map(\.feature) == [.init(.mapType, "sockhash"), .init(.attachType, "sk_msg_verdict")])
        #expect(comparison.onlyRight == [.init(feature: .init(.mapType, "stack"), answer: "supported")])
        let back = FeatureComparison(foreign.features, own.features)
        #expect(back.differences.map(\.left) == ["unsupported"] && back.onlyLeft == comparison.onlyRight)
    }

    @Test func theHeadersOtherLines() throws {
        let file = try header(
            "#ifndef BPF_FEATURES_H_\r\n#define BPF_FEATURES_H_\r\n/* HAVE_A_MAP_TYPE\n #define HAVE_B_MAP_TYPE */\n"
                + "#define CONFIG_HZ 250\n#define HAVE_BPF_SYSCALL // yes\n"
                + "#define HAVE_PROG_TYPE_HELPER(prog_type, helper) \\\n BPF__PROG_TYPE_ ## prog_type ## helper\n#endif"
        )
        #expect(file.problems.isEmpty)
        #expect(file.features[.init(.other, "CONFIG_HZ")] == "250")
        #expect(file.features[.init(.other, "bpf_syscall")] == "supported")
        #expect(file.features.answers.count == 2)
    }

    @Test(arguments: [
        ("HAVE_XSKMAP_MAP_TYPE", "no directive of the preprocessor: \"HAVE_XSKMAP_MAP_TYPE\""),
        ("#define", "a #define without a name: \"#define\""),
        ("#define HAVE_", "no feature: \"HAVE_\""),
        (
            "#define BPF__PROG_TYPE_xdp__HELPER_bpf_redirect 2",
            "neither 0 nor 1 for a helper: \"BPF__PROG_TYPE_xdp__HELPER_bpf_redirect 2\""
        ),
        ("#define NO_HAVE_HASH_MAP_TYPE", "an earlier line says otherwise: \"hash\""),
    ])
    func whatIsNotUnderstood(_ line: String, _ reason: String) throws {
        let file = try header("#define HAVE_HASH_MAP_TYPE\n\(line)\n")
        #expect(file.problems == [.init(line: 2, reason: reason)])
        #expect(file.features[.init(.mapType, "hash")] == "supported")
    }

    @Test(arguments: ["", "\n\n", "#define X\n", "key: 01 02\n", "\u{0}\u{1}"])
    func noList(_ text: String) {
        #expect(throws: FeatureFile.Failure.noFeatures) { try header(text) }
    }

    @Test(arguments: [
        "{", "{}", "{\"schema\":\"unstuck.diagnose/1\",\"data\":{\"prober\":\"x\"}}",
        "{\"schema\":\"unstuck.kernel.features/2\",\"data\":{\"prober\":\"x\"}}",
        "{\"schema\":\"unstuck.kernel.features/1\",\"data\":{\"prober\":\"x\",\"mapTypes\":[]}}",
    ])
    func foreignJSON(_ text: String) {
        #expect {
            try header(text)
        } throws: { error in
            if case .foreignJSON(let why) = error as? FeatureFile.Failure { !why.isEmpty } else { false }
        }
    }

    @Test func anyBytes() {
        for byte in UInt8.min...UInt8.max { _ = try? FeatureFile([UInt8](repeating: byte, count: 3000)) }
        let many = try? header("#define HAVE_HASH_MAP_TYPE\n" + String(repeating: "?\n", count: 10_000))
        #expect(many?.problemCount == 10_000)
        #expect(many?.problems.count == FeatureFile.longestProblemList)
    }
}
