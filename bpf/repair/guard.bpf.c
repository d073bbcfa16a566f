// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Makes the kernel forget a socket when it dies: takes its entries out of one foreign SOCKHASH as it goes to CLOSE.
 *
 * An entry is found through the socket and not through a key built from its tuple: the links of its psock name the very
 * elements. So every layout is served, and an entry that another connection has under the same key (it replaced ours, or
 * it is of another network namespace) is never touched.
 *
 *   on_socket_event   sock_ops, in the accelerator's cgroup or above it: deletes in the same step. Sees the sockets
 *                     that became established after it was attached.
 *   on_state_change   tracepoint sock:inet_sock_set_state: sees every socket and deletes nothing (tracing programs may
 *                     not: 98e948fb60d4, "bpf: Allow delete from sockmap/sockhash only if update is allowed", in v6.10
 *                     and 5.10.219). What is inserted still is reported to user space, which checks again and deletes. It runs
 *                     after the other one (tcp_set_state, net/ipv4/tcp.c).
 */
#include "filed_entry.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Length of the map's keys: set before loading, so that the verifier sees a constant. */
const volatile __u32 key_size SEC(".rodata.key_size") = 4;

/* The id of the guarded map: tells its links from those of other maps. */
const volatile __u32 target_id SEC(".rodata.target_id") = 0;

/* The guarded map: a declaration of its shape, replaced by the foreign map itself before loading. */
struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4);
} target SEC(".maps");

/* Written by user space, at any time. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct unstuck_guard_settings);
} settings SEC(".maps");

/* By enum unstuck_guard_outcome. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, UNSTUCK_GUARD_OUTCOMES);
	__type(key, __u32);
	__type(value, struct unstuck_guard_count);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

/* Where the socket is connected, and in which namespace. */
static __always_inline void read_tuple(struct unstuck_socket *out, struct inet_sock *inet)
{
	out->netns = BPF_CORE_READ(inet, sk.__sk_common.skc_net.net, ns.inum);
	out->family = BPF_CORE_READ(inet, sk.__sk_common.skc_family);
	out->local_port = local_port_of(inet, BPF_CORE_READ(inet, sk.__sk_common.skc_num));
	out->remote_port = __builtin_bswap16(BPF_CORE_READ(inet, sk.__sk_common.skc_dport));
	if (out->family == AF_INET6) {
		BPF_CORE_READ_INTO(&out->local, inet, sk.__sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&out->remote, inet, sk.__sk_common.skc_v6_daddr);
	} else {
		*(__u32 *)out->local = BPF_CORE_READ(inet, sk.__sk_common.skc_rcv_saddr);
		*(__u32 *)out->remote = BPF_CORE_READ(inet, sk.__sk_common.skc_daddr);
	}
}

/* What user space needs to know of a dying socket, and to find it again. */
static __always_inline void read_guarded(struct unstuck_socket *out, struct inet_sock *inet, __u64 psock)
{
	out->address = (__u64)inet;
	out->cookie = BPF_CORE_READ(inet, sk.__sk_common.skc_cookie.counter);
	read_tuple(out, inet);
	read_state(out, (struct sock *)inet);
	read_psock(out, psock);
}

/* Written out, because the compiler makes a fetching addition of the builtin, which 5.10 does not know. */
static __always_inline void add(__u64 *sum, __u64 value)
{
	asm volatile("lock *(u64 *)(%0 + 0) += %1" : : "r"(sum), "r"(value) : "memory");
}

static __always_inline void count(__u32 outcome, __u32 bytes)
{
	struct unstuck_guard_count *entry = bpf_map_lookup_elem(&counts, &outcome);

	if (!entry)
		return;
	add(&entry->entries, 1);
	add(&entry->bytes, bytes);
}

/* Counts, and tells user space if it listens; a full buffer loses the telling and not the count. */
static __always_inline void tell(struct unstuck_guard_event *event, const struct unstuck_guard_settings *how)
{
	count(event->outcome, event->entry.socket.queued_bytes);
	if (how->tells && bpf_ringbuf_output(&events, event, sizeof(*event), 0))
		count(UNSTUCK_GUARD_MISSED, 0);
}

/*
 * One link of a dying socket's psock: if it is to the guarded map, the entry is checked and, if it may be, deleted. The
 * psock and its links cannot be freed meanwhile: the kernel waits for a grace period.
 */
static __always_inline void check_link(__u64 psock, __u64 at, int may_delete)
{
	struct sk_psock_link *link = (void *)at - bpf_core_field_offset(struct sk_psock_link, list);
	struct unstuck_guard_event event = {};
	struct unstuck_guard_settings *how;
	__u8 key[UNSTUCK_KEY_MAX] = {};
	struct sock *sk = NULL;
	__u64 element;
	__u32 zero = 0;
	long code;

	how = bpf_map_lookup_elem(&settings, &zero);
	if (!how || BPF_CORE_READ(link, map, id) != target_id)
		return;
	element = (__u64)BPF_CORE_READ(link, link_raw);
	if (bpf_probe_read_kernel(key, key_size, (void *)element + bpf_core_field_offset(struct bpf_shtab_elem, key)))
		return;
	if (!is_filed(element) || READ(sk, &((struct sk_psock *)psock)->sk))
		return;
	__builtin_memcpy(event.entry.key, key, sizeof(key));
	event.entry.key_size = key_size;
	read_guarded(&event.entry.socket, (struct inet_sock *)sk, psock);
	event.monotonic_ns = bpf_ktime_get_ns();

	if (!may_delete) {
		event.outcome = UNSTUCK_GUARD_FILED;
	} else if (event.entry.socket.queued_messages && !how->evicts) {
		event.outcome = UNSTUCK_GUARD_HELD;
	} else {
		code = bpf_map_delete_elem(&target, key);
		if (code == -2 /* ENOENT: another was faster */)
			return;
		if (code)
			event.outcome = UNSTUCK_GUARD_FAILED;
		else if (links_to(psock, element))
			event.outcome = UNSTUCK_GUARD_RACED;
		else
			event.outcome = event.entry.socket.queued_messages ? UNSTUCK_GUARD_EVICTED : UNSTUCK_GUARD_REMOVED;
		event.error = -code;
	}
	tell(&event, how);
}

/* Global functions, so that the verifier walks each once and not at each turn of the loop; two of them, because the one
 * that can delete is refused in tracing. */
__noinline int delete_link(__u64 psock, __u64 at)
{
	check_link(psock, at, 1);
	return 0;
}

__noinline int tell_link(__u64 psock, __u64 at)
{
	check_link(psock, at, 0);
	return 0;
}

/* Every entry of a socket that is about to be in CLOSE. */
static __always_inline void classify_socket(struct inet_sock *inet, int may_delete)
{
	__u64 psock = psock_of((__u64)inet, (__u64)BPF_CORE_READ(inet, sk.sk_user_data));
	struct list_head *head = &((struct sk_psock *)psock)->link;
	struct list_head *at = NULL;

	if (!psock)
		return;
	READ(at, &head->next);
	for (int i = 0; i < UNSTUCK_LINK_WALK_MAX; i++) {
		struct list_head *next = NULL;

		/* The deletion takes the link off the list. */
		if (!at || at == head || READ(next, &at->next))
			return;
		if (may_delete)
			delete_link(psock, (__u64)at);
		else
			tell_link(psock, (__u64)at);
		at = next;
	}
}

SEC("sockops")
int on_socket_event(struct bpf_sock_ops *ctx)
{
	__u32 flags = ctx->bpf_sock_ops_cb_flags;
	struct tcp_sock *tcp;
	struct bpf_sock *sk;

	switch (ctx->op) {
	case BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB:
	case BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB:
		/* With what other programs asked for: the helper overwrites all flags (net/core/filter.c). */
		if (!(flags & BPF_SOCK_OPS_STATE_CB_FLAG))
			bpf_sock_ops_cb_flags_set(ctx, flags | BPF_SOCK_OPS_STATE_CB_FLAG);
		break;
	case BPF_SOCK_OPS_STATE_CB:
		if (ctx->args[1] != TCP_CLOSE)
			break;
		sk = ctx->sk;
		if (!sk)
			break;
		tcp = bpf_skc_to_tcp_sock(sk);
		if (tcp)
			classify_socket((struct inet_sock *)tcp, 1);
		break;
	}
	return 1;
}

/* sock:inet_sock_set_state(sk, old state, new state). */
SEC("tp_btf/inet_sock_set_state")
int on_state_change(__u64 *ctx)
{
	struct inet_sock *inet = (struct inet_sock *)ctx[0];

	if ((int)ctx[2] == TCP_CLOSE)
		classify_socket(inet, 0);
	return 0;
}
