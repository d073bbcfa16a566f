// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * As repair.bpf.c, for kernels that refuse iter/sockmap: each evaluated key is looked up, which takes a reference on its
 * socket, checked, and deleted, in one test run of this program (BPF_PROG_TEST_RUN). It is attached nowhere.
 *
 * An sk_lookup program, because that type may delete from a sockmap on every kernel: Linux commit 98e948fb60d4 ("bpf:
 * Allow delete from sockmap/sockhash only if update is allowed") names it, and "bpf, sockmap: Disallow update and delete
 * from tc, xdp, socket_filter and flow_dissector" (July 2026), after which a tc program may not, leaves it. Test runs of
 * it came with 7c32e8f8bc33 ("bpf: Add PROG_TEST_RUN support for sk_lookup programs") (in v5.13, Debian's 5.10.136).
 *
 * The element is not handed to us as the iterator's is: it is found among the links of the socket's psock.
 */
#include "repair_entry.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The id of the map to repair: tells its links from those of other maps. */
const volatile __u32 target_id SEC(".rodata.target_id") = 0;

struct wanted_keys {
	struct checked_key keys[UNSTUCK_CHECKED_MAX];
};

struct repair_reports {
	struct unstuck_repair reports[UNSTUCK_CHECKED_MAX];
};

/* The checked keys in the order in which they are dealt with. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wanted_keys);
} wanted SEC(".maps");

/* Where nobody was found, key_size is 0. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct repair_reports);
} reports SEC(".maps");

/* How many keys are wanted. */
__u64 count SEC(".data.count") = 0;

/* Whether a link's element has this key: both padded with zeros. */
static __always_inline int has_key(__u64 element, const struct checked_key *key)
{
	struct checked_key its = {};

	if (bpf_probe_read_kernel(&its, key_size, (void *)element + bpf_core_field_offset(struct bpf_shtab_elem, key)))
		return 0;
	for (int i = 0; i < UNSTUCK_KEY_MAX; i += 8)
		if (*(__u64 *)&its.bytes[i] != *(const __u64 *)&key->bytes[i])
			return 0;
	return 1;
}

/* The element of the target map through which a socket's psock is stored under a key; 0: none, or too many links. */
static __noinline __u64 element_in(__u64 psock, const struct checked_key *key)
{
	struct list_head *head = &((struct sk_psock *)psock)->link;
	struct list_head *at = NULL;

	if (!psock || !key)
		return 0;
	READ(at, &head->next);
	for (int i = 0; i < UNSTUCK_LINK_WALK_MAX; i++) {
		struct sk_psock_link *link;
		__u64 element;

		if (!at || at == head)
			return 0;
		link = (void *)at - bpf_core_field_offset(struct sk_psock_link, list);
		element = (__u64)BPF_CORE_READ(link, link_raw);
		if (BPF_CORE_READ(link, map, id) == target_id && has_key(element, key))
			return element;
		if (READ(at, &at->next))
			return 0;
	}
	return 0;
}

__noinline int repair_one(__u32 index)
{
	__u32 zero = 0;
	struct wanted_keys *keys = bpf_map_lookup_elem(&wanted, &zero);
	struct repair_reports *all = bpf_map_lookup_elem(&reports, &zero);
	struct unstuck_repair report = {};
	struct checked_key key;
	struct tcp_sock *tcp;
	struct bpf_sock *sk;
	__u64 psock;

	if (!keys || !all)
		return 0;
	index &= UNSTUCK_CHECKED_MAX - 1; /* a power of two: the verifier sees that it stays inside */
	key = keys->keys[index];
	sk = bpf_map_lookup_elem(&target, &key);
	if (sk) {
		tcp = bpf_skc_to_tcp_sock(sk);
		if (tcp) {
			struct sock *full = (struct sock *)tcp;

			psock = psock_of((__u64)full, (__u64)BPF_CORE_READ(full, sk_user_data));
			repair_entry(&report, full, psock, element_in(psock, &key), &key,
				     BPF_CORE_READ(full, __sk_common.skc_cookie.counter));
		}
		bpf_sk_release(sk);
	}
	all->reports[index] = report;
	return 0;
}

SEC("sk_lookup")
int repair_all(struct bpf_sk_lookup *ctx __attribute__((unused)))
{
	for (__u32 index = 0; index < UNSTUCK_CHECKED_MAX; index++) {
		if (index >= count)
			break;
		repair_one(index);
	}
	return SK_PASS;
}
