extension KernelBug {
    /// Entries that outlive their sockets, and changes to maps that can stop the node.
    static let staleEntries: [KernelBug] = [
        KernelBug(
            id: "leak", commit: "d8616ee2affc",
            title: "bpf, sockmap: Fix sk->sk_forward_alloc warn_on in sk_stream_kill_queues",
            since: "5.10.80 5.15.3 5.16", fixed: "5.10.222 5.15.79 6.0", note: "brought by b8b8315e39ff",
            symptom:
                "a connection that was never accepted stays in its sockmap when the listener closes, for ever: the "
                + "next one with its addresses and ports hangs (sockmap.leaked)",
            fingerprint: [
                Rule(keepsUnhash, .notApplicable),
                Rule(.handler(.destroy, ["sock_map_destroy"]), .fixed),
                Rule(.symbol("sock_map_destroy"), .fixed),
                Rule(.member("sk_psock.saved_destroy"), .fixed),
                Rule(.all([.not(keepsUnhash), .not(.handler(.destroy, ["sock_map_destroy"]))]), .affected),
            ]),
        KernelBug(
            id: "zombie", commit: "b8b8315e39ff", title: "bpf, sockmap: Remove unhash handler for BPF sockmap usage",
            subject: .cause, since: "5.10.80 5.15.3 5.16", unfixedUpTo: "7.2.13",
            symptom:
                "a closed socket stays in its sockmap until its last descriptor is closed, and receives what is sent "
                + "to the next connection with its addresses and ports (sockmap.zombie)",
            fingerprint: [Rule(keepsUnhash, .notApplicable), Rule(.not(keepsUnhash), .affected)]),
        KernelBug(
            id: "wrong-psock", title: "bpf, sockmap: Fix psock incorrectly pointing to sk", fixed: "6.1.148 6.12.42",
            by: "6.17",
            symptom: "after a quick delete and insert the psock belongs to another socket: bytes go to the wrong one"),
        KernelBug(
            id: "foreign-delete", commit: "98e948fb60d4",
            title: "bpf: Allow delete from sockmap/sockhash only if update is allowed",
            fixed: "5.10.219 6.1.93 6.10", cves: ["CVE-2024-38662"],
            symptom: "a tracing program may delete from a sockmap where locks are held: the node can deadlock",
            fingerprint: [
                Rule(.trial(.deletesFromTracepoint), .affected), Rule(.not(.trial(.deletesFromTracepoint)), .fixed),
            ]),
        KernelBug(
            id: "tc-delete", commit: "be39165224d0",
            title: "bpf, sockmap: Disallow update and delete from tc, xdp, socket_filter and flow_dissector",
            unfixedUpTo: "7.2.13", note: "bpf-next, July 2026",
            symptom:
                "a tc, XDP, socket filter or flow dissector program that changes a sockmap can deadlock the node (Unstuck "
                + "changes sockmaps from none of these)",
            fingerprint: [Rule(.trial(.deletesFromTC), .affected), Rule(.not(.trial(.deletesFromTC)), .fixed)]),
        KernelBug(
            id: "delete-deadlock", title: "bpf, sockmap: Prevent lock inversion deadlock in map delete elem",
            fixed: "5.10.215 6.1.85 6.9",
            symptom: "a program that deletes from a sockmap with interrupts off can deadlock the node"),
        KernelBug(
            id: "listener-clone", title: "bpf, sockmap: Check for any of tcp_bpf_prots when cloning a listener",
            fixed: "5.10.168 6.1.11 6.2",
            symptom: "a child of a mapped listener gets sockmap's handlers without a psock"),
        KernelBug(
            id: "sock-ops-flags", title: "tcp: clear sock_ops cb flags before force-closing a child socket",
            fixed: "6.1.188 6.12.110 6.18.40 7.1.5", by: "7.2", cves: ["CVE-2026-74268"],
            symptom: "a child inherits its listener's sock_ops callbacks: a program is called for a half-made socket"),
        KernelBug(
            id: "unhashed-udp", title: "bpf, sockmap: Reject unhashed UDP sockets on sockmap update",
            fixed: "6.1.183 6.12.101", by: "7.2", cves: ["CVE-2026-68386"],
            symptom: "a UDP socket that is not bound can be inserted, and stays when it is closed"),
    ]

    /// Before b8b8315e39ff a mapped socket left its maps when it was unhashed. The symbol alone proves nothing: UDP keeps it.
    private static let keepsUnhash = Clue.handler(.unhash, ["sock_map_unhash", "tcp_bpf_unhash"])
}
