// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The sockets behind given keys of one SOCKHASH or SOCKMAP, each as one struct unstuck_entry. Reads only. For kernels
 * that refuse iter/sockmap: user space walks the keys, and runs this program on a packet of zeros (BPF_PROG_TEST_RUN)
 * for each batch of them. Two threads may do so at once, each in a slot of its own.
 *
 * A lookup takes a reference on the socket, which is given back here (sock_hash_lookup, net/core/sock_map.c). One that is
 * being freed is not found.
 */
#include "entry_record.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Length of the map's keys: set before loading, so that the verifier sees a constant. */
const volatile __u32 key_size SEC(".rodata.key_size") = 4;

/* The map to read: a declaration of its shape, replaced by the foreign map itself before loading. */
struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4);
} target SEC(".maps");

struct wanted_keys {
	__u64 count;
	__u8 keys[UNSTUCK_LOOKUP_MAX][UNSTUCK_KEY_MAX];
};

struct found_entries {
	struct unstuck_entry entries[UNSTUCK_LOOKUP_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, UNSTUCK_LOOKUP_SLOTS);
	__type(key, __u32);
	__type(value, struct wanted_keys);
} wanted SEC(".maps");

/* Where nobody was found, key_size is 0. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, UNSTUCK_LOOKUP_SLOTS);
	__type(key, __u32);
	__type(value, struct found_entries);
} found SEC(".maps");

/* A global function, so that the verifier walks it once and not at each turn of the loop. */
__noinline int look_up(__u32 slot, __u32 index)
{
	struct wanted_keys *keys = bpf_map_lookup_elem(&wanted, &slot);
	struct found_entries *entries = bpf_map_lookup_elem(&found, &slot);
	struct unstuck_entry *entry;
	struct tcp_sock *tcp;
	struct bpf_sock *sk;
	__u8 *key;

	if (!keys || !entries)
		return 0;
	index &= UNSTUCK_LOOKUP_MAX - 1; /* a power of two: the verifier sees that it stays inside */
	key = keys->keys[index];
	entry = &entries->entries[index];
	__builtin_memset(entry, 0, sizeof(*entry));
	sk = bpf_map_lookup_elem(&target, key);
	if (!sk)
		return 0;
	tcp = bpf_skc_to_tcp_sock(sk);
	if (tcp) {
		read_socket(&entry->socket, (struct inet_sock *)tcp);
		/* No helper gives the cookie here: 0 until someone asked for it. */
		entry->socket.cookie =
			BPF_CORE_READ((struct inet_sock *)tcp, sk.__sk_common.skc_cookie.counter);
	} else {
		entry->socket.family = sk->family;
		entry->socket.state = sk->state;
		entry->socket.flags = UNSTUCK_FULL_SOCKET;
	}
	finish_entry(entry, key, key_size);
	bpf_sk_release(sk);
	return 1;
}

/* The packet's first byte is the slot. */
SEC("tc")
int look_up_all(struct __sk_buff *ctx)
{
	struct wanted_keys *keys;
	__u32 slot = 0;

	if (bpf_skb_load_bytes(ctx, 0, &slot, 1))
		return 0;
	keys = bpf_map_lookup_elem(&wanted, &slot);
	if (!keys)
		return 0;
	for (__u32 index = 0; index < UNSTUCK_LOOKUP_MAX; index++) {
		if (index >= keys->count)
			break;
		look_up(slot, index);
	}
	return 0;
}
