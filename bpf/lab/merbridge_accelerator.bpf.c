// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Merbridge, built with IPv6: IPv4 addresses mapped into 16 bytes, ports in network order, the socket's own end
 * first. Never replaces. */
#include "accelerator.h"

struct pair {
	__u32 sip[4];
	__u32 dip[4];
	__u16 sport;
	__u16 dport;
};

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 65535);
	__type(key, struct pair);
	__type(value, __u32);
} sock_pair_map SEC(".maps");

static __always_inline void name(struct pair *key, const struct ends *of)
{
	__builtin_memcpy(key->sip, of->own, sizeof(key->sip));
	__builtin_memcpy(key->dip, of->peer, sizeof(key->dip));
	key->sport = bpf_htons(of->own_port);
	key->dport = bpf_htons(of->peer_port);
}

SEC("sockops")
int file_socket(struct bpf_sock_ops *ctx)
{
	struct pair key = {};
	struct ends ends;

	if (is_established(ctx) && READ_ENDS(ctx, &ends)) {
		name(&key, &ends);
		bpf_sock_hash_update(ctx, &sock_pair_map, &key, BPF_NOEXIST);
	}
	return 1;
}

SEC("sk_msg")
int redirect_message(struct sk_msg_md *ctx)
{
	struct pair key = {};
	struct ends ends;

	if (!READ_ENDS(ctx, &ends))
		return SK_PASS;
	turn(&ends);
	name(&key, &ends);
	return verdict(bpf_msg_redirect_hash(ctx, &sock_pair_map, &key, BPF_F_INGRESS));
}
