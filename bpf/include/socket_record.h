/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* One struct sock into one struct unstuck_socket: shared by every program that looks at a socket. */
#pragma once

#include "kernel_compat.h"
#include "unstuck_abi.h"

/* The pointer in sk_user_data without its flag bits (SK_USER_DATA_*: two bits in 5.10, three since v6.0). */
#define USER_DATA_MASK (~7UL)

/* Handlers by struct proto, filled as protos are met; user space reads it after a pass. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u64);
	__type(value, struct unstuck_proto);
} protos SEC(".maps");

static const char symbol_format[] = "%ps";

static __always_inline void name_symbol(char *name, __u64 address)
{
	/* bpf_snprintf: 7b15523a989b ("bpf: Add a bpf_snprintf helper", in v5.13). Without it user space looks the
	 * address up in /proc/kallsyms. */
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_snprintf))
		bpf_snprintf(name, UNSTUCK_SYMBOL_MAX, symbol_format, &address, sizeof(address));
}

static __noinline int remember_proto(__u64 key)
{
	struct proto *proto = (void *)key;
	struct unstuck_proto handlers = {};

	handlers.handlers[0] = (__u64)BPF_CORE_READ(proto, recvmsg);
	handlers.handlers[1] = (__u64)BPF_CORE_READ(proto, sendmsg);
	handlers.handlers[2] = (__u64)BPF_CORE_READ(proto, close);
	handlers.handlers[3] = (__u64)BPF_CORE_READ(proto, destroy);
	handlers.handlers[4] = (__u64)BPF_CORE_READ(proto, unhash);
	name_symbol(handlers.names[0], handlers.handlers[0]);
	name_symbol(handlers.names[1], handlers.handlers[1]);
	name_symbol(handlers.names[2], handlers.handlers[2]);
	name_symbol(handlers.names[3], handlers.handlers[3]);
	name_symbol(handlers.names[4], handlers.handlers[4]);
	return bpf_map_update_elem(&protos, &key, &handlers, BPF_ANY);
}

/* The socket's psock, or 0: what sk_user_data points at, if that points back. */
static __always_inline __u64 psock_of(__u64 sk, __u64 user_data)
{
	__u64 psock = user_data & USER_DATA_MASK;
	__u64 owner = 0;

	if (!psock)
		return 0;
	READ(owner, &((struct sk_psock *)psock)->sk);
	return owner == sk ? psock : 0;
}

static __always_inline void read_queue(struct unstuck_socket *out, __u64 psock)
{
	struct list_head *head = &((struct sk_psock *)psock)->ingress_msg;
	struct list_head *at = NULL;
	__u32 size;

	READ(at, &head->next);
	for (int i = 0; i < UNSTUCK_QUEUE_WALK_MAX; i++) {
		struct sk_msg *message;

		if (!at || at == head)
			return;
		message = (void *)at - bpf_core_field_offset(struct sk_msg, list);
		size = 0;
		READ(size, &message->sg.size);
		out->queued_messages++;
		out->queued_bytes += size;
		if (READ(at, &at->next))
			return;
	}
	if (at && at != head)
		out->flags |= UNSTUCK_QUEUE_PARTIAL;
}

static __always_inline void read_psock(struct unstuck_socket *out, __u64 psock)
{
	struct bpf_prog *program = NULL;

	out->flags |= UNSTUCK_HAS_PSOCK;
	READ(program, &((struct sk_psock *)psock)->progs.msg_parser);
	if (program)
		out->msg_program = BPF_CORE_READ(program, aux, id);
	read_queue(out, psock);
}

static __always_inline __u64 cgroup_of(struct sock *sk)
{
	struct cgroup *cgroup;

	if (bpf_core_field_exists(struct sock_cgroup_data, cgroup)) {
		cgroup = BPF_CORE_READ(sk, sk_cgrp_data.cgroup);
	} else {
		__u64 value = 0;

		READ(value, &((struct sock_cgroup_data___before_v515 *)&sk->sk_cgrp_data)->val);
		cgroup = value & 1 ? NULL : (void *)value;
	}
	return cgroup ? BPF_CORE_READ(cgroup, kn, id) : 0;
}

/* The judgement has one home, ResidentState in UnstuckModel; this is its twin for the moment of deletion. */
static __always_inline __u32 resident_state(__u8 state, __u8 flags)
{
	if (state == TCP_LISTEN)
		return UNSTUCK_RESIDENT_LISTENER;
	if (state == TCP_CLOSE) {
		if (flags & UNSTUCK_HAS_SOCKET)
			return UNSTUCK_RESIDENT_ZOMBIE;
		return flags & UNSTUCK_DEAD ? UNSTUCK_RESIDENT_LEAKED : UNSTUCK_RESIDENT_QUEUED_DEAD;
	}
	if (!(flags & (UNSTUCK_HAS_SOCKET | UNSTUCK_DEAD)))
		return UNSTUCK_RESIDENT_QUEUED;
	return UNSTUCK_RESIDENT_LIVE;
}
