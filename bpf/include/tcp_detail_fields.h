/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The body of a function that reads a full TCP socket's details into one struct unstuck_detail. Included once for typed
 * pointers and once for numbers, as tcp_fields.h. The includer defines NAME, NAME_TIMER, GET(pointer, member), and GET_BITS for
 * what is a bit-field in some kernel.
 */

/*
 * The timer that counts, as inet_sk_diag_fill (net/ipv4/inet_diag.c) chooses it. When a retransmit is due was a number of its own
 * (6.12), then the timer's (6.18), which moved into struct sock with 9a5e5334adc0 ("tcp: remove icsk->icsk_retransmit_timer", in
 * v7.0); the keepalive timer moved with 08dfe370239e ("tcp: introduce icsk->icsk_keepalive_timer", in v7.0).
 */
static __always_inline void NAME_TIMER(struct unstuck_detail *out, struct inet_sock *inet,
				       struct inet_connection_sock *connection)
{
	__u8 pending = GET(connection, icsk_pending);
	__u64 due = 0;

	if (pending == ICSK_TIME_RETRANS || pending == ICSK_TIME_REO_TIMEOUT || pending == ICSK_TIME_LOSS_PROBE ||
	    pending == ICSK_TIME_PROBE0) {
		if (bpf_core_field_exists(struct inet_connection_sock, icsk_timeout))
			due = GET(connection, icsk_timeout);
		else if (bpf_core_field_exists(struct inet_connection_sock, icsk_retransmit_timer))
			due = GET(connection, icsk_retransmit_timer.expires);
		else if (bpf_core_field_exists(struct inet_sock, sk.tcp_retransmit_timer))
			due = GET(inet, sk.tcp_retransmit_timer.expires);
		else
			return;
		out->timer = pending == ICSK_TIME_PROBE0 ? UNSTUCK_TIMER_PROBE : UNSTUCK_TIMER_RETRANSMIT;
		out->timer_count = pending == ICSK_TIME_PROBE0 ? out->probes : out->retransmits;
	} else if (bpf_core_field_exists(struct inet_connection_sock, icsk_keepalive_timer)) {
		/* timer_pending */
		if (GET(connection, icsk_keepalive_timer.entry.pprev))
			out->timer = UNSTUCK_TIMER_KEEPALIVE;
		due = GET(connection, icsk_keepalive_timer.expires);
	} else if (bpf_core_field_exists(struct inet_sock, sk.sk_timer)) {
		if (GET(inet, sk.sk_timer.entry.pprev))
			out->timer = UNSTUCK_TIMER_KEEPALIVE;
		due = GET(inet, sk.sk_timer.expires);
	} else {
		return;
	}
	out->has |= UNSTUCK_DETAIL_TIMER;
	if (out->timer == UNSTUCK_TIMER_KEEPALIVE)
		out->timer_count = out->probes;
	if (out->timer)
		out->timer_left = (__u32)due - (__u32)bpf_jiffies64();
}

static __always_inline void NAME(struct unstuck_detail *out, struct tcp_sock *tcp)
{
	struct inet_sock *inet = (struct inet_sock *)tcp;
	struct inet_connection_sock *connection = (struct inet_connection_sock *)tcp;
	__u32 now = bpf_jiffies64();
	struct tcp_congestion_ops *control;
	__u8 state = GET(inet, sk.__sk_common.skc_state);
	__u8 ecn;

	out->has = UNSTUCK_DETAIL_SOCKET;
	out->memory[0] = GET(inet, sk.sk_backlog.rmem_alloc.counter);
	out->memory[1] = GET(inet, sk.sk_rcvbuf);
	/* One reference is the socket's own (sk_wmem_alloc_get, include/net/sock.h). */
	out->memory[2] = GET(inet, sk.sk_wmem_alloc.refs.counter) - 1;
	out->memory[3] = GET(inet, sk.sk_sndbuf);
	out->memory[4] = GET(inet, sk.sk_forward_alloc);
	out->memory[5] = GET(inet, sk.sk_wmem_queued);
	out->memory[6] = GET(inet, sk.sk_omem_alloc.counter);
	out->memory[7] = GET(inet, sk.sk_backlog.len);
	out->memory[8] = GET(inet, sk.sk_drops.counter);
	out->mark = GET(inet, sk.sk_mark);
	out->uid = GET(inet, sk.sk_uid.val);
	out->shutdown = GET_BITS(inet, sk.sk_shutdown);
	if (state == TCP_LISTEN)
		return;
	out->has |= UNSTUCK_DETAIL_CONNECTION;
	out->pacing_rate = GET(inet, sk.sk_pacing_rate);
	out->max_pacing_rate = GET(inet, sk.sk_max_pacing_rate);
	out->bytes_retransmitted = GET(tcp, bytes_retrans);
	control = (void *)BPF_CORE_READ(connection, icsk_ca_ops);
	if (control)
		BPF_CORE_READ_INTO(&out->congestion, control, name);
	out->rto = GET(connection, icsk_rto);
	out->ato = GET_BITS(connection, icsk_ack.ato);
	out->srtt = GET(tcp, srtt_us);
	out->mdev = GET(tcp, mdev_us);
	out->min_rtt = GET(tcp, rtt_min.s[0].v);
	out->receive_rtt = GET(tcp, rcv_rtt_est.rtt_us);
	out->mss = GET(tcp, mss_cache);
	out->receive_mss = GET(connection, icsk_ack.rcv_mss);
	out->advertised_mss = GET(tcp, advmss);
	out->path_mtu = GET(connection, icsk_pmtu_cookie);
	out->window = GET(tcp, snd_cwnd);
	out->threshold = GET(tcp, snd_ssthresh);
	out->receive_threshold = GET(tcp, rcv_ssthresh);
	out->receive_space = GET(tcp, rcvq_space.space);
	out->data_segments_out = GET(tcp, data_segs_out);
	out->data_segments_in = GET(tcp, data_segs_in);
	out->since_ack = now - GET(tcp, rcv_tstamp);
	out->rate_delivered = GET(tcp, rate_delivered);
	out->rate_interval = GET(tcp, rate_interval_us);
	out->delivered = GET(tcp, delivered);
	out->delivered_ce = GET(tcp, delivered_ce);
	out->chrono[0] = GET(tcp, chrono_stat[0]);
	out->chrono[1] = GET(tcp, chrono_stat[1]);
	out->chrono[2] = GET(tcp, chrono_stat[2]);
	out->chrono_type = GET_BITS(tcp, chrono_type);
	if (out->chrono_type)
		out->chrono_running = now - GET(tcp, chrono_start);
	out->retransmits_out = GET(tcp, retrans_out);
	out->lost = GET(tcp, lost_out);
	out->sacked = GET(tcp, sacked_out);
	out->dsack_duplicates = GET(tcp, dsack_dups);
	out->reordering = GET(tcp, reordering);
	out->reorder_seen = GET(tcp, reord_seen);
	out->out_of_order = GET(tcp, rcv_ooopack);
	out->congestion_state = GET_BITS(connection, icsk_ca_state);
	out->app_limited = GET_BITS(tcp, rate_app_limited);
	out->probes = GET(connection, icsk_probes_out);
	out->retransmits = GET(connection, icsk_retransmits);
	out->options = GET_BITS(tcp, rx_opt.tstamp_ok) ? TCPI_OPT_TIMESTAMPS : 0;
	if (GET_BITS(tcp, rx_opt.sack_ok))
		out->options |= TCPI_OPT_SACK;
	if (GET_BITS(tcp, rx_opt.wscale_ok)) {
		out->options |= TCPI_OPT_WSCALE;
		out->send_scale = GET_BITS(tcp, rx_opt.snd_wscale);
		out->receive_scale = GET_BITS(tcp, rx_opt.rcv_wscale);
	}
	ecn = GET(tcp, ecn_flags);
	if (ecn & (TCP_ECN_OK | TCP_ECN_ACCURATE))
		out->options |= TCPI_OPT_ECN;
	if (ecn & TCP_ECN_SEEN)
		out->options |= TCPI_OPT_ECN_SEEN;
	NAME_TIMER(out, inet, connection);
}
