/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* One entry of a sockmap into one struct unstuck_entry: shared by the programs that look at entries. */
#pragma once

#include "handler_names.h"
#include "socket_record.h"

/*
 * All but the cookie. The socket is a typed pointer: its members are plain loads, which the kernel guards, and cost next
 * to nothing, except that each one touches memory that nobody has touched for long: most of a pass is waiting for it. So
 * the pointers that lead further are followed first, and the waits overlap.
 */
static __always_inline void read_socket(struct unstuck_socket *out, struct inet_sock *inet)
{
	struct socket *socket;
	__u64 psock;

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
		out->inode = typed_inode_of(inet, socket);
	}
	out->cgroup = typed_cgroup_of(inet);
	/* Read, not loaded: since v6.17 the verifier types a loaded void pointer, and we want a number. */
	psock = psock_of(out->address, (__u64)BPF_CORE_READ(inet, sk.sk_user_data));
	if (psock)
		read_psock(out, psock);
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
}

/* The key, and what the socket looks like. `key_size` is a constant for the verifier. */
static __always_inline void finish_entry(struct unstuck_entry *entry, const __u8 *key, __u32 key_size)
{
	entry->key_size = key_size;
	entry->liveness = unstuck_liveness(entry->socket.state, entry->socket.flags);
	for (__u32 i = 0; i + 8 <= UNSTUCK_KEY_MAX; i += 8) {
		if (i + 8 <= key_size)
			*(__u64 *)&entry->key[i] = *(const __u64 *)&key[i];
		else
			for (__u32 j = i; j < i + 8; j++)
				if (j < key_size)
					entry->key[j] = key[j];
	}
}
