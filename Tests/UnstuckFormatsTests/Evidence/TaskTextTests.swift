import Testing
import UnstuckFormats
import UnstuckModel

/// Files of /proc/PID as Linux 6.18 wrote them, and as a hostile process may.
@Suite("Texts of /proc about tasks")
struct TaskTextTests {
    private static let stat =
        "812 (a) R (b) S 1 812 812 0 -1 4194560 2019 0 0 0 17 5 0 0 20 0 9 0 43321 5 6 7 8 9 10 11\n"

    @Test func stat() throws {
        let stat = try #require(TaskStat(Array(Self.stat.utf8)))
        #expect(stat.id == 812)
        #expect(stat.name == "a) R (b")
        #expect(stat.state == .sleeping)
        #expect(stat.cpuTicks == 22)
        #expect(stat.threadCount == 9)
        #expect(stat.startTime == 43321)
    }

    /// Names are bytes that a process chose.
    @Test func hostileNames() {
        let tail = " S 1 812 812 0 -1 4194560 2019 0 0 0 17 5 0 0 20 0 9 0 43321".utf8
        for name in [[], [0x0A], [0xFF, 0xFE], Array(") Z 1 1".utf8), Array("\u{1B}[2J".utf8)] as [[UInt8]] {
            let stat = TaskStat(Array("812 (".utf8) + name + [UInt8(ascii: ")")] + tail)
            #expect(stat?.state == .sleeping)
            #expect(stat?.name == String(decoding: name, as: UTF8.self))
        }
    }

    /// Cut anywhere it is nothing, or has the same beginning.
    @Test func truncatedAnywhere() throws {
        let whole = Array(Self.stat.utf8)
        let expected = try #require(TaskStat(whole))
        for length in whole.indices {
            guard let stat = TaskStat(Array(whole[..<length])) else { continue }
            #expect(stat.name == expected.name && stat.cpuTicks == expected.cpuTicks)
        }
    }

    @Test func waitChannels() {
        #expect(TaskWait.channel("0") == nil)
        #expect(TaskWait.channel("") == nil)
        #expect(TaskWait.channel("futex_wait_queue") == "futex_wait_queue")
    }

    @Test func stacks() {
        let text = """
            [<0>] futex_wait_queue+0x5f/0x90
            [<0>] nf_hook+0x1/0x2 [nf_tables]
            [<ffffffff81234567>] old_kernel+0x1/0x2
            [<0>] 0xffffffffc0000000

            """
        #expect(TaskWait.stack(text) == ["futex_wait_queue", "nf_hook", "old_kernel", "0xffffffffc0000000"])
        #expect(TaskWait.stack("") == [])
        #expect(TaskWait.stack("[<0>] \n[\n]") == ["[", "]"])
    }

    @Test func systemCalls() {
        let text = "45 0x7 0x7f17a538e000 0x20000 0x0 0x0 0x0 0x7ffc46f75498 0x7f17a550a2ad\n"
        let call = TaskWait.systemCall(text, names: .x86)
        #expect(call?.name?.rawValue == "recvfrom")
        #expect(call?.descriptor == 7)
        #expect(call?.arguments == [7, 0x7f17_a538_e000, 0x20000, 0, 0, 0])
        // The same number is no call of that name elsewhere, and has no name at all in a 32-bit program.
        #expect(TaskWait.systemCall(text, names: .arm)?.name == nil)
        #expect(TaskWait.systemCall(text, names: nil)?.number == 45)
        #expect(TaskWait.systemCall(text, names: nil)?.descriptor == nil)
        // A futex's first argument is an address.
        #expect(TaskWait.systemCall("202 0x7 0x80 0x2 0x0 0x0 0x0 0x1 0x2", names: .x86)?.descriptor == nil)
        #expect(TaskWait.systemCall("98 0x7 0x80 0x2 0x0 0x0 0x0 0x1 0x2", names: .arm)?.name?.isFutex == true)
        for none in ["running\n", "-1 0x7ffc46f75498 0x7f17a550a2ad\n", "", "45", "45 7 0x0 0x0 0x0 0x0 0x0 0x0 0x0"] {
            #expect(TaskWait.systemCall(none, names: .x86) == nil)
        }
    }

    @Test func widths() {
        // AT_SYSINFO_EHDR 33 and an address, each 8 bytes long; the same in 4 bytes each.
        let wide: [UInt8] = [33, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x7A, 0x46, 0xFC, 0x7F, 0, 0]
        let narrow: [UInt8] = [32, 0, 0, 0, 0x50, 0x15, 0xF4, 0xF7, 33, 0, 0, 0, 0, 0x10, 0xF4, 0xF7]
        #expect(TaskWait.isWide(auxiliaryVector: wide) == true)
        #expect(TaskWait.isWide(auxiliaryVector: narrow) == false)
        #expect(TaskWait.isWide(auxiliaryVector: []) == nil)
    }

    @Test func cgroups() {
        let found = ProcessFiles.cgroups(
            """
            9:name=systemd:/
            5:cpu,cpuacct:/kubepods/pod:1
            4:memory:/m
            0::/kubepods.slice/a
            no line
            """)
        #expect(found.unified == "/kubepods.slice/a")
        #expect(found.controllers == ["cpu": "/kubepods/pod:1", "cpuacct": "/kubepods/pod:1", "memory": "/m"])
    }

    @Test func limits() {
        let text = "Limit                     Soft Limit           Hard Limit           Units\n"
        #expect(ProcessFiles.descriptorLimit(text + "Max open files            1024  524288  files\n") == 1024)
        #expect(ProcessFiles.descriptorLimit(text + "Max open files            unlimited  unlimited  files\n") == nil)
        #expect(ProcessFiles.descriptorLimit(text) == nil)
    }
}
