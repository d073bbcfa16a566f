// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Deletes checked entries of one SOCKHASH, checking each once more in the same pass, just before its deletion.
 *
 * The kernel's iterator holds only RCU and deletion is by key, so between the last check and the delete another CPU can
 * put a new socket behind the key. That window cannot be closed from here; it is kept as short as it can be: the last
 * thing looked at before the delete is whether the very element that the iterator stands on is still in its bucket.
 * What can be told afterwards is reported: an element that is still there, or a socket that has come back to life, is
 * `raced`, and the pass deletes nothing more. Whether a replacement was hit instead is not known here: user space
 * looks for such new sockets (Repairer.swift).
 */
#include "repair_entry.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The element that the iterator stands on: its key is what it was given. */
static __always_inline __u64 element_of(struct bpf_iter__sockmap *ctx)
{
	__u64 key = 0;

	bpf_probe_read_kernel(&key, sizeof(key), &ctx->key);
	return key ? key - bpf_core_field_offset(struct bpf_shtab_elem, key) : 0;
}

static __always_inline int repair(struct bpf_iter__sockmap *ctx, int with_cookie)
{
	struct sock *sk = ctx->sk;
	const __u8 *key = ctx->key;
	struct unstuck_repair report = {};
	struct checked_key copy = {};
	__u64 psock, cookie = 0;

	if (!sk || !key)
		return 0;
	for (__u32 i = 0; i < UNSTUCK_KEY_MAX; i++) {
		if (i >= key_size)
			break;
		copy.bytes[i] = key[i];
	}
	if (!bpf_map_lookup_elem(&checked, &copy))
		return 0;
	/* As observe_sockmap.bpf.c has it. */
	if (with_cookie)
		cookie = bpf_get_socket_cookie(sk);
	else if (key_size == 8)
		cookie = sk->__sk_common.skc_cookie.counter;
	psock = psock_of((__u64)sk, (__u64)BPF_CORE_READ(sk, sk_user_data));
	repair_entry(&report, sk, psock, element_of(ctx), &copy, cookie);
	bpf_seq_write(ctx->meta->seq, &report, sizeof(report));
	return 0;
}

SEC("iter/sockmap")
int repair_with_cookie(struct bpf_iter__sockmap *ctx)
{
	return repair(ctx, 1);
}

SEC("iter/sockmap")
int repair_plain(struct bpf_iter__sockmap *ctx)
{
	return repair(ctx, 0);
}
