// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * A packet filter at the egress of a cgroup: it replaces a peer that went away, or an answer that is late. Every
 * kernel of the lab has it, where netem, firewalls and blackhole routes differ.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <stddef.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum { OPEN = 0, STOPS_SYN_ACK = 1, STOPS_ALL = 2 };

volatile __u64 position; /* set from user space; alone in .bss */

#define TCP_FLAGS 13 /* offset in the TCP header */
#define SYN 0x02
#define ACK 0x10
#define DROP 0
#define PASS 1

SEC("cgroup_skb/egress")
int packet_filter(struct __sk_buff *skb)
{
	__u8 flags = 0, first = 0, protocol = 0;
	__u32 offset;

	if (position == OPEN)
		return PASS;
	if (position == STOPS_ALL)
		return DROP;
	if (bpf_skb_load_bytes(skb, 0, &first, 1))
		return PASS;
	if (first >> 4 == 4) {
		if (bpf_skb_load_bytes(skb, offsetof(struct iphdr, protocol), &protocol, 1))
			return PASS;
		offset = (first & 0xf) * 4;
	} else {
		if (bpf_skb_load_bytes(skb, offsetof(struct ipv6hdr, nexthdr), &protocol, 1))
			return PASS;
		offset = sizeof(struct ipv6hdr);
	}
	if (protocol != IPPROTO_TCP || bpf_skb_load_bytes(skb, offset + TCP_FLAGS, &flags, 1))
		return PASS;
	return (flags & (SYN | ACK)) == (SYN | ACK) ? DROP : PASS;
}
