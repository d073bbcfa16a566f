/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Checks and deletes one checked entry: shared by the two ways of coming to it. */
#pragma once

#include "filed_entry.h"

/* Length of the map's keys: set before loading, so that the verifier sees a constant. */
const volatile __u32 key_size SEC(".rodata.key_size") = 4;

struct checked_key {
	__u8 bytes[UNSTUCK_KEY_MAX];
};

/* What may be deleted: by key, padded with zeros. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, UNSTUCK_CHECKED_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct checked_key);
	__type(value, struct unstuck_checked);
} checked SEC(".maps");

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

static __always_inline int is_dead(const struct unstuck_socket *now)
{
	__u32 state = unstuck_liveness(now->state, now->flags);

	return state == UNSTUCK_SOCKET_LEAKED || state == UNSTUCK_SOCKET_ZOMBIE ||
	       state == UNSTUCK_SOCKET_QUEUED_DEAD;
}

static __always_inline void delete(struct unstuck_repair *report, struct sock *sk, __u64 element, __u64 psock,
				   struct checked_key *key)
{
	struct unstuck_socket *now = &report->socket;
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

/*
 * What was checked, as it is now; deletes it if nothing speaks against it. `sk` cannot be freed meanwhile.
 *
 * `element` is where the key was found; `cookie` may be 0, unknown.
 */
static __always_inline void repair_entry(struct unstuck_repair *report, struct sock *sk, __u64 psock, __u64 element,
					 struct checked_key *key, __u64 cookie)
{
	struct unstuck_socket *now = &report->socket;
	struct unstuck_checked *want = bpf_map_lookup_elem(&checked, key);

	if (!want)
		return;
	__builtin_memcpy(report->key, key->bytes, sizeof(report->key));
	report->key_size = key_size;
	now->address = (__u64)sk;
	now->cookie = cookie;
	now->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	report->links_before = links_to(psock, element);
	if (psock)
		read_psock(now, psock);
	/* Last, because it matters most: a zombie's owner may connect it again at any time. */
	read_state(now, sk);

	if (has_raced) {
		report->outcome = UNSTUCK_REPAIR_STOPPED;
	} else if (want->address != now->address || (want->cookie && cookie && want->cookie != cookie)) {
		report->outcome = UNSTUCK_REPAIR_CHANGED;
	} else if (!is_dead(now)) {
		report->outcome = UNSTUCK_REPAIR_REVIVED;
	} else if (now->queued_messages && !want->allow_unread) {
		report->outcome = UNSTUCK_REPAIR_UNREAD;
	} else if (report->links_before == LINKS_UNKNOWN) {
		report->outcome = UNSTUCK_REPAIR_FAILED;
		report->error = 7; /* E2BIG: it is in more maps than we walk */
	} else if (!report->links_before) {
		report->outcome = UNSTUCK_REPAIR_UNLINKED;
	} else {
		delete(report, sk, element, psock, key);
	}
	bpf_map_delete_elem(&checked, key);
}
