// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Every entry of a SOCKMAP or SOCKHASH as one struct unstuck_entry. Reads only. */
#include "handler_names.h"
#include "socket_record.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Length of the map's keys: set before loading, so that the verifier sees a constant. */
const volatile __u32 key_size SEC(".rodata.key_size") = 4;

/*
 * Two iterators can share a map, each with half of its keys: by the key, because the socket behind one may change
 * meanwhile. User space sets 0, not shared, or UNSTUCK_SHARE before a pass; then the iterator that runs first, whatever
 * its session, has the first half, and every other one the second.
 */
__u64 first_half;

static __always_inline int is_ours(struct bpf_iter__sockmap *ctx)
{
	const __u8 *key = ctx->key;
	__u32 mixed = 0;

	if (!first_half)
		return 1;
	if (first_half == UNSTUCK_SHARE)
		first_half = ctx->meta->session_id;
	if (!key)
		return 0;
	for (__u32 i = 0; i + 4 <= UNSTUCK_KEY_MAX; i += 4)
		if (i + 4 <= key_size)
			mixed = (mixed ^ *(const __u32 *)&key[i]) * 0x9e3779b1;
	return mixed >> 31 == (ctx->meta->session_id != first_half);
}

/*
 * ctx->sk is a typed pointer: its members are plain loads, which the kernel guards, and cost next to nothing, except
 * that each one touches memory that nobody has touched for long: most of a pass is waiting for it. So the pointers that
 * lead further are followed first, and the waits overlap.
 */
static __always_inline int observe(struct bpf_iter__sockmap *ctx, int with_cookie)
{
	struct inet_sock *inet = (struct inet_sock *)ctx->sk;
	const __u8 *key = ctx->key;
	struct unstuck_entry entry = {};
	struct unstuck_socket *out = &entry.resident;
	struct socket *socket;
	__u64 psock;

	if (!is_ours(ctx) || !inet || !key)
		return 0;
	out->address = (__u64)inet;
	out->proto = (__u64)inet->sk.__sk_common.skc_prot;
	/* State and flags together: a socket that closes in between would look like what it never was. */
	out->state = inet->sk.__sk_common.skc_state;
	out->flags = UNSTUCK_FULL_SOCKET | protocol_flag(inet->sk.__sk_common.skc_family, inet->sk.sk_protocol);
	if (inet->sk.__sk_common.skc_flags & (1UL << SOCK_DEAD_BIT))
		out->flags |= UNSTUCK_DEAD;
	socket = inet->sk.sk_socket;
	if (socket) {
		out->flags |= UNSTUCK_HAS_SOCKET;
		if (bpf_core_field_exists(struct inet_sock, sk.sk_ino))
			out->inode = inet->sk.sk_ino;
		else
			out->inode = inode_of(inet, socket);
	}
	if (bpf_core_field_exists(struct inet_sock, sk.sk_cgrp_data.cgroup))
		out->cgroup = inet->sk.sk_cgrp_data.cgroup->kn->id;
	else
		out->cgroup = cgroup_of(inet);
	/* Read, not loaded: since v6.17 the verifier types a loaded void pointer, and we want a number. */
	psock = psock_of(out->address, (__u64)BPF_CORE_READ(inet, sk.sk_user_data));
	if (psock)
		read_psock(out, psock);
	/* Not ctx->sk again: 6.1's verifier wants what is loaded anew to be tested anew. Without the helper no cookie, for
	 * skc_cookie is 0 until somebody asks for it, and one socket would look like two. But a key of eight bytes may be
	 * the cookie: whoever made it so had asked. */
	if (with_cookie)
		out->cookie = bpf_get_socket_cookie(inet);
	else if (key_size == 8)
		out->cookie = inet->sk.__sk_common.skc_cookie.counter;
	out->netns = inet->sk.__sk_common.skc_net.net->ns.inum;
	out->family = inet->sk.__sk_common.skc_family;
	out->local_port = local_port_of(inet, inet->sk.__sk_common.skc_num);
	out->remote_port = __builtin_bswap16(inet->sk.__sk_common.skc_dport);
	if (out->family == AF_INET6) {
		BPF_CORE_READ_INTO(&out->local, inet, sk.__sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&out->remote, inet, sk.__sk_common.skc_v6_daddr);
	} else {
		*(__u32 *)out->local = inet->sk.__sk_common.skc_rcv_saddr;
		*(__u32 *)out->remote = inet->sk.__sk_common.skc_daddr;
	}
	if (!bpf_map_lookup_elem(&protos, &out->proto))
		remember_proto(out->proto);

	entry.key_size = key_size;
	entry.resident_state = unstuck_resident_state(out->state, out->flags);
	for (__u32 i = 0; i + 8 <= UNSTUCK_KEY_MAX; i += 8) {
		if (i + 8 <= key_size)
			*(__u64 *)&entry.key[i] = *(const __u64 *)&key[i];
		else
			for (__u32 j = i; j < i + 8; j++)
				if (j < key_size)
					entry.key[j] = key[j];
	}
	bpf_seq_write(ctx->meta->seq, &entry, sizeof(entry) - UNSTUCK_KEY_MAX + ((key_size + 7) & ~7U));
	return 0;
}

/* bpf_get_socket_cookie in tracing: c5dbb89fc2ac ("bpf: Expose bpf_get_socket_cookie to tracing programs", in v5.12).
 * The loader tries the first program and falls back to the second. */
SEC("iter/sockmap")
int observe_with_cookie(struct bpf_iter__sockmap *ctx)
{
	return observe(ctx, 1);
}

SEC("iter/sockmap")
int observe_plain(struct bpf_iter__sockmap *ctx)
{
	return observe(ctx, 0);
}
