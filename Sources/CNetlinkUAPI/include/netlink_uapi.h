/*
 * What the kernel's headers say of NETLINK_SOCK_DIAG and NETLINK_ROUTE messages: layouts and numbers, no libc. The pure decoders read them.
 */
#pragma once

#include <linux/gen_stats.h>
#include <linux/inet_diag.h>
#include <linux/net_namespace.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/types.h>

/*
 * The head of struct tcp_info (include/uapi/linux/tcp.h), which only ever grows at its end. Under a name of its own: libc's
 * <netinet/tcp.h> has another, shorter one. netlink_uapi.c holds it against the kernel's.
 */
struct netlink_tcp_info {
	__u8 state, ca_state, retransmits, probes, backoff, options, scales, flags;
	__u32 rto, ato, snd_mss, rcv_mss;
	__u32 unacked, sacked, lost, retrans, fackets;
	__u32 last_data_sent, last_ack_sent, last_data_recv, last_ack_recv;
	__u32 pmtu, rcv_ssthresh, rtt, rttvar, snd_ssthresh, snd_cwnd, advmss, reordering;
	__u32 rcv_rtt, rcv_space;
	__u32 total_retrans;
	__u64 pacing_rate, max_pacing_rate;
	__u64 bytes_acked, bytes_received; /* Linux 4.1 */
	__u32 segs_out, segs_in;	   /* Linux 4.2 */
	__u32 notsent_bytes, min_rtt, data_segs_in, data_segs_out;
	__u64 delivery_rate, busy_time, rwnd_limited, sndbuf_limited;
	__u32 delivered, delivered_ce;
	__u64 bytes_sent, bytes_retrans; /* Linux 4.19 */
	__u32 dsack_dups, reord_seen, rcv_ooopack;
	__u32 snd_wnd; /* Linux 5.4 */
	__u32 rcv_wnd; /* Linux 6.2 */
};
