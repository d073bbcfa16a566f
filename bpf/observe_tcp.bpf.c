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
	struct inet_sock *inet;
	struct tcp_sock *tcp;
	struct inet_connection_sock *connection;
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
	/* A typed pointer: its members are plain loads, which the kernel guards. None for mini sockets, which end with their
	 * struct sock_common. */
	tcp = bpf_skc_to_tcp_sock(common);
	if (!tcp)
		goto write;
	inet = (struct inet_sock *)tcp;
	connection = (struct inet_connection_sock *)tcp;

	out->flags = UNSTUCK_FULL_SOCKET | UNSTUCK_IS_TCP;
	if (common->skc_flags & (1UL << SOCK_DEAD_BIT))
		out->flags |= UNSTUCK_DEAD;
	socket = inet->sk.sk_socket;
	if (socket) {
		out->flags |= UNSTUCK_HAS_SOCKET;
		if (bpf_core_field_exists(struct inet_sock, sk.sk_ino))
			out->inode = inet->sk.sk_ino;
		else
			out->inode = inode_of(inet, socket);
	}
	if (bpf_core_field_exists(struct inet_sock, sk.sk_cgrp_data.cgroup))
		out->cgroup = inet->sk.sk_cgrp_data.cgroup->kn->id;
	else
		out->cgroup = cgroup_of(inet);
	psock = psock_of(out->address, (__u64)BPF_CORE_READ(inet, sk.sk_user_data));
	if (psock)
		read_psock(out, psock);
	if (!bpf_map_lookup_elem(&protos, &out->proto))
		remember_proto(out->proto);

	if (out->state == TCP_LISTEN) {
		record.accept_queue = inet->sk.sk_ack_backlog;
		record.accept_limit = inet->sk.sk_max_ack_backlog;
		goto write;
	}
	record.bytes_sent = tcp->bytes_sent;
	record.bytes_acked = tcp->bytes_acked;
	record.bytes_received = tcp->bytes_received;
	record.send_next = tcp->snd_nxt;
	record.send_unacked = tcp->snd_una;
	record.write_seq = tcp->write_seq;
	record.receive_next = tcp->rcv_nxt;
	record.copied_seq = tcp->copied_seq;
	record.segments_out = tcp->segs_out;
	record.segments_in = tcp->segs_in;
	record.retransmits_total = tcp->total_retrans;
	record.packets_out = tcp->packets_out;
	record.send_window = tcp->snd_wnd;
	record.receive_window = tcp->rcv_wnd;
	record.since_send = now - tcp->lsndtime;
	record.since_receive = now - connection->icsk_ack.lrcvtime;
	record.timer = connection->icsk_pending;
	record.backoff = connection->icsk_backoff;
	record.retransmits = connection->icsk_retransmits;
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
