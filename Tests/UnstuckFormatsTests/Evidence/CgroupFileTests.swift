import Testing
import UnstuckFormats
import UnstuckModel

@Suite("Files of cgroups")
struct CgroupFileTests {
    @Test func quotas() {
        #expect(CgroupFiles.quota("50000 100000\n")?.quota == .value(50000))
        #expect(CgroupFiles.quota("max 100000\n")?.quota == .unlimited)
        #expect(CgroupFiles.quota("max 100000\n")?.period == 100_000)
        for none in ["", "max", "a b", "-5 1", "1 2 3"] { #expect(CgroupFiles.quota(none) == nil) }
    }

    @Test func limits() {
        #expect(CgroupFiles.limit("max\n") == .unlimited)
        #expect(CgroupFiles.limit("-1\n") == .unlimited)
        #expect(CgroupFiles.limit("20000\n") == .value(20000))
        #expect(CgroupFiles.limit("") == nil)
        #expect(CgroupFiles.legacyMemoryLimit("9223372036854771712\n") == .unlimited)
        #expect(CgroupFiles.legacyMemoryLimit("9223372036854710272\n") == .unlimited)  // pages of 64 KiB
        #expect(CgroupFiles.legacyMemoryLimit("1048576\n") == .value(1_048_576))
    }

    @Test func numbers() {
        let text = "usage_usec 5\nnr_periods 7\nnr_throttled 3\nthrottled_usec 90\nbad\nworse x\n"
        #expect(
            CgroupFiles.numbers(text)
                == ["usage_usec": 5, "nr_periods": 7, "nr_throttled": 3, "throttled_usec": 90])
    }

    @Test func freezers() {
        #expect(CgroupFiles.isFrozen(events: "populated 1\nfrozen 0\n") == false)
        #expect(CgroupFiles.isFrozen(events: "populated 1\nfrozen 1\n") == true)
        #expect(CgroupFiles.isFrozen(events: "populated 1\n") == nil)
        #expect(CgroupFiles.isFrozen(state: "THAWED\n") == false)
        #expect(CgroupFiles.isFrozen(state: "FREEZING\n") == true)
        #expect(CgroupFiles.isFrozen(state: "FROZEN\n") == true)
        #expect(CgroupFiles.isFrozen(state: "\n") == nil)
    }
}
