extension KernelBug {
    /// Bytes are there, and the reader does not get them.
    static let stalledReaders: [KernelBug] = [
        KernelBug(
            id: "fionread", commit: "929e30f93125", title: "bpf, sockmap: Fix FIONREAD for sockmap",
            fixed: "6.6.128 6.12.75 6.18.14 6.19.4 7.0",
            symptom: "FIONREAD says 0 while redirected bytes wait: a reader that asks first (nginx) never reads",
            fingerprint: [
                Rule(.any(countsRedirectedBytes), .fixed),
                Rule(.all(countsRedirectedBytes.map { .not($0) }), .affected),
            ]),
        KernelBug(
            id: "fionread-stack", commit: "04af4efde58a",
            title: "bpf, sockmap: Account for receive queue in FIONREAD without a verdict program",
            since: "6.6.128 6.12.75 6.18.14 6.19.4 7.0", fixed: "6.12.114 7.2", note: "brought by 929e30f93125",
            symptom:
                "FIONREAD says 0 while ordinary bytes wait at a mapped socket without a verdict program: a reader that "
                + "asks first never reads",
            fingerprint: [
                Rule(.all(countsRedirectedBytes.map { .not($0) }), .notApplicable),
                Rule(.trial(.countsStackBytes), .fixed), Rule(.not(.trial(.countsStackBytes)), .affected),
            ]),
        KernelBug(
            id: "copied-seq", commit: "e5c6de5fa025", title: "bpf, sockmap: Incorrectly handling copied_seq",
            fixed: "6.1.32 6.4", symptom: "the window closes and stays closed under a verdict program",
            fingerprint: [
                Rule(.symbol("tcp_eat_skb"), .fixed),
                Rule(.not(.symbol("tcp_read_skb")), .notApplicable),
                Rule(.not(.symbol("tcp_eat_skb")), .affected),
            ]),
        KernelBug(
            // In the series of 929e30f93125: both came with 6.12.75.
            id: "copied-seq-redirect", title: "bpf, sockmap: Fix incorrect copied_seq calculation",
            fixed: "6.1.165 6.12.75 7.0",
            symptom: "redirected bytes count as read from the stack: FIONREAD and the window are wrong"),
        KernelBug(
            id: "self-redirect", title: "bpf, sockmap: Fix self-redirect copied_seq double-counting",
            fixed: "6.1.189 6.12.112 7.2.9", symptom: "bytes that a socket redirects to itself count as read twice"),
        KernelBug(
            id: "fin", commit: "901546fd8f9c", title: "bpf, sockmap: Handle fin correctly", fixed: "6.1.32 6.4",
            symptom: "a reader behind a verdict program never learns that its peer has finished",
            fingerprint: ofTheSeriesThatBroughtEatSkb),
        KernelBug(
            id: "wake-up", commit: "6df7f764cd3c", title: "bpf, sockmap: Wake up polling after data copy",
            fixed: "6.1.32 6.4", symptom: "bytes are queued and poll is not woken",
            fingerprint: ofTheSeriesThatBroughtEatSkb),
        KernelBug(
            id: "listener-migration", title: "tcp: call sk_data_ready() after listener migration",
            // net.ipv4.tcp_migrate_req, 54b92e841937 ("tcp: Migrate TCP_ESTABLISHED/TCP_SYN_RECV sockets in accept queues").
            since: "5.14", fixed: "6.1.175", by: "7.2", cves: ["CVE-2026-46015"],
            symptom:
                "with SO_REUSEPORT a connection moves to another listener's accept queue, and a blocked accept() or epoll "
                + "is never woken"),
        KernelBug(
            id: "ktls-verdict", title: "bpf, skmsg: fix verdict sk_data_ready racing with ktls rx",
            fixed: "6.1.191 6.12.92", by: "7.2", cves: ["CVE-2026-64025"],
            symptom: "a socket with a verdict program and kernel TLS calls a handler that was just replaced",
            fingerprint: [Rule(.not(.option("TLS")), .notApplicable)]),
        KernelBug(
            id: "early-bytes", title: "bytes that arrived before insertion are read after redirected ones",
            subject: .none, unfixedUpTo: "7.2.13",
            symptom: "bytes arrive in another order where a connection is inserted after its first bytes"),
        KernelBug(
            id: "splice", title: "splice(2) does not read redirected bytes", subject: .none,
            unfixedUpTo: "7.2.13", symptom: "splice(2) says EAGAIN, or sleeps, while poll says readable"),
        KernelBug(
            id: "blocking-eagain", title: "a blocking recv of a mapped socket returns EAGAIN when woken without bytes",
            subject: .none, unfixedUpTo: "7.2.13",
            symptom: "a signal, SIGSTOP, or the acknowledgement of an own FIN, ends a blocking recv with EAGAIN",
            fingerprint: [
                Rule(.trial(.endsReceiveOnSignal), .affected), Rule(.not(.trial(.endsReceiveOnSignal)), .fixed),
            ]),
    ]

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
