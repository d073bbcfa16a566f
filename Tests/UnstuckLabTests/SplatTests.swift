import Testing
import UnstuckLab

/// Consoles as kernels print them: what must be seen, and what must not.
@Suite struct SplatTests {
    @Test(arguments: [
        "[   12.345678] WARNING: CPU: 1 PID: 321 at net/core/stream.c:205 sk_stream_kill_queues+0x101/0x110",
        "[   12.345678] BUG: kernel NULL pointer dereference, address: 0000000000000038",
        "[   12.345678][  T321] BUG: KASAN: slab-use-after-free in sk_psock_drop+0x1/0x2",
        "[   12.345678] Oops: 0000 [#1] SMP NOPTI",
        "[    1.000000] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100",
        "[   40.123456] rcu: INFO: rcu_sched self-detected stall on CPU",
        "[   40.123456] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
        "[   99.000000] watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [unstuck:77]",
        "[  242.000000] INFO: task unstuck:77 blocked for more than 120 seconds.",
        "[    3.000000] WARNING: possible circular locking dependency detected",
        "[    3.000000] WARNING: suspicious RCU usage",
        "[   77.000000] unregister_netdevice: waiting for veth0 to become free. Usage count = 2",
    ])
    func isSeen(_ line: String) {
        let console = "[    0.000000] Linux version 5.10.0\n\(line)\r\n[   50.000000] reboot: Power down\n"
        #expect(SplatScanner.splats(in: console).count == 1)
    }

    @Test(arguments: [
        "[    0.000000] Linux version 6.1.0-50-cloud-amd64 (debian-kernel@lists.debian.org)",
        "[    0.412345] rcu: Hierarchical SRCU implementation.",
        "[    0.512345] Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on",
        "[    1.200000] random: crng init done",
        "[    1.300000] debug: unmapping init [mem 0xffffffff90000000-0xffffffff90100000]",
        "[    2.000000] IPv6: ADDRCONF(NETDEV_CHANGE): veth0: link becomes ready",
        "[    2.100000] ACPI BIOS Warning (bug): Optional FADT field Pm2ControlBlock has valid Length",
    ])
    func isNone(_ line: String) {
        #expect(SplatScanner.splats(in: "\(line)\n") == [])
    }
}
