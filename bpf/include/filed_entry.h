/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* How a socket and the elements of a sockhash hold each other: shared by the programs that delete. */
#pragma once

#include "socket_record.h"

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
