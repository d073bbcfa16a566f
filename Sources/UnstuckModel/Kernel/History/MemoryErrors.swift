extension KernelBug {
    /// Use after free, writes and reads out of bounds, oopses.
    static let memoryErrors: [KernelBug] = [
        KernelBug(
            id: "self-call", commit: "5b4a79ba65a1",
            title: "bpf, sockmap: Don't let sock_map_{close,destroy,unhash} call itself", fixed: "5.10.248 6.1.13 6.2",
            symptom: "the kernel's stack overflows when a child of a mapped listener is closed"),
        KernelBug(
            id: "replace-close", commit: "ed1fc5d76b81",
            title: "bpf, sockmap: Fix race between element replace and close()", fixed: "5.10.236 6.1.125 6.12.6 6.13",
            cves: ["CVE-2024-56664"], symptom: "use after free when an entry is replaced while its socket closes"),
        KernelBug(
            id: "socket-after-free", commit: "8259eb0e06d8",
            title: "bpf, sockmap: Avoid using sk_socket after free when sending", fixed: "6.1.142 6.12.34 6.16",
            symptom: "use after free when a verdict program redirects"),
        KernelBug(
            id: "verdict-ready",
            title: "bpf: sockmap: Fix use-after-free of sk->sk_socket in sk_psock_verdict_data_ready()",
            fixed: "6.1.191 6.12.81", by: "7.1", cves: ["CVE-2026-43016"],
            symptom: "use after free when bytes arrive at a closing socket with a verdict program"),
        KernelBug(
            id: "ingress-null", title: "bpf, skmsg: Fix NULL pointer dereference in sk_psock_skb_ingress_enqueue",
            fixed: "5.10.223 6.1.91 6.8.10", by: "6.10", cves: ["CVE-2024-36938"],
            symptom: "an oops when a verdict program is removed while bytes arrive"),
        KernelBug(
            id: "mptcp", title: "mptcp: Disallow MPTCP subflows from sockmap", fixed: "6.1.159 6.12.60 6.18",
            symptom: "an MPTCP connection in a sockmap crashes the kernel",
            fingerprint: [Rule(.not(.option("MPTCP")), .notApplicable)]),
        KernelBug(
            id: "cork", title: "bpf, sockmap: Fix cork use-after-free in tcp_bpf_sendmsg()", since: "4.20",
            fixed: "5.10.265 6.1.183 6.12.101 6.18.42 7.1.6", by: "7.2", cves: ["CVE-2026-68284"],
            symptom: "use after free when a sk_msg program corks"),
        KernelBug(
            id: "redirect-target", title: "bpf, sockmap: Fix sk_redir use-after-free in send verdict",
            fixed: "6.1.183 6.12.104", symptom: "use after free when the target of a redirect goes"),
        KernelBug(
            id: "push-data-tail", title: "bpf: sockmap: fix tail fragment offset in bpf_msg_push_data",
            fixed: "5.10.259 6.1.176 6.12.93", by: "7.2",
            symptom: "a sk_msg program that inserts bytes sends others' memory"),
        KernelBug(
            id: "push-data-overflow", title: "bpf, sockmap: reject overflowing copy + len in bpf_msg_push_data()",
            fixed: "5.10.261 6.1.178 6.12.97", by: "7.2", cves: ["CVE-2026-64548"],
            symptom: "a sk_msg program that inserts bytes can write out of bounds"),
        KernelBug(
            id: "pop-data", title: "bpf, sockmap: Several fixes to bpf_msg_pop_data", fixed: "5.10.231 6.1.120",
            by: "6.13",
            cves: ["CVE-2024-56720"], symptom: "a sk_msg program that removes bytes can use memory after it is freed"),
        KernelBug(
            id: "pop-data-overflow", title: "bpf, sockmap: fix integer overflow in bpf_msg_pop_data() bounds check",
            fixed: "5.10.261 6.1.178 6.12.97", by: "7.2", cves: ["CVE-2026-74256"],
            symptom: "a sk_msg program that removes bytes can read and write out of bounds"),
        KernelBug(
            id: "sg-copy", title: "net: skmsg: preserve sg.copy across SG transforms",
            fixed: "5.10.261 6.1.177 6.12.95 7.1.3", by: "7.2", cves: ["CVE-2026-63830"],
            symptom: "a sk_msg program that moves bytes can write into pages that others share"),
        KernelBug(
            id: "sock-ops-read", title: "bpf: Fix same-register dst/src OOB read and pointer leak in sock_ops",
            fixed: "6.1.188 6.12.101", by: "7.2", cves: ["CVE-2026-53078"],
            symptom: "a sock_ops program can read out of bounds, and kernel addresses"),
        KernelBug(
            id: "sock-ops-rtt", title: "bpf: Fix out-of-bounds read of rtt_min in sock_ops",
            fixed: "6.1.189 6.12.112 7.2.9", symptom: "a sock_ops program that reads rtt_min reads out of bounds"),
        KernelBug(
            id: "udp-receive", title: "sockmap: Fix use-after-free in udp_bpf_recvmsg()", fixed: "6.1.191 6.12.114",
            cves: ["CVE-2026-74257"], symptom: "use after free when a mapped UDP socket is read"),
        KernelBug(
            id: "strparser", title: "strparser: make sure __strp_recv isn't running before tearing down the parser",
            fixed: "6.1.191 6.12.113 7.2.11", cves: ["CVE-2026-99056"],
            symptom: "use after free when a stream parser is removed while bytes arrive"),
    ]

    /// Bugs that reading sockets meets.
    static let readingErrors: [KernelBug] = [
        KernelBug(
            id: "iter-tcp", commit: "e5fd3f514e27",
            title: "bpf: tcp: Fix use-after-free in bpf_iter_tcp_established_batch()", since: "5.15",
            fixed: "6.1.183 6.6.152 6.12.104 6.18.45 7.1.9 7.2", cves: ["CVE-2026-74714"],
            symptom:
                "reading by iter/tcp (Unstuck does not use it): use after free while connections come and go beside it",
            fingerprint: [Rule(.not(.member("bpf_tcp_iter_state.batch")), .notApplicable)]),
        KernelBug(
            id: "iter-tcp-batch", title: "bpf: tcp: fix double sock release on batch realloc", since: "6.17",
            fixed: "6.1.183 6.12.104 6.18.42 7.1.6 7.2", cves: ["CVE-2026-64575"],
            note: "6.1 and 6.12 took the code and its fix together",
            symptom:
                "reading by iter/tcp (Unstuck does not use it): sockets are released twice where memory is short",
            fingerprint: [Rule(.not(.member("bpf_tcp_iter_batch_item.cookie")), .notApplicable)]),
    ]
}
