// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Deletes judged entries of one SOCKHASH, checking each once more in the same pass, just before its deletion.
 *
 * The kernel's iterator holds only RCU, so between the check and the delete another deleter, or a BPF_ANY update, can
 * put a new socket behind the key: a window of some instructions that cannot be closed from here. It is therefore
 * looked at from both sides: the judged socket must hold a link to this map just before the delete, and must have lost
 * it just after. If it has not, the delete hit something else: the pass reports `raced` and deletes nothing more.
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
 * Links of a psock to a map. The psock stays readable for the whole pass: the kernel frees it after a grace period.
 * A global function, so that the verifier walks the loop once and not at each call.
 */
__noinline __u32 links_to(__u64 psock, __u32 map)
{
	struct list_head *head = &((struct sk_psock *)psock)->link;
	struct list_head *at = NULL;
	__u32 count = 0;

	if (!psock)
		return 0;
	READ(at, &head->next);
	for (int i = 0; i < UNSTUCK_LINK_WALK_MAX; i++) {
		struct sk_psock_link *link;

		if (!at || at == head)
			break;
		link = (void *)at - bpf_core_field_offset(struct sk_psock_link, list);
		if (BPF_CORE_READ(link, map, id) == map)
			count++;
		if (READ(at, &at->next))
			break;
	}
	return count;
}

static __always_inline int is_dead(__u32 state)
{
	return state == UNSTUCK_RESIDENT_LEAKED || state == UNSTUCK_RESIDENT_ZOMBIE ||
	       state == UNSTUCK_RESIDENT_QUEUED_DEAD;
}

static __always_inline int repair(struct bpf_iter__sockmap *ctx, int with_cookie)
{
	struct sock *sk = ctx->sk;
	const __u8 *key = ctx->key;
	struct unstuck_repair report = {};
	struct unstuck_socket *now = &report.resident;
	struct judged_key copy = {};
	struct unstuck_judged *want;
	__u64 psock, cookie;
	long code;

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
	cookie = with_cookie ? bpf_get_socket_cookie(sk) : (__u64)sk->__sk_common.skc_cookie.counter;
	now->address = (__u64)sk;
	now->cookie = cookie;
	now->state = sk->__sk_common.skc_state;
	now->netns = sk->__sk_common.skc_net.net->ns.inum;
	now->flags = UNSTUCK_FULL_SOCKET;
	if (sk->__sk_common.skc_flags & (1UL << SOCK_DEAD_BIT))
		now->flags |= UNSTUCK_DEAD;
	if (sk->sk_socket)
		now->flags |= UNSTUCK_HAS_SOCKET;
	psock = psock_of(now->address, (__u64)BPF_CORE_READ(sk, sk_user_data));
	if (psock)
		read_psock(now, psock);
	if (psock)
		report.links_before = links_to(psock, ctx->map->id);

	if (has_raced)
		report.outcome = UNSTUCK_REPAIR_STOPPED;
	else if (want->address != now->address || (want->cookie && cookie && want->cookie != cookie))
		report.outcome = UNSTUCK_REPAIR_CHANGED;
	else if (!is_dead(unstuck_resident_state(now->state, now->flags)))
		report.outcome = UNSTUCK_REPAIR_REVIVED;
	else if (now->queued_messages && !want->allow_unread)
		report.outcome = UNSTUCK_REPAIR_UNREAD;
	else if (!report.links_before)
		report.outcome = UNSTUCK_REPAIR_UNLINKED;
	else {
		code = bpf_map_delete_elem(&target, &copy);
		report.links_after = links_to(psock_of(now->address, (__u64)BPF_CORE_READ(sk, sk_user_data)),
					      ctx->map->id);
		if (code == -2 /* ENOENT */) {
			report.outcome = UNSTUCK_REPAIR_UNLINKED;
		} else if (code) {
			report.outcome = UNSTUCK_REPAIR_FAILED;
			report.error = -code;
		} else if (report.links_after >= report.links_before) {
			report.outcome = UNSTUCK_REPAIR_RACED;
			has_raced = 1;
		}
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
