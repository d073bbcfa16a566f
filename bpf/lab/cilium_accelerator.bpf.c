// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The lab's reference accelerator: what Cilium up to 1.13 did to local TCP, reduced to what matters for its faults.
 *
 * Every socket that becomes established is filed in one sockhash under its own tuple, "swapped": the peer first. An
 * insertion never replaces (BPF_NOEXIST), and its refusal is ignored: this is how a dead entry keeps a new connection
 * out. What a filed socket sends goes straight into the receive queue of whatever socket sits under the receiver's
 * key; if none does, the message passes into the stack.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <stddef.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define AF_INET 2
#define AF_INET6 10

enum { FAMILY_V4 = 1, FAMILY_V6 = 2 };

/* As the kernel holds it in four bytes: network order in the first two, then zeros, on either kind of machine. */
struct port {
	__be16 number;
	__u16 zero;
};

struct tuple_key {
	__be32 peer_address[4]; /* IPv4 in the first word */
	__be32 own_address[4];
	__u8 family;
	__u8 pad[3];
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

/* A dual-stack server's socket is AF_INET6 although its connection is IPv4: ::ffff:a.b.c.d. */
static __always_inline int is_mapped(const __be32 *address)
{
	return !address[0] && !address[1] && address[2] == bpf_htonl(0xffff);
}

static __always_inline void file_v4(struct tuple_key *key, __be32 peer, __be32 own)
{
	key->family = FAMILY_V4;
	key->peer_address[0] = peer;
	key->own_address[0] = own;
}

static __always_inline void file_v6(struct tuple_key *key, const __be32 *peer, const __be32 *own)
{
	if (is_mapped(peer)) {
		file_v4(key, peer[3], own[3]);
		return;
	}
	key->family = FAMILY_V6;
	__builtin_memcpy(key->peer_address, peer, sizeof(key->peer_address));
	__builtin_memcpy(key->own_address, own, sizeof(key->own_address));
}

/* The verifier wants a context's members four bytes at a time, each at a constant offset: volatile keeps the compiler
 * from joining two reads into one. */
#define MEMBER(member) (*(volatile __u32 *)&(member))
#define READ_ADDRESS(to, from)                                                                                         \
	do {                                                                                                           \
		(to)[0] = MEMBER((from)[0]);                                                                           \
		(to)[1] = MEMBER((from)[1]);                                                                           \
		(to)[2] = MEMBER((from)[2]);                                                                           \
		(to)[3] = MEMBER((from)[3]);                                                                           \
	} while (0)

SEC("sockops")
int file_socket(struct bpf_sock_ops *ctx)
{
	struct tuple_key key = {};

	if (ctx->op != BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB && ctx->op != BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB)
		return 1;
	if (ctx->family == AF_INET) {
		file_v4(&key, ctx->remote_ip4, ctx->local_ip4);
	} else if (ctx->family == AF_INET6) {
		__be32 peer[4], own[4];

		READ_ADDRESS(peer, ctx->remote_ip6);
		READ_ADDRESS(own, ctx->local_ip6);
		file_v6(&key, peer, own);
	} else {
		return 1;
	}
	/* remote_port is in network order, local_port in host order, both in 32 bits. */
	key.peer_port.number = bpf_htons(bpf_ntohl(ctx->remote_port));
	key.own_port.number = bpf_htons(ctx->local_port);
	bpf_sock_hash_update(ctx, &cilium_sock_ops, &key, BPF_NOEXIST);
	return 1;
}

/* Returns what the helper says: SK_DROP where no socket sits under the receiver's key. */
static __always_inline int redirect(struct sk_msg_md *ctx)
{
	struct tuple_key key = {};

	/* The receiver's key: its peer is us, its own address is our peer's. */
	if (ctx->family == AF_INET) {
		file_v4(&key, ctx->local_ip4, ctx->remote_ip4);
	} else if (ctx->family == AF_INET6) {
		__be32 us[4], them[4];

		READ_ADDRESS(us, ctx->local_ip6);
		READ_ADDRESS(them, ctx->remote_ip6);
		file_v6(&key, us, them);
	} else {
		return SK_PASS;
	}
	key.peer_port.number = bpf_htons(ctx->local_port);
	key.own_port.number = bpf_htons(bpf_ntohl(ctx->remote_port));
	return bpf_msg_redirect_hash(ctx, &cilium_sock_ops, &key, BPF_F_INGRESS);
}

SEC("sk_msg")
int redirect_message(struct sk_msg_md *ctx)
{
	/* A miss must not become an error of send(2): whatever the helper says, the message passes. */
	redirect(ctx);
	return SK_PASS;
}

/* The mistake of several accelerators: a miss becomes EACCES of send(2). */
SEC("sk_msg")
int redirect_or_refuse(struct sk_msg_md *ctx)
{
	return redirect(ctx);
}
