// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* dae: as Merbridge's key, with the protocol behind it, and values of eight bytes, so that a look-up from user space gives
 * the socket's cookie. Replaces what is there. */
#include "accelerator.h"

#define IPPROTO_TCP 6

union ip6 {
	__u8 u6_addr8[16];
	__be32 u6_addr32[4];
};

struct tuples_key {
	union ip6 sip;
	union ip6 dip;
	__u16 sport;
	__u16 dport;
	__u8 l4proto;
	__u8 pad[3];
};

_Static_assert(sizeof(struct tuples_key) == 40, "the key's size is its layout's mark");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 65535);
	__type(key, struct tuples_key);
	__type(value, __u64);
} fast_sock SEC(".maps");

static __always_inline void name(struct tuples_key *key, const struct ends *of)
{
	__builtin_memcpy(&key->sip, of->own, sizeof(key->sip));
	__builtin_memcpy(&key->dip, of->peer, sizeof(key->dip));
	key->sport = bpf_htons(of->own_port);
	key->dport = bpf_htons(of->peer_port);
	key->l4proto = IPPROTO_TCP;
}

SEC("sockops")
int file_socket(struct bpf_sock_ops *ctx)
{
	struct tuples_key key = {};
	struct ends ends;

	if (is_established(ctx) && READ_ENDS(ctx, &ends)) {
		name(&key, &ends);
		bpf_sock_hash_update(ctx, &fast_sock, &key, BPF_ANY);
	}
	return 1;
}

SEC("sk_msg")
int redirect_message(struct sk_msg_md *ctx)
{
	struct tuples_key key = {};
	struct ends ends;

	if (!READ_ENDS(ctx, &ends))
		return SK_PASS;
	turn(&ends);
	name(&key, &ends);
	return verdict(bpf_msg_redirect_hash(ctx, &fast_sock, &key, BPF_F_INGRESS));
}
