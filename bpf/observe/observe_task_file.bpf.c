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

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define SOCKFS_MAGIC 0x534F434B /* include/uapi/linux/magic.h */
#define SOCK_STREAM 1 /* a raw socket of IPPROTO_TCP is no struct tcp_sock */

struct unstuck_clock pass_clock SEC(".data.clock");

/* Not on the stack, which reading the names of handlers needs. The programs run for one reader at a time. */
struct unstuck_owned record SEC(".data.record");

static __always_inline void begin(void)
{
	if (!pass_clock.jiffies) {
		pass_clock.jiffies = bpf_jiffies64();
		pass_clock.monotonic_ns = bpf_ktime_get_ns();
	}
	__builtin_memset(&record.tcp, 0, sizeof(record.tcp));
}

/* A process's descriptors come one after the other: its name is read for the first of them. */
static __always_inline int finish(struct bpf_iter__task_file *ctx, __u32 pid, struct task_struct *leader, __u64 start)
{
	if (record.pid != pid || record.start_ns != start) {
		record.pid = pid;
		record.start_ns = start;
		BPF_CORE_READ_INTO(&record.command, leader, comm);
	}
	record.descriptor = ctx->fd;
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
	read_typed_tcp(&record.tcp, tcp);
	record.tcp.socket.cookie = bpf_get_socket_cookie(tcp);
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
	read_tcp(&record.tcp, (struct tcp_sock *)sk);
	leader = BPF_CORE_READ(task, group_leader);
	return finish(ctx, BPF_CORE_READ(task, tgid), leader, BPF_CORE_READ(leader, start_boottime));
}
