// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Every TCP socket that a process of our PID namespace holds by a descriptor, with that process, in every network namespace
 * at once: one struct unstuck_owned for each descriptor. Takes no lock of a socket, and changes nothing but that a socket
 * which had no cookie gets one (bpf_get_socket_cookie).
 *
 * The kernel holds a reference on the file while the program runs (task_file_seq_get_next, kernel/bpf/task_iter.c), and
 * the file holds its socket.
 */
#include "tcp_record.h"
#ifdef UNSTUCK_DETAILS /* inspect_task_file.bpf.c */
#include "tcp_detail.h"
#endif

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define SOCKFS_MAGIC 0x534F434B /* include/uapi/linux/magic.h */
#define SOCK_STREAM 1 /* a raw socket of IPPROTO_TCP is no struct tcp_sock */

struct unstuck_clock pass_clock SEC(".data.clock");

/* Not on the stack, which reading the names of handlers needs. The programs run for one reader at a time. */
#ifdef UNSTUCK_DETAILS
struct unstuck_inspected_owned record SEC(".data.record");
#define OWNED record.owned

/* In a function of its own, which the verifier goes through once. */
__noinline int inspect(__u64 address)
{
	read_detail(&record.detail, (struct tcp_sock *)address);
	return 0;
}
#else
struct unstuck_owned record SEC(".data.record");
#define OWNED record
#endif

static __always_inline void begin(void)
{
	if (!pass_clock.jiffies) {
		pass_clock.jiffies = bpf_jiffies64();
		pass_clock.monotonic_ns = bpf_ktime_get_ns();
	}
	__builtin_memset(&OWNED.tcp, 0, sizeof(OWNED.tcp));
#ifdef UNSTUCK_DETAILS
	__builtin_memset(&record.detail, 0, sizeof(record.detail));
#endif
}

/* A process's descriptors come one after the other: its name is read for the first of them. */
static __always_inline int finish(struct bpf_iter__task_file *ctx, __u32 pid, struct task_struct *leader, __u64 start)
{
	if (OWNED.pid != pid || OWNED.start_ns != start) {
		OWNED.pid = pid;
		OWNED.start_ns = start;
		BPF_CORE_READ_INTO(&OWNED.command, leader, comm);
	}
	OWNED.descriptor = ctx->fd;
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}

/* bpf_sock_from_file and cookies in tracing came together: 4f19cab76136 ("bpf: Add a bpf_sock_from_file helper", in
 * v5.11), c5dbb89fc2ac ("bpf: Expose bpf_get_socket_cookie to tracing programs", in v5.12). */
SEC("iter/task_file")
int observe_with_cookie(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct socket *socket;
	struct tcp_sock *tcp;

	if (!task || !file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket)
		return 0;
	tcp = bpf_skc_to_tcp_sock(socket->sk);
	if (!tcp || ((struct inet_sock *)tcp)->sk.sk_type != SOCK_STREAM)
		return 0;
	begin();
	read_typed_tcp(&OWNED.tcp, tcp);
	OWNED.tcp.socket.cookie = bpf_get_socket_cookie(tcp);
#ifdef UNSTUCK_DETAILS
	read_typed_detail(&record.detail, tcp);
#endif
	return finish(ctx, task->tgid, task->group_leader, task->group_leader->start_boottime);
}

/* For kernels without these helpers. A file is a socket's if it lives in sockfs (net/socket.c), whose files have a struct
 * socket as their private data. */
SEC("iter/task_file")
int observe_plain(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task, *leader;
	struct file *file = ctx->file;
	struct socket *socket;
	struct sock *sk;
	__u16 family;

	if (!task || !file || BPF_CORE_READ(file, f_inode, i_sb, s_magic) != SOCKFS_MAGIC)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	sk = socket ? BPF_CORE_READ(socket, sk) : NULL;
	if (!sk)
		return 0;
	family = BPF_CORE_READ((struct inet_sock *)sk, sk.__sk_common.skc_family);
	if (!protocol_flag(family, protocol_of((struct inet_sock *)sk)) ||
	    BPF_CORE_READ((struct inet_sock *)sk, sk.sk_type) != SOCK_STREAM)
		return 0;
	begin();
	read_tcp(&OWNED.tcp, (struct tcp_sock *)sk);
#ifdef UNSTUCK_DETAILS
	inspect((__u64)sk);
#endif
	leader = BPF_CORE_READ(task, group_leader);
	return finish(ctx, BPF_CORE_READ(task, tgid), leader, BPF_CORE_READ(leader, start_boottime));
}
