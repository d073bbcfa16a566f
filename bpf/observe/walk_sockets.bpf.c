// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The kernel's TCP hash tables and its list of network namespaces, read without a lock or a reference, by probe reads:
 * nothing that they find can fault, and nothing is ever written. User space runs the programs (BPF_PROG_TEST_RUN) for one
 * part of a table after the other. Each run is one RCU read-side section, and sockets are freed no earlier than that
 * (SLAB_TYPESAFE_BY_RCU): what a chain leads to is a TCP socket, though perhaps another one than a moment ago. So a
 * chain must end with the number of its own bucket, as the kernel's own lockless readers demand
 * (Documentation/RCU/rculist_nulls.rst), and a socket must have the same hash before and after it was read; else the
 * bucket is read again.
 */
#include "tcp_record.h"
#ifdef UNSTUCK_DETAILS /* inspect_walk.bpf.c */
#include "tcp_detail.h"
#endif

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The verifier goes through every turn of a loop, and this is what loading costs: short loops in functions of their own. */
#define CHAIN_PART 32  /* sockets that are read in a row */
#define CHAIN_PARTS 32 /* such parts of a bucket, tries included; most buckets of a kernel's table hold one socket or two */
#define RUNS 32        /* times HEADS buckets in one run, during which its processor does nothing else */
#define HEADS 64       /* of buckets, that are read at once */
#define STRIDE_MAX 64  /* bytes from a head to the next: one word, or with the bucket's lock two and more */
#define LISTENING_NULLS_BASE (1U << 29) /* include/net/inet_hashtables.h */
#define INET_LHTABLE_SIZE 32            /* the same, up to v5.18 */

struct unstuck_nets nets SEC(".data.nets");
struct unstuck_walk walk SEC(".data.walk");
__u64 heads[HEADS * STRIDE_MAX / 8] SEC(".data.heads");

#ifdef UNSTUCK_DETAILS
#define TCP(record) ((record)->tcp)
typedef struct unstuck_inspected_tcp walk_record;
#else
#define TCP(record) (*(record))
typedef struct unstuck_tcp walk_record;
#endif

struct walk_records {
	walk_record records[UNSTUCK_WALK_RECORDS];
};

struct walk_addresses {
	__u64 addresses[UNSTUCK_WALK_ADDRESSES];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct walk_records);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct walk_addresses);
} addresses SEC(".maps");

/* Addresses of sockets that are wanted, for UNSTUCK_WALK_WANTED; the value means nothing. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, UNSTUCK_WALK_WANTED_MAX);
	__type(key, __u64);
	__type(value, __u8);
} wanted SEC(".maps");

/* The hash tables of a namespace: its own for connections since d1e5e6408b30 ("tcp: Introduce optional per-netns ehash",
 * in v6.1), else everybody's. */
static __always_inline void read_tables(struct unstuck_net *out, struct net *net)
{
	struct inet_hashinfo *info;
	__u64 row;

	if (bpf_core_field_exists(struct netns_ipv4___pointer, tcp_death_row))
		row = (__u64)BPF_CORE_READ((struct net___pointer *)net, ipv4.tcp_death_row);
	else
		row = (__u64)net + bpf_core_field_offset(struct net, ipv4.tcp_death_row);
	info = BPF_CORE_READ((struct inet_timewait_death_row *)row, hashinfo);
	out->connected.heads = (__u64)BPF_CORE_READ(info, ehash);
	out->connected.stride = bpf_core_type_size(struct inet_ehash_bucket);
	out->connected.count = BPF_CORE_READ(info, ehash_mask) + 1;
	out->connected.base = 0;
	/* One of its own ends with its namespace, between two runs of ours: it is not walked. */
	out->is_private = bpf_core_field_exists(struct inet_hashinfo, pernet) && BPF_CORE_READ(info, pernet);
	if (bpf_core_field_exists(struct inet_hashinfo, listening_hash)) {
		out->listening.heads = (__u64)info + bpf_core_field_offset(struct inet_hashinfo, listening_hash);
		out->listening.count = INET_LHTABLE_SIZE;
	} else {
		out->listening.heads = (__u64)BPF_CORE_READ(info, lhash2);
		out->listening.count = BPF_CORE_READ(info, lhash2_mask) + 1;
	}
	out->listening.heads += bpf_core_field_offset(struct inet_listen_hashbucket, nulls_head);
	out->listening.stride = bpf_core_type_size(struct inet_listen_hashbucket);
	out->listening.base = LISTENING_NULLS_BASE;
}

#define NETS_AT_ONCE 16

/* Some of the namespaces from `address` on; returns the next one's address, 0 at the end. A global function, so that the
 * verifier walks its loop once. */
__noinline __u64 list_some(__u64 address, __u64 first)
{
	const void *ops = BPF_CORE_READ((struct net *)first, ns.ops);
	struct net *net = (struct net *)address;

	for (__u32 i = 0; i < NETS_AT_ONCE; i++) {
		struct list_head *next;

		/* The list's head is no namespace. */
		if (BPF_CORE_READ(net, ns.ops) == ops) {
			struct unstuck_net *out = &nets.nets[nets.count & (UNSTUCK_NETS_MAX - 1)];

			if (nets.count >= UNSTUCK_NETS_MAX)
				return 0;
			out->inode = BPF_CORE_READ(net, ns.inum);
			read_tables(out, net);
			nets.count++;
		}
		next = BPF_CORE_READ(net, list.next);
		if (!next)
			return 0;
		net = (void *)next - bpf_core_field_offset(struct net, list);
		if ((__u64)net == first) {
			nets.is_partial = 0;
			return 0;
		}
	}
	return (__u64)net;
}

/* Every network namespace, beginning with our own. */
SEC("raw_tp")
int list_nets(void *ctx __attribute__((unused)))
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 first = (__u64)BPF_CORE_READ(task, nsproxy, net_ns);
	__u64 next = first;

	nets.count = 0;
	nets.is_partial = 1;
	for (int i = 0; i <= UNSTUCK_NETS_MAX / NETS_AT_ONCE; i++) {
		next = list_some(next, first);
		if (!next)
			break;
	}
	return 0;
}

#ifdef UNSTUCK_DETAILS
/* By numbers alone: so the verifier goes through it once, on every kernel. */
__noinline int inspect(__u64 address, __u32 index, __u32 state)
{
	__u32 zero = 0;
	struct walk_records *all = bpf_map_lookup_elem(&records, &zero);
	struct unstuck_detail *out;

	if (!all)
		return 0;
	out = &all->records[index & (UNSTUCK_WALK_RECORDS - 1)].detail;
	if (state == TCP_TIME_WAIT || state == TCP_NEW_SYN_RECV)
		read_mini_detail(out, address, state);
	else
		read_detail(out, (struct tcp_sock *)address);
	return 1;
}
#endif

/* A socket that is not held by a process, or is wanted, as a record; any other one as its address. 0: it changed meanwhile. */
__noinline int read_socket(__u64 address, __u32 mode)
{
	struct sock_common *common = (void *)address;
	struct walk_records *all;
	walk_record *record;
	__u32 zero = 0, hash = BPF_CORE_READ((struct inet_sock *)common, sk.__sk_common.skc_hash);
	__u8 state = BPF_CORE_READ((struct inet_sock *)common, sk.__sk_common.skc_state);
	int is_mini = state == TCP_TIME_WAIT || state == TCP_NEW_SYN_RECV;

	if (mode == UNSTUCK_WALK_WANTED) {
		if (!bpf_map_lookup_elem(&wanted, &address))
			return 1;
	} else if (!is_mini && BPF_CORE_READ((struct inet_sock *)common, sk.sk_socket)) {
		struct walk_addresses *list = bpf_map_lookup_elem(&addresses, &zero);

		if (list && walk.addresses < UNSTUCK_WALK_ADDRESSES)
			list->addresses[walk.addresses & (UNSTUCK_WALK_ADDRESSES - 1)] = address;
		walk.addresses++;
		return 1;
	}
	all = bpf_map_lookup_elem(&records, &zero);
	if (!all)
		return 0;
	if (walk.records < UNSTUCK_WALK_RECORDS) {
		record = &all->records[walk.records & (UNSTUCK_WALK_RECORDS - 1)];
		__builtin_memset(record, 0, sizeof(*record));
		if (is_mini) {
			struct inet_sock *inet = (void *)common;
			struct unstuck_socket *out = &TCP(record).socket;

			out->address = address;
			out->cookie = BPF_CORE_READ(inet, sk.__sk_common.skc_cookie.counter);
			out->netns = BPF_CORE_READ(inet, sk.__sk_common.skc_net.net, ns.inum);
			out->family = BPF_CORE_READ(inet, sk.__sk_common.skc_family);
			out->state = state;
			out->flags = UNSTUCK_IS_TCP;
			out->local_port = BPF_CORE_READ(inet, sk.__sk_common.skc_num);
			out->remote_port = __builtin_bswap16(BPF_CORE_READ(inet, sk.__sk_common.skc_dport));
			if (out->family == AF_INET6) {
				BPF_CORE_READ_INTO(&out->local, inet, sk.__sk_common.skc_v6_rcv_saddr);
				BPF_CORE_READ_INTO(&out->remote, inet, sk.__sk_common.skc_v6_daddr);
			} else {
				*(__u32 *)out->local = BPF_CORE_READ(inet, sk.__sk_common.skc_rcv_saddr);
				*(__u32 *)out->remote = BPF_CORE_READ(inet, sk.__sk_common.skc_daddr);
			}
		} else {
			read_tcp(&TCP(record), (struct tcp_sock *)common);
			TCP(record).socket.cookie = BPF_CORE_READ((struct inet_sock *)common, sk.__sk_common.skc_cookie.counter);
		}
#ifdef UNSTUCK_DETAILS
		inspect(address, walk.records, state);
#endif
	}
	walk.records++;
	return hash == BPF_CORE_READ((struct inet_sock *)common, sk.__sk_common.skc_hash);
}

#define TORN 0
#define WHOLE 1

/* Some sockets of a bucket's chain from `node` on. The next node, WHOLE, or TORN: the chain changed under us. */
__noinline __u64 walk_chain(__u64 node, __u32 bucket)
{
	for (__u32 i = 0; i < CHAIN_PART; i++) {
		if (node & 1)
			return node >> 1 == bucket + walk.table.base ? WHOLE : TORN;
		if (!node ||
		    !read_socket(node - bpf_core_field_offset(struct sock, __sk_common.skc_nulls_node), walk.mode))
			return TORN;
		/* A node that was taken out leads on into its old chain, or, in another one by now, to another end. */
		if (READ(node, (void *)node))
			return TORN;
	}
	return node;
}

static __always_inline int is_full(void)
{
	return walk.records > UNSTUCK_WALK_RECORDS || walk.addresses > UNSTUCK_WALK_ADDRESSES;
}

/* A bucket that is not empty. 0: stop before it, the arrays are full. */
__noinline int walk_bucket(__u32 bucket, __u64 first)
{
	__u32 records_before = walk.records, addresses_before = walk.addresses;
	__u64 at = first;

	for (int i = 0; i < CHAIN_PARTS; i++) {
		at = walk_chain(at, bucket);
		/* It may fit in the next run, which begins with it; unless this one did. */
		if (is_full() && (records_before || addresses_before)) {
			walk.records = records_before;
			walk.addresses = addresses_before;
			return 0;
		}
		if (is_full())
			break;
		if (at == WHOLE)
			return 1;
		if (at != TORN)
			continue;
		walk.records = records_before;
		walk.addresses = addresses_before;
		if (READ(at, (void *)(walk.table.heads + (__u64)bucket * walk.table.stride)))
			break;
	}
	if (walk.records > UNSTUCK_WALK_RECORDS)
		walk.records = UNSTUCK_WALK_RECORDS;
	if (walk.addresses > UNSTUCK_WALK_ADDRESSES)
		walk.addresses = UNSTUCK_WALK_ADDRESSES;
	walk.torn++;
	return 1;
}

/* Walks from `start` on, HEADS buckets or less: a global function, verified once. 0: stop. */
__noinline int walk_some(__u32 start)
{
	__u32 stride = walk.table.stride;
	__u32 count = walk.table.count - start;
	__u64 size;

	if (count > HEADS)
		count = HEADS;
	/* Up to the last head: behind it the table may end, and memory with it. */
	size = (__u64)(count - 1) * stride + sizeof(__u64);
	if (start >= walk.table.count || stride % 8 || stride > STRIDE_MAX || size > sizeof(heads) ||
	    bpf_probe_read_kernel(heads, size, (void *)(walk.table.heads + (__u64)start * stride))) {
		walk.torn++;
		walk.next = walk.table.count;
		return 0;
	}
	for (__u32 i = 0; i < HEADS; i++) {
		__u64 head = heads[(i * (stride / 8)) & (HEADS * STRIDE_MAX / 8 - 1)];

		if (i >= count)
			break;
		if (!(head & 1) && !walk_bucket(start + i, head)) {
			walk.next = start + i;
			return 0;
		}
	}
	walk.next = start + count;
	return walk.next < walk.table.count;
}

SEC("raw_tp")
int walk_table(void *ctx __attribute__((unused)))
{
	walk.records = 0;
	walk.addresses = 0;
	walk.jiffies = bpf_jiffies64();
	walk.monotonic_ns = bpf_ktime_get_ns();
	for (int i = 0; i < RUNS; i++)
		if (!walk_some(walk.next))
			break;
	return 0;
}
