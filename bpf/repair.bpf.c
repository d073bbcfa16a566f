// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Deletes judged entries of one SOCKHASH, checking each once more in the same pass, just before its deletion.
 *
 * The kernel's iterator holds only RCU and deletion is by key, so between the last check and the delete another CPU can
 * put a new socket behind the key. That window cannot be closed from here; it is kept as short as it can be: the last
 * thing looked at before the delete is whether the very element that the iterator stands on is still in its bucket.
 * What can be told afterwards is told: an element that is still there, or a socket that has come back to life, is
 * `raced`, and the pass deletes nothing more. That a replacement was hit instead cannot be told from here: user space
 * looks for such newcomers (Repairer.swift).
 */
#include "socket_record.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Length of the map's keys: set before loading, so that the verifier sees a constant. */
const volatile __u32 key_size SEC(".rodata.key_size") = 4;

struct judged_key {
	__u8 bytes[UNSTUCK_KEY_MAX];
};

/* What may be deleted: by key, padded with zeros. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, UNSTUCK_JUDGED_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct judged_key);
	__type(value, struct unstuck_judged);
} judged SEC(".maps");

/*
 * The map to repair: a declaration of its shape, replaced by the foreign map itself before loading. Not ctx->map: the
 * verifier of 5.10 refuses that as a map argument.
 */
struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4);
} target SEC(".maps");

/* Set once an entry of this pass raced. */
__u32 has_raced;

/*
 * Links of a psock to one element of a map: 1, or 0 after its deletion. LINKS_UNKNOWN if there are more links than we
 * walk. The psock stays readable for the whole pass: the kernel frees it after a grace period. A global function, so
 * that the verifier walks the loop once and not at each call.
 */
#define LINKS_UNKNOWN 0xffffffff

__noinline __u32 links_to(__u64 psock, __u64 element)
{
	struct list_head *head = &((struct sk_psock *)psock)->link;
	struct list_head *at = NULL;

	if (!psock)
		return 0;
	READ(at, &head->next);
	for (int i = 0; i < UNSTUCK_LINK_WALK_MAX; i++) {
		struct sk_psock_link *link;

		if (!at || at == head)
			return 0;
		link = (void *)at - bpf_core_field_offset(struct sk_psock_link, list);
		if ((__u64)BPF_CORE_READ(link, link_raw) == element)
			return 1;
		if (READ(at, &at->next))
			return 0;
	}
	return at == head ? 0 : LINKS_UNKNOWN;
}

/* Whether an element is in its bucket: what its back pointer names must point at it. */
static __always_inline int is_filed(__u64 element)
{
	struct hlist_node *node = &((struct bpf_shtab_elem *)element)->node;
	struct hlist_node **back = NULL;
	struct hlist_node *forward = NULL;

	READ(back, &node->pprev);
	return !bpf_probe_read_kernel(&forward, sizeof(forward), back) && forward == node;
}

static __always_inline void read_state(struct unstuck_socket *now, struct sock *sk)
{
	unsigned long flags = BPF_CORE_READ(sk, __sk_common.skc_flags);

	now->state = BPF_CORE_READ(sk, __sk_common.skc_state);
	now->flags = UNSTUCK_FULL_SOCKET |
		     protocol_flag(BPF_CORE_READ(sk, __sk_common.skc_family), BPF_CORE_READ(sk, sk_protocol));
	if (flags & (1UL << SOCK_DEAD_BIT))
		now->flags |= UNSTUCK_DEAD;
	if (BPF_CORE_READ(sk, sk_socket))
		now->flags |= UNSTUCK_HAS_SOCKET;
}

static __always_inline int is_dead(const struct unstuck_socket *now)
{
	__u32 state = unstuck_resident_state(now->state, now->flags);

	return state == UNSTUCK_RESIDENT_LEAKED || state == UNSTUCK_RESIDENT_ZOMBIE ||
	       state == UNSTUCK_RESIDENT_QUEUED_DEAD;
}

/* The element that the iterator stands on: its key is what it was given. */
static __always_inline __u64 element_of(struct bpf_iter__sockmap *ctx)
{
	__u64 key = 0;

	bpf_probe_read_kernel(&key, sizeof(key), &ctx->key);
	return key ? key - bpf_core_field_offset(struct bpf_shtab_elem, key) : 0;
}

static __always_inline void delete(struct unstuck_repair *report, struct sock *sk, __u64 element, __u64 psock,
				   struct judged_key *key)
{
	struct unstuck_socket *now = &report->resident;
	__u8 flags = now->flags;
	long code;

	if (!is_filed(element)) {
		report->outcome = UNSTUCK_REPAIR_UNLINKED;
		return;
	}
	code = bpf_map_delete_elem(&target, key);
	report->links_after = links_to(psock, element);
	if (code) {
		report->outcome = code == -2 /* ENOENT */ ? UNSTUCK_REPAIR_UNLINKED : UNSTUCK_REPAIR_FAILED;
		report->error = -code;
		return;
	}
	/* Only a socket with an owner can come back to life; one without may be freed by now. */
	if (flags & UNSTUCK_HAS_SOCKET)
		read_state(now, sk);
	if (report->links_after || is_filed(element) || now->state != TCP_CLOSE) {
		report->outcome = UNSTUCK_REPAIR_RACED;
		has_raced = 1;
	}
}

static __always_inline int repair(struct bpf_iter__sockmap *ctx, int with_cookie)
{
	struct sock *sk = ctx->sk;
	const __u8 *key = ctx->key;
	struct unstuck_repair report = {};
	struct unstuck_socket *now = &report.resident;
	struct judged_key copy = {};
	struct unstuck_judged *want;
	__u64 psock, element;

	if (!sk || !key)
		return 0;
	for (__u32 i = 0; i < UNSTUCK_KEY_MAX; i++) {
		if (i >= key_size)
			break;
		copy.bytes[i] = key[i];
	}
	want = bpf_map_lookup_elem(&judged, &copy);
	if (!want)
		return 0;

	__builtin_memcpy(report.key, copy.bytes, sizeof(report.key));
	report.key_size = key_size;
	now->address = (__u64)sk;
	/* As observe_sockmap.bpf.c has it. */
	if (with_cookie)
		now->cookie = bpf_get_socket_cookie(sk);
	else if (key_size == 8)
		now->cookie = sk->__sk_common.skc_cookie.counter;
	now->netns = sk->__sk_common.skc_net.net->ns.inum;
	element = element_of(ctx);
	psock = psock_of(now->address, (__u64)BPF_CORE_READ(sk, sk_user_data));
	report.links_before = links_to(psock, element);
	if (psock)
		read_psock(now, psock);
	/* Last, because it matters most: a zombie's owner may connect it again at any time. */
	read_state(now, sk);

	if (has_raced) {
		report.outcome = UNSTUCK_REPAIR_STOPPED;
	} else if (want->address != now->address || (want->cookie && want->cookie != now->cookie)) {
		report.outcome = UNSTUCK_REPAIR_CHANGED;
	} else if (!is_dead(now)) {
		report.outcome = UNSTUCK_REPAIR_REVIVED;
	} else if (now->queued_messages && !want->allow_unread) {
		report.outcome = UNSTUCK_REPAIR_UNREAD;
	} else if (report.links_before == LINKS_UNKNOWN) {
		report.outcome = UNSTUCK_REPAIR_FAILED;
		report.error = 7; /* E2BIG: it is in more maps than we walk */
	} else if (!report.links_before) {
		report.outcome = UNSTUCK_REPAIR_UNLINKED;
	} else {
		delete(&report, sk, element, psock, &copy);
	}
	bpf_map_delete_elem(&judged, &copy);
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
