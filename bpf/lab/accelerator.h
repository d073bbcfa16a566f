/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the lab's accelerators have in common: a sock_ops program files sockets that become established in a sockhash, a
 * msg program looks for the receiver's key there. Each is what one real accelerator does, reduced to what its keys look
 * like and what becomes of them: no policy, no services, no list of ports. docs/key-layouts.md tells where each was read.
 */
#ifndef LAB_ACCELERATOR_H
#define LAB_ACCELERATOR_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <stddef.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define AF_INET 2
#define AF_INET6 10

/* Set before loading: a miss becomes an error of send(2), which is the mistake of several accelerators. */
const volatile __u32 refuses_misses SEC(".rodata.refuses_misses") = 0;

/* What a msg program returns: whatever the helper says, the message passes, unless misses are refused. */
static __always_inline int verdict(long code)
{
	return refuses_misses ? code : SK_PASS;
}

static __always_inline int is_established(const struct bpf_sock_ops *ctx)
{
	return ctx->op == BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB || ctx->op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB;
}

/* The verifier wants a context's members four bytes at a time, each at a constant offset: volatile keeps the compiler
 * from joining two reads into one, and from reading less. */
#define MEMBER(member) (*(const volatile __u32 *)&(member))

/* remote_port is in network order, local_port in host order, both in 32 bits. */
#define OWN_PORT(ctx) MEMBER((ctx)->local_port)
#define PEER_PORT(ctx) bpf_ntohl(MEMBER((ctx)->remote_port))

/* A connection as one of its sockets sees it: addresses in network order, ports in host order. */
struct ends4 {
	__be32 own, peer;
	__u32 own_port, peer_port;
};

/* As struct ends4; IPv4 as ::ffff:a.b.c.d. */
struct ends {
	__be32 own[4], peer[4];
	__u32 own_port, peer_port;
};

/* What the context calls IPv4 addresses, of whatever family the socket is. */
#define READ_ENDS4(ctx)                                                                                                \
	(struct ends4){ MEMBER((ctx)->local_ip4), MEMBER((ctx)->remote_ip4), OWN_PORT(ctx), PEER_PORT(ctx) }

#define READ_ADDRESS(to, from)                                                                                         \
	do {                                                                                                           \
		(to)[0] = MEMBER((from)[0]);                                                                           \
		(to)[1] = MEMBER((from)[1]);                                                                           \
		(to)[2] = MEMBER((from)[2]);                                                                           \
		(to)[3] = MEMBER((from)[3]);                                                                           \
	} while (0)

static __always_inline void map_address(__be32 *to, __be32 v4)
{
	to[0] = to[1] = 0;
	to[2] = bpf_htonl(0xffff);
	to[3] = v4;
}

/* A dual-stack server's socket is AF_INET6 although its connection is IPv4: ::ffff:a.b.c.d. */
static __always_inline int is_mapped(const __be32 *address)
{
	return !address[0] && !address[1] && address[2] == bpf_htonl(0xffff);
}

/* Both kinds of context name these members alike. 0 for other families than IPv4 and IPv6. IPv4 addresses are read
 * before it is known whether they are any: in a branch of their own the compiler would make one read at a variable offset
 * of the last of each branch. */
#define READ_ENDS(ctx, ends)                                                                                           \
	({                                                                                                             \
		__be32 own4 = MEMBER((ctx)->local_ip4), peer4 = MEMBER((ctx)->remote_ip4);                             \
		int is_known = 1;                                                                                      \
                                                                                                                       \
		(ends)->own_port = OWN_PORT(ctx);                                                                      \
		(ends)->peer_port = PEER_PORT(ctx);                                                                    \
		if ((ctx)->family == AF_INET) {                                                                        \
			map_address((ends)->own, own4);                                                                \
			map_address((ends)->peer, peer4);                                                              \
		} else if ((ctx)->family == AF_INET6) {                                                                \
			READ_ADDRESS((ends)->own, (ctx)->local_ip6);                                                   \
			READ_ADDRESS((ends)->peer, (ctx)->remote_ip6);                                                 \
		} else {                                                                                               \
			is_known = 0;                                                                                  \
		}                                                                                                      \
		is_known;                                                                                              \
	})

/* The connection as its other end sees it. */
static __always_inline struct ends4 turned4(struct ends4 ends)
{
	return (struct ends4){ ends.peer, ends.own, ends.peer_port, ends.own_port };
}

static __always_inline void turn(struct ends *ends)
{
	struct ends old = *ends;

	__builtin_memcpy(ends->own, old.peer, sizeof(ends->own));
	__builtin_memcpy(ends->peer, old.own, sizeof(ends->peer));
	ends->own_port = old.peer_port;
	ends->peer_port = old.own_port;
}

/* A port as four bytes that begin with its two in network order. */
static __always_inline __u32 network_first(__u32 port)
{
	return bpf_htons(port);
}

#endif
