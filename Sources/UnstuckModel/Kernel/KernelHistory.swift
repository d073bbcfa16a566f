extension KernelBug {
    /// The history of sockmap's mistakes that matter to connections, newest class of evidence first: those that leave or keep
    /// entries, those that stall a reader, those that lose or double bytes, those that crash.
    ///
    /// Subjects and stable releases are those of Debian's changelogs of 5.10, 6.1 and 6.12; 5.15's and mainline's are of the
    /// mailing lists (docs/kernel-facts.md, section 6). Symbols and members were read in the BTF of 5.10.218, 5.10.262,
    /// 6.1.192, 6.12.118, 6.18.44 and 7.2.13. A commit that is left out is not known to us.
    public static let history: [KernelBug] = [
        KernelBug(
            id: "leak", commit: "d8616ee2affc",
            title: "bpf, sockmap: Fix sk->sk_forward_alloc warn_on in sk_stream_kill_queues",
            window: "since 5.10.80, 5.15.3, 5.16 (b8b8315e39ff); mended in 5.10.222, 5.15.79, 6.0",
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
            window: "since 5.10.80, 5.15.3, 5.16; not mended as of 7.2",
            symptom:
                "a closed socket stays in its sockmap until its last descriptor is closed, and swallows what is sent "
                + "to the next connection with its addresses and ports (sockmap.zombie)",
            fingerprint: [Rule(keepsUnhash, .notApplicable), Rule(.not(keepsUnhash), .affected)]),

        KernelBug(
            id: "fionread", commit: "929e30f93125", title: "bpf, sockmap: Fix FIONREAD for sockmap",
            window: "mended in 6.12.75, 7.0",
            symptom: "FIONREAD says 0 while redirected bytes wait: a reader that asks first (nginx) never reads",
            fingerprint: [
                Rule(.any(countsRedirectedBytes), .fixed),
                Rule(.all(countsRedirectedBytes.map { .not($0) }), .affected),
            ]),
        KernelBug(
            id: "fionread-stack", commit: "04af4efde58a",
            title: "bpf, sockmap: Account for receive queue in FIONREAD without a verdict program",
            window: "since 6.12.75, 7.0 (929e30f93125); mended in 6.12.114, 7.2",
            symptom:
                "FIONREAD says 0 while ordinary bytes wait at a mapped socket without a verdict program: a reader that "
                + "asks first never reads",
            fingerprint: [
                Rule(.all(countsRedirectedBytes.map { .not($0) }), .notApplicable),
                Rule(.trial(.countsStackBytes), .fixed), Rule(.not(.trial(.countsStackBytes)), .affected),
            ]),
        KernelBug(
            id: "copied-seq", commit: "e5c6de5fa025", title: "bpf, sockmap: Incorrectly handling copied_seq",
            window: "mended in 6.1.32, 6.4", symptom: "the window closes and stays closed under a verdict program",
            fingerprint: [
                Rule(.symbol("tcp_eat_skb"), .fixed),
                Rule(.not(.symbol("tcp_read_skb")), .notApplicable),
                Rule(.not(.symbol("tcp_eat_skb")), .affected),
            ]),
        KernelBug(
            id: "fin", commit: "901546fd8f9c", title: "bpf, sockmap: Handle fin correctly",
            window: "mended in 6.1.32, 6.4",
            symptom: "a reader behind a verdict program is never told that its peer has finished",
            fingerprint: ofTheSeriesThatBroughtEatSkb),
        KernelBug(
            id: "wake-up", commit: "6df7f764cd3c", title: "bpf, sockmap: Wake up polling after data copy",
            window: "mended in 6.1.32, 6.4", symptom: "bytes are queued and poll is not woken",
            fingerprint: ofTheSeriesThatBroughtEatSkb),

        KernelBug(
            id: "apply-bytes", commit: "9072931f020b",
            title: "bpf, sockmap: Fix data loss caused by using apply_bytes on ingress redirect",
            window: "mended in 5.10.163, 6.2", symptom: "bytes are lost where a msg program redirects by apply_bytes",
            fingerprint: []),
        KernelBug(
            id: "eagain", commit: "7683167196bd", title: "bpf, sockmap: Fix data lost during EAGAIN retries",
            window: "mended in 6.1.142, 6.12.35, 6.16", symptom: "bytes are lost when a send has to be tried again",
            fingerprint: []),
        KernelBug(
            id: "duplicates", commit: "3b4f14b79428", title: "bpf, sockmap: fix duplicated data transmission",
            window: "mended in 6.1.142, 6.12.34, 6.16", symptom: "bytes arrive twice", fingerprint: []),
        KernelBug(
            id: "receive-charge", commit: nil, title: "tcp_bpf: Charge receive socket buffer in bpf_tcp_ingress()",
            window: "mended in 5.10.233, 6.1.123, 6.12.8, 6.13",
            symptom: "redirected bytes are not charged to the receiver: its buffer has no bound", fingerprint: []),
        KernelBug(
            id: "empty-read", commit: "d900f3d20cc3",
            title: "bpf, sockmap: Fix an infinite loop error when len is 0 in tcp_bpf_recvmsg_parser()",
            window: "mended in 5.10.258, 6.1.20, 6.3", symptom: "a read of no bytes spins inside the kernel",
            fingerprint: []),

        KernelBug(
            id: "foreign-delete", commit: "98e948fb60d4",
            title: "bpf: Allow delete from sockmap/sockhash only if update is allowed",
            window: "mended in 5.10.219, 6.1.93, 6.10",
            symptom: "a tracing program may delete from a sockmap where locks are held: the node can deadlock",
            fingerprint: [
                Rule(.trial(.deletesFromTracepoint), .affected), Rule(.not(.trial(.deletesFromTracepoint)), .fixed),
            ]),
        KernelBug(
            id: "tc-delete", commit: "be39165224d0",
            title: "bpf, sockmap: Disallow update and delete from tc, xdp, socket_filter and flow_dissector",
            window: "fixed in no release yet (bpf-next, July 2026)",
            symptom:
                "a tc, XDP, socket filter or flow dissector program that changes a sockmap can deadlock the node (Unstuck "
                + "changes sockmaps from none of these)",
            fingerprint: [Rule(.trial(.deletesFromTC), .affected), Rule(.not(.trial(.deletesFromTC)), .fixed)]),
        KernelBug(
            id: "iter-tcp", commit: "e5fd3f514e27",
            title: "bpf: tcp: Fix use-after-free in bpf_iter_tcp_established_batch()",
            window: "since 5.15; fixed in 6.1.183, 6.6.152, 6.12.104, 6.18.45, 7.1.9, 7.2 (CVE-2026-74714)",
            symptom:
                "reading by iter/tcp (Unstuck does not use it): use after free while connections come and go beside it",
            fingerprint: [Rule(.not(.member("bpf_tcp_iter_state.batch")), .notApplicable)]),
        KernelBug(
            id: "iter-tcp-batch", commit: nil, title: "bpf: tcp: fix double sock release on batch realloc",
            window: "since 6.17; fixed in 6.18.42, 7.1.6, 7.2 (CVE-2026-64575)",
            symptom:
                "reading by iter/tcp (Unstuck does not use it): sockets are released twice where memory is short",
            fingerprint: [Rule(.not(.member("bpf_tcp_iter_batch_item.cookie")), .notApplicable)]),
        KernelBug(
            id: "delete-deadlock", commit: nil,
            title: "bpf, sockmap: Prevent lock inversion deadlock in map delete elem",
            window: "mended in 5.10.215, 6.1.85, 6.9",
            symptom: "a program that deletes from a sockmap with interrupts off can deadlock the node", fingerprint: []),
        KernelBug(
            id: "listener-clone", commit: nil,
            title: "bpf, sockmap: Check for any of tcp_bpf_prots when cloning a listener",
            window: "mended in 5.10.168, 6.1.11, 6.2",
            symptom: "a child of a mapped listener gets sockmap's handlers without a psock", fingerprint: []),
        KernelBug(
            id: "self-call", commit: "5b4a79ba65a1",
            title: "bpf, sockmap: Don't let sock_map_{close,destroy,unhash} call itself",
            window: "mended in 5.10.248, 6.1.13, 6.2",
            symptom: "the kernel's stack overflows when such a child is closed",
            fingerprint: []),
        KernelBug(
            id: "replace-close", commit: "ed1fc5d76b81",
            title: "bpf, sockmap: Fix race between element replace and close()",
            window: "mended in 5.10.236, 6.1.125, 6.12.6, 6.13",
            symptom: "use after free when an entry is replaced while its socket closes", fingerprint: []),
        KernelBug(
            id: "socket-after-free", commit: "8259eb0e06d8",
            title: "bpf, sockmap: Avoid using sk_socket after free when sending",
            window: "mended in 6.1.142, 6.12.34, 6.16", symptom: "use after free when a verdict program redirects",
            fingerprint: []),
        KernelBug(
            id: "mptcp", commit: nil, title: "mptcp: Disallow MPTCP subflows from sockmap",
            window: "mended in 6.1.159, 6.12.60, 6.18", symptom: "an MPTCP connection in a sockmap crashes the kernel",
            fingerprint: [Rule(.not(.option("MPTCP")), .notApplicable)]),
        KernelBug(
            id: "cork", commit: nil, title: "bpf, sockmap: Fix cork use-after-free in tcp_bpf_sendmsg()",
            window: "mended in 6.1.183, 6.12.101", symptom: "use after free when a msg program corks", fingerprint: []),
        KernelBug(
            id: "redirect-target", commit: nil, title: "bpf, sockmap: Fix sk_redir use-after-free in send verdict",
            window: "mended in 6.1.183, 6.12.104", symptom: "use after free when the target of a redirect goes",
            fingerprint: []),
        KernelBug(
            id: "tls", commit: nil, title: "tls: reject the combination of TLS and sockmap",
            window: "mended in 6.1.189, 6.12.111", symptom: "a mapped socket that is given kernel TLS breaks",
            fingerprint: [Rule(.not(.option("TLS")), .notApplicable)]),
    ]

    /// Before b8b8315e39ff a mapped socket left its maps when it was unhashed. The symbol alone proves nothing: UDP keeps it.
    private static let keepsUnhash = Clue.handler(.unhash, ["sock_map_unhash", "tcp_bpf_unhash"])

    /// Each of them came with 929e30f93125.
    private static let countsRedirectedBytes: [Clue] = [
        .handler(.ioctl, ["tcp_bpf_ioctl"]), .symbol("tcp_bpf_ioctl"), .member("sk_psock.msg_tot_len"),
    ]

    /// e5c6de5fa025, which brought `tcp_eat_skb`, and its neighbours came into every release together.
    private static let ofTheSeriesThatBroughtEatSkb = [
        Rule(.symbol("tcp_eat_skb"), .fixed),
        Rule(.all([.symbol("tcp_read_skb"), .not(.symbol("tcp_eat_skb"))]), .affected),
    ]
}
