/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* One struct sock into one struct unstuck_socket: shared by every program that looks at a socket. */
#pragma once

#include "kernel_compat.h"
#include "unstuck_abi.h"

/* The pointer in sk_user_data without its flag bits (SK_USER_DATA_*: two bits in 5.10, three since v6.0). */
#define USER_DATA_MASK (~7UL)
/* Points at a slot of a reuseport array instead (c9a368f1c0fb, "bpf: net: Avoid incorrect bpf_sk_reuseport_detach call",
 * in v5.7), whose first word is the socket as well. */
#define USER_DATA_BPF 2UL

/* The socket's psock, or 0: what sk_user_data points at, if that points back. */
static __always_inline __u64 psock_of(__u64 sk, __u64 user_data)
{
	__u64 psock = user_data & USER_DATA_MASK;
	__u64 owner = 0;

	if (!psock || user_data & USER_DATA_BPF)
		return 0;
	READ(owner, &((struct sk_psock *)psock)->sk);
	return owner == sk ? psock : 0;
}

/*
 * What waits in a psock's ingress queue: bytes in the lower half, messages above, the top bit if there are more than
 * we walk. A global function, so that the verifier walks the loop once and not at each call.
 */
#define QUEUE_PARTIAL (1ULL << 63)

__noinline __u64 read_queue(__u64 psock)
{
	struct list_head *head = &((struct sk_psock *)psock)->ingress_msg;
	struct list_head *at = NULL;
	__u64 messages = 0;
	__u32 bytes = 0;

	if (!psock)
		return 0;
	READ(at, &head->next);
	for (int i = 0; i < UNSTUCK_QUEUE_WALK_MAX; i++) {
		struct sk_msg *message;
		__u32 size = 0;

		if (!at || at == head)
			return messages << 32 | bytes;
		message = (void *)at - bpf_core_field_offset(struct sk_msg, list);
		READ(size, &message->sg.size);
		messages++;
		bytes += size;
		if (READ(at, &at->next))
			break;
	}
	return messages << 32 | bytes | (at && at != head ? QUEUE_PARTIAL : 0);
}

/*
 * Which message is the oldest in a psock's ingress queue: where its first unread byte lies. Of redirected bytes nothing is
 * counted, and a queue of one request looks like the next one's; a message's bytes, though, come from a page fragment that
 * moves on with each message, and reading moves them on, too. 0: the queue is empty.
 */
__noinline __u64 read_oldest(__u64 psock)
{
	struct list_head *head = &((struct sk_psock *)psock)->ingress_msg;
	struct list_head *at = NULL;
	struct scatterlist *first;
	struct sk_msg *message;
	__u32 start = 0;

	if (!psock || READ(at, &head->next) || !at || at == head)
		return 0;
	message = (void *)at - bpf_core_field_offset(struct sk_msg, list);
	READ(start, &message->sg.start);
	first = (void *)message + bpf_core_field_offset(struct sk_msg, sg.data) +
		(__u64)(start & 0x1f) * bpf_core_type_size(struct scatterlist);
	return (__u64)message * 31 + (__u64)BPF_CORE_READ(first, page_link) * 17 + BPF_CORE_READ(first, offset);
}

static __always_inline void read_psock(struct unstuck_socket *out, __u64 psock)
{
	struct bpf_prog *program = NULL;
	__u64 queue = read_queue(psock);

	out->flags |= UNSTUCK_HAS_PSOCK;
	out->queued_bytes = (__u32)queue;
	out->queued_messages = (__u32)(queue >> 32) & 0x7fffffff;
	if (queue & QUEUE_PARTIAL)
		out->flags |= UNSTUCK_QUEUE_PARTIAL;
	if (queue)
		out->oldest = read_oldest(psock);
	READ(program, &((struct sk_psock *)psock)->progs.msg_parser);
	if (program)
		out->msg_program = BPF_CORE_READ(program, aux, id);
}

static __always_inline __u8 protocol_flag(__u16 family, __u16 protocol)
{
	return protocol == IPPROTO_TCP && (family == AF_INET || family == AF_INET6) ? UNSTUCK_IS_TCP : 0;
}

/* A socket that went to CLOSE has given its port back: inet_num is 0 (__inet_put_port, net/ipv4/inet_hashtables.c),
 * but inet_sport still tells which it was. */
static __always_inline __u16 local_port_of(struct inet_sock *inet, __u16 num)
{
	return num ? num : __builtin_bswap16(BPF_CORE_READ(inet, inet_sport));
}

static __always_inline __u64 inode_of(struct inet_sock *inet, struct socket *socket)
{
	if (bpf_core_field_exists(struct inet_sock, sk.sk_ino))
		return BPF_CORE_READ(inet, sk.sk_ino);
	return BPF_CORE_READ((struct socket_alloc *)socket, vfs_inode.i_ino);
}

static __always_inline __u64 cgroup_of(struct inet_sock *inet)
{
	struct cgroup *cgroup;

	if (bpf_core_field_exists(struct inet_sock, sk.sk_cgrp_data.cgroup)) {
		cgroup = BPF_CORE_READ(inet, sk.sk_cgrp_data.cgroup);
	} else {
		__u64 value = BPF_CORE_READ(inet, sk.sk_cgrp_data.val);

		cgroup = value & 1 ? NULL : (void *)value;
	}
	return cgroup ? BPF_CORE_READ(cgroup, kn, id) : 0;
}

/* The same two of a typed pointer: plain loads where the kernel has the members. */
static __always_inline __u64 typed_inode_of(struct inet_sock *inet, struct socket *socket)
{
	return bpf_core_field_exists(struct inet_sock, sk.sk_ino) ? inet->sk.sk_ino : inode_of(inet, socket);
}

static __always_inline __u64 typed_cgroup_of(struct inet_sock *inet)
{
	return bpf_core_field_exists(struct inet_sock, sk.sk_cgrp_data.cgroup) ? inet->sk.sk_cgrp_data.cgroup->kn->id
									       : cgroup_of(inet);
}

/* IPPROTO_TCP or another. A bit-field, then 16 bits: see struct sock. */
static __always_inline __u16 protocol_of(struct inet_sock *inet)
{
	return BPF_CORE_READ(inet, sk.sk_protocol);
}
