/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The body of a function that reads one struct tcp_sock into one struct unstuck_tcp, all but the cookie. Included once for
 * typed pointers, whose members are plain loads, and once for numbers, whose members are probe reads: half the speed, but
 * possible in every program and on every kernel. The includer defines NAME, GET(pointer, member),
 * GET2(pointer, member, member), INODE(inet, socket) and CGROUP(inet).
 */
static __always_inline void NAME(struct unstuck_tcp *record, struct tcp_sock *tcp)
{
	struct unstuck_socket *out = &record->socket;
	struct inet_sock *inet = (struct inet_sock *)tcp;
	struct inet_connection_sock *connection = (struct inet_connection_sock *)tcp;
	__u32 now = bpf_jiffies64();
	struct socket *socket;
	__u64 psock;

	out->address = (__u64)tcp;
	out->proto = (__u64)GET(inet, sk.__sk_common.skc_prot);
	out->state = GET(inet, sk.__sk_common.skc_state);
	out->flags = UNSTUCK_FULL_SOCKET | UNSTUCK_IS_TCP;
	if (GET(inet, sk.__sk_common.skc_flags) & (1UL << SOCK_DEAD_BIT))
		out->flags |= UNSTUCK_DEAD;
	socket = GET(inet, sk.sk_socket);
	if (socket) {
		out->flags |= UNSTUCK_HAS_SOCKET;
		out->inode = INODE(inet, socket);
	}
	out->netns = GET2(inet, sk.__sk_common.skc_net.net, ns.inum);
	out->family = GET(inet, sk.__sk_common.skc_family);
	out->local_port = local_port_of(inet, GET(inet, sk.__sk_common.skc_num));
	out->remote_port = __builtin_bswap16(GET(inet, sk.__sk_common.skc_dport));
	if (out->family == AF_INET6) {
		BPF_CORE_READ_INTO(&out->local, inet, sk.__sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&out->remote, inet, sk.__sk_common.skc_v6_daddr);
	} else {
		*(__u32 *)out->local = GET(inet, sk.__sk_common.skc_rcv_saddr);
		*(__u32 *)out->remote = GET(inet, sk.__sk_common.skc_daddr);
	}
	out->cgroup = CGROUP(inet);
	/* Read, not loaded: since v6.17 the verifier types a loaded void pointer, and we want a number. */
	psock = psock_of(out->address, (__u64)BPF_CORE_READ(inet, sk.sk_user_data));
	if (psock)
		read_psock(out, psock);
	if (!bpf_map_lookup_elem(&protos, &out->proto))
		remember_proto(out->proto);

	if (out->state == TCP_LISTEN) {
		record->accept_queue = GET(inet, sk.sk_ack_backlog);
		record->accept_limit = GET(inet, sk.sk_max_ack_backlog);
		return;
	}
	record->bytes_sent = GET(tcp, bytes_sent);
	record->bytes_acked = GET(tcp, bytes_acked);
	record->bytes_received = GET(tcp, bytes_received);
	record->send_next = GET(tcp, snd_nxt);
	record->send_unacked = GET(tcp, snd_una);
	record->write_seq = GET(tcp, write_seq);
	record->receive_next = GET(tcp, rcv_nxt);
	record->copied_seq = GET(tcp, copied_seq);
	record->segments_out = GET(tcp, segs_out);
	record->segments_in = GET(tcp, segs_in);
	record->retransmits_total = GET(tcp, total_retrans);
	record->packets_out = GET(tcp, packets_out);
	record->send_window = GET(tcp, snd_wnd);
	record->receive_window = GET(tcp, rcv_wnd);
	record->since_send = now - GET(tcp, lsndtime);
	record->since_receive = now - GET(connection, icsk_ack.lrcvtime);
	record->timer = GET(connection, icsk_pending);
	record->backoff = GET(connection, icsk_backoff);
	record->retransmits = GET(connection, icsk_retransmits);
}
