extension KernelBug {
    /// Bytes are lost, doubled, or not accounted for.
    static let lostBytes: [KernelBug] = [
        KernelBug(
            id: "apply-bytes", commit: "9072931f020b",
            title: "bpf, sockmap: Fix data loss caused by using apply_bytes on ingress redirect",
            fixed: "5.10.163 6.2", symptom: "bytes are lost where a sk_msg program redirects by apply_bytes"),
        KernelBug(
            id: "more-data", title: "bpf, sockmap: Fix repeated calls to sock_put() when msg has more_data",
            fixed: "5.10.163 6.2",
            symptom: "a message that is redirected to egress in parts drops the socket's reference too often"),
        KernelBug(
            id: "eagain", commit: "7683167196bd", title: "bpf, sockmap: Fix data lost during EAGAIN retries",
            fixed: "6.1.142 6.12.35 6.16", symptom: "bytes are lost when a send has to be tried again"),
        KernelBug(
            id: "duplicates", commit: "3b4f14b79428", title: "bpf, sockmap: fix duplicated data transmission",
            fixed: "6.1.142 6.12.34 6.16", symptom: "bytes arrive twice"),
        KernelBug(
            id: "receive-charge", title: "tcp_bpf: Charge receive socket buffer in bpf_tcp_ingress()",
            fixed: "5.10.233 6.1.123 6.12.8 6.13", symptom: "redirected bytes are not charged to the receiver's memory"),
        KernelBug(
            id: "receive-count", title: "tcp_bpf: Add sk_rmem_alloc related logic for tcp_bpf ingress redirection",
            fixed: "6.1.123 6.12.8 6.13", symptom: "redirected bytes do not count: the receiver's buffer has no bound"),
        KernelBug(
            id: "send-result", title: "tcp_bpf: fix return value of tcp_bpf_sendmsg()",
            fixed: "5.10.226 6.1.110 6.10.10 6.11",
            cves: ["CVE-2024-46783"],
            symptom: "a send that was partly dropped returns a wrong length: the sender goes on at the wrong byte"),
        KernelBug(
            id: "send-uncharge", title: "tcp_bpf: Fix the sk_mem_uncharge logic in tcp_bpf_sendmsg",
            fixed: "5.10.231 6.1.120 6.12.5", by: "6.13", cves: ["CVE-2024-56633"],
            symptom: "memory is given back too often when a send is cut: the kernel warns, sends stall"),
        KernelBug(
            id: "cork-memory",
            title: "tcp_bpf: Call sk_msg_free() when tcp_bpf_send_verdict() fails to allocate psock->cork",
            fixed: "5.10.245 6.1.153 6.12.48", by: "6.17", cves: ["CVE-2025-39913"],
            symptom: "a corked message is not freed where memory is short: memory leaks"),
        KernelBug(
            id: "empty-read", commit: "d900f3d20cc3",
            title: "bpf, sockmap: Fix an infinite loop error when len is 0 in tcp_bpf_recvmsg_parser()",
            fixed: "5.10.258 6.1.20 6.3", cves: ["CVE-2023-53133"],
            symptom: "a read of no bytes spins inside the kernel"),
        KernelBug(
            id: "tls", title: "tls: reject the combination of TLS and sockmap", fixed: "6.1.189 6.12.111",
            cves: ["CVE-2026-93824"], symptom: "a mapped socket that is given kernel TLS breaks",
            fingerprint: [Rule(.not(.option("TLS")), .notApplicable)]),
    ]
}
