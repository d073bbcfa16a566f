/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A TCP socket's details: read_typed_detail() through a typed pointer, read_detail() and read_mini_detail() from a bare address. */
#pragma once

#include "socket_record.h"

#define TCPI_OPT_TIMESTAMPS 1 /* include/uapi/linux/tcp.h */
#define TCPI_OPT_SACK 2
#define TCPI_OPT_WSCALE 4
#define TCPI_OPT_ECN 8
#define TCPI_OPT_ECN_SEEN 16
#define TCP_ECN_OK 1 /* include/net/tcp.h */
#define TCP_ECN_ACCURATE 16 /* TCP_ECN_MODE_ACCECN; older kernels give that bit no meaning */
#define TCP_ECN_SEEN 8
#define ICSK_TIME_RETRANS 1 /* include/net/inet_connection_sock.h */
#define ICSK_TIME_PROBE0 3
#define ICSK_TIME_LOSS_PROBE 5
#define ICSK_TIME_REO_TIMEOUT 6

/* A handshake that is not complete, or what is left of a closed socket. */
static __always_inline void read_mini_detail(struct unstuck_detail *out, __u64 address, __u8 state)
{
	__u64 due;

	if (state == TCP_TIME_WAIT) {
		struct inet_timewait_sock *rest = (void *)address;

		out->substate = BPF_CORE_READ(rest, tw_substate);
		due = BPF_CORE_READ(rest, tw_timer.expires);
		out->timer = UNSTUCK_TIMER_TIME_WAIT;
	} else {
		struct request_sock *request = (void *)address;

		due = BPF_CORE_READ(request, rsk_timer.expires);
		out->timer_count = BPF_CORE_READ(request, num_retrans);
		out->timer = UNSTUCK_TIMER_RETRANSMIT;
	}
	out->has = UNSTUCK_DETAIL_TIMER;
	out->timer_left = (__u32)due - (__u32)bpf_jiffies64();
}

#define NAME read_typed_detail
#define NAME_TIMER read_typed_timer
#define GET(pointer, member) ((pointer)->member)
#define GET_BITS(pointer, member) BPF_CORE_READ_BITFIELD(pointer, member)
#include "tcp_detail_fields.h"
#undef NAME
#undef NAME_TIMER
#undef GET
#undef GET_BITS

#define NAME read_detail
#define NAME_TIMER read_timer
#define GET(pointer, member) BPF_CORE_READ(pointer, member)
#define GET_BITS(pointer, member) BPF_CORE_READ_BITFIELD_PROBED(pointer, member)
#include "tcp_detail_fields.h"
#undef NAME
#undef NAME_TIMER
#undef GET
#undef GET_BITS
