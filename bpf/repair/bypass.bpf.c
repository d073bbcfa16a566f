// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Stands in for an accelerator's sock_ops program, so that new connections stay plain TCP.
 *
 * Swallows the two events at which accelerators file sockets, and hands every other one on to the program that it stands
 * for: what that does when a socket closes, and to timeouts, goes on. Past the deadline it passes through everything, anyone who
 * lives or does not: nobody has to come back and undo it.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#include "unstuck_abi.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The program that is replaced. The kernel empties it when nobody holds it any more: it is pinned. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} original SEC(".maps");

/* Written by user space, at any time. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct unstuck_bypass_settings);
} settings SEC(".maps");

/* Sockets that were not inserted. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

static __always_inline int is_taken(const struct unstuck_bypass_settings *now, __u32 op)
{
	__u32 zero = 0;
	__u64 *count;

	if (now->deadline_ns && bpf_ktime_get_boot_ns() >= now->deadline_ns)
		return 0;
	if (op != BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB && op != BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB)
		return now->takes_all_events;
	count = bpf_map_lookup_elem(&counts, &zero);
	if (count)
		__sync_fetch_and_add(count, 1);
	return 1;
}

SEC("sockops")
int unstuck_bypass(struct bpf_sock_ops *ctx)
{
	__u32 zero = 0;
	const struct unstuck_bypass_settings *now = bpf_map_lookup_elem(&settings, &zero);

	if (!now || !is_taken(now, ctx->op))
		bpf_tail_call(ctx, &original, 0);
	return 1;
}
