/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Names the handlers of the protos that an observing pass meets. */
#pragma once

#include "kernel_compat.h"
#include "unstuck_abi.h"

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
	handlers.handlers[5] = (__u64)BPF_CORE_READ(proto, ioctl);
	name_symbol(handlers.names[0], handlers.handlers[0]);
	name_symbol(handlers.names[1], handlers.handlers[1]);
	name_symbol(handlers.names[2], handlers.handlers[2]);
	name_symbol(handlers.names[3], handlers.handlers[3]);
	name_symbol(handlers.names[4], handlers.handlers[4]);
	name_symbol(handlers.names[5], handlers.handlers[5]);
	return bpf_map_update_elem(&protos, &key, &handlers, BPF_ANY);
}
