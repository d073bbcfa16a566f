// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Every TCP socket of one network namespace as one struct unstuck_tcp. Reads only. */
#include "handler_names.h"
#include "socket_record.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct unstuck_clock pass_clock;

static __always_inline int observe(struct bpf_iter__tcp *ctx, int with_cookie)
{
	struct sock_common *common = ctx->sk_common;
	struct unstuck_tcp record = {};
	struct unstuck_socket *out = &record.socket;
	struct sock *sk = (struct sock *)common;
	struct inet_sock *inet = (struct inet_sock *)common;
	struct tcp_sock *tcp = (struct tcp_sock *)common;
	struct inet_connection_sock *connection = (struct inet_connection_sock *)common;
	struct socket *socket;
	__u32 now = bpf_jiffies64();
	__u64 psock;

	if (!common)
		return 0;
	if (!ctx->meta->seq_num) {
		pass_clock.jiffies = bpf_jiffies64();
		pass_clock.monotonic_ns = bpf_ktime_get_ns();
	}
	out->address = (__u64)common;
	out->cookie = with_cookie ? bpf_get_socket_cookie(common) : 0;
	out->proto = (__u64)common->skc_prot;
	out->netns = common->skc_net.net->ns.inum;
	out->family = common->skc_family;
	out->state = common->skc_state;
	out->local_port = common->skc_num;
	out->remote_port = __builtin_bswap16(common->skc_dport);
	if (out->family == AF_INET6) {
		BPF_CORE_READ_INTO(&out->local, common, skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&out->remote, common, skc_v6_daddr);
	} else {
		*(__u32 *)out->local = common->skc_rcv_saddr;
		*(__u32 *)out->remote = common->skc_daddr;
	}
	/* Mini sockets end with their struct sock_common. */
	if (out->state == TCP_TIME_WAIT || out->state == TCP_NEW_SYN_RECV)
		goto write;

	out->flags = UNSTUCK_FULL_SOCKET | UNSTUCK_IS_TCP;
	if (common->skc_flags & (1UL << SOCK_DEAD_BIT))
		out->flags |= UNSTUCK_DEAD;
	socket = BPF_CORE_READ(sk, sk_socket);
	if (socket) {
		out->flags |= UNSTUCK_HAS_SOCKET;
		out->inode = inode_of(inet, socket);
	}
	out->cgroup = cgroup_of(inet);
	psock = psock_of(out->address, (__u64)BPF_CORE_READ(sk, sk_user_data));
	if (psock)
		read_psock(out, psock);
	if (!bpf_map_lookup_elem(&protos, &out->proto))
		remember_proto(out->proto);

	if (out->state == TCP_LISTEN) {
		record.accept_queue = BPF_CORE_READ(sk, sk_ack_backlog);
		record.accept_limit = BPF_CORE_READ(sk, sk_max_ack_backlog);
		goto write;
	}
	record.bytes_sent = BPF_CORE_READ(tcp, bytes_sent);
	record.bytes_acked = BPF_CORE_READ(tcp, bytes_acked);
	record.bytes_received = BPF_CORE_READ(tcp, bytes_received);
	record.send_next = BPF_CORE_READ(tcp, snd_nxt);
	record.send_unacked = BPF_CORE_READ(tcp, snd_una);
	record.write_seq = BPF_CORE_READ(tcp, write_seq);
	record.receive_next = BPF_CORE_READ(tcp, rcv_nxt);
	record.copied_seq = BPF_CORE_READ(tcp, copied_seq);
	record.segments_out = BPF_CORE_READ(tcp, segs_out);
	record.segments_in = BPF_CORE_READ(tcp, segs_in);
	record.retransmits_total = BPF_CORE_READ(tcp, total_retrans);
	record.packets_out = BPF_CORE_READ(tcp, packets_out);
	record.send_window = BPF_CORE_READ(tcp, snd_wnd);
	record.receive_window = BPF_CORE_READ(tcp, rcv_wnd);
	record.since_send = now - BPF_CORE_READ(tcp, lsndtime);
	record.since_receive = now - BPF_CORE_READ(connection, icsk_ack.lrcvtime);
	record.timer = BPF_CORE_READ(connection, icsk_pending);
	record.backoff = BPF_CORE_READ(connection, icsk_backoff);
	record.retransmits = BPF_CORE_READ(connection, icsk_retransmits);
write:
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}

SEC("iter/tcp")
int observe_with_cookie(struct bpf_iter__tcp *ctx)
{
	return observe(ctx, 1);
}

SEC("iter/tcp")
int observe_plain(struct bpf_iter__tcp *ctx)
{
	return observe(ctx, 0);
}
