// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Every entry of a SOCKMAP or SOCKHASH as one struct unstuck_entry. Reads only. */
#include "entry_record.h"

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

static __always_inline int observe(struct bpf_iter__sockmap *ctx, int with_cookie)
{
	struct inet_sock *inet = (struct inet_sock *)ctx->sk;
	const __u8 *key = ctx->key;
	struct unstuck_entry entry = {};

	if (!is_ours(ctx) || !inet || !key)
		return 0;
	read_socket(&entry.socket, inet);
	/* Not ctx->sk again: 6.1's verifier wants what is loaded anew to be tested anew. Without the helper no cookie, for
	 * skc_cookie is 0 until someone asks for it, and one socket would look like two. But a key of eight bytes may be
	 * the cookie: anyone who made it so had asked. */
	if (with_cookie)
		entry.socket.cookie = bpf_get_socket_cookie(inet);
	else if (key_size == 8)
		entry.socket.cookie = inet->sk.__sk_common.skc_cookie.counter;
	finish_entry(&entry, key, key_size);
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
