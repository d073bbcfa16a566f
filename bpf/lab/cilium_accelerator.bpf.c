// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The lab's reference accelerator: what Cilium up to 1.13 did to local TCP, and to IPv6 what it would have done.
 *
 * Every socket that becomes established is inserted in one sockhash under its own tuple, "swapped": the peer first. An
 * insertion never replaces (BPF_NOEXIST), and its refusal is ignored: this is how a stale entry keeps a new connection
 * out. What an inserted socket sends goes straight into the receive queue of whatever socket sits under the receiver's
 * key; if none does, the message passes into the stack.
 */
#include "accelerator.h"

enum { FAMILY_V4 = 1, FAMILY_V6 = 2 };

/* Set before loading: byte 33, padding (0) in most versions, IPPROTO_TCP where services differ by protocol. */
const volatile __u32 protocol SEC(".rodata.protocol") = 0;

/* As the kernel holds it in four bytes: network order in the first two, then zeros, on either kind of machine. */
struct port {
	__be16 number;
	__u16 zero;
};

struct tuple_key {
	__be32 peer_address[4]; /* IPv4 in the first word */
	__be32 own_address[4];
	__u8 family;
	__u8 protocol;
	__u8 pad[2];
	struct port peer_port;
	struct port own_port;
};

_Static_assert(sizeof(struct tuple_key) == 44, "the key's size is its layout's mark");
_Static_assert(offsetof(struct tuple_key, family) == 32, "family");
_Static_assert(offsetof(struct tuple_key, peer_port) == 36, "peer_port");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 65535); /* the loader may set another size */
	__type(key, struct tuple_key);
	__type(value, __u32);
} cilium_sock_ops SEC(".maps");

static __always_inline void name(struct tuple_key *key, const struct ends *of)
{
	if (is_mapped(of->peer)) {
		key->family = FAMILY_V4;
		key->peer_address[0] = of->peer[3];
		key->own_address[0] = of->own[3];
	} else {
		key->family = FAMILY_V6;
		__builtin_memcpy(key->peer_address, of->peer, sizeof(key->peer_address));
		__builtin_memcpy(key->own_address, of->own, sizeof(key->own_address));
	}
	key->protocol = protocol;
	key->peer_port.number = bpf_htons(of->peer_port);
	key->own_port.number = bpf_htons(of->own_port);
}

SEC("sockops")
int file_socket(struct bpf_sock_ops *ctx)
{
	struct tuple_key key = {};
	struct ends ends;

	if (is_established(ctx) && READ_ENDS(ctx, &ends)) {
		name(&key, &ends);
		bpf_sock_hash_update(ctx, &cilium_sock_ops, &key, BPF_NOEXIST);
	}
	return 1;
}

SEC("sk_msg")
int redirect_message(struct sk_msg_md *ctx)
{
	struct tuple_key key = {};
	struct ends ends;

	if (!READ_ENDS(ctx, &ends))
		return SK_PASS;
	turn(&ends);
	name(&key, &ends);
	return verdict(bpf_msg_redirect_hash(ctx, &cilium_sock_ops, &key, BPF_F_INGRESS));
}
