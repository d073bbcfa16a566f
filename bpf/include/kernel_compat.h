/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The kernel's structures, as far as we read them: declared here by hand, member by member, and relocated to the
 * running kernel by CO-RE. A member that some kernel lacks is asked for with bpf_core_field_exists() first; each such
 * variant names its commit. No kernel version is ever compared.
 *
 * libbpf goes through all of the kernel's types for each type that an access begins at: nearly a millisecond each. So
 * accesses begin at the outermost structure that holds what is read (struct inet_sock, struct socket_alloc).
 */
#pragma once

#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#define READ(dst, src) bpf_probe_read_kernel(&(dst), sizeof(dst), src)

#define IPPROTO_TCP 6
#define AF_INET 2
#define AF_INET6 10
#define SOCK_DEAD_BIT 0 /* enum sock_flags { SOCK_DEAD, ... }, include/net/sock.h: first since ever */

enum {
	TCP_ESTABLISHED = 1,
	TCP_TIME_WAIT = 6,
	TCP_CLOSE = 7,
	TCP_LISTEN = 10,
	TCP_NEW_SYN_RECV = 12,
};

/* The same in every kernel: not relocated. */
struct list_head {
	struct list_head *next, *prev;
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	long long counter;
} atomic64_t;

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	atomic_t refs;
} refcount_t;

typedef struct {
	__u32 val;
} kuid_t;

struct timer_list {
	struct {
		void *pprev;
	} entry;
	unsigned long expires;
};

struct in6_addr {
	union {
		__u8 u6_addr8[16];
	} in6_u;
};

struct ns_common {
	unsigned int inum;
	const void *ops; /* netns_operations: tells a struct net from the head of the list that they are in */
};

struct hlist_nulls_node {
	struct hlist_nulls_node *next, **pprev;
};

struct hlist_nulls_head {
	struct hlist_nulls_node *first;
};

struct inet_ehash_bucket {
	struct hlist_nulls_head chain;
};

struct inet_listen_hashbucket {
	struct hlist_nulls_head nulls_head;
};

/* Listeners are found by sk_nulls_node in `listening_hash`, whose length is fixed, and since cae3873c5b3a ("net: inet:
 * Retire port only listening_hash", in v5.19) in `lhash2`. */
struct inet_hashinfo {
	struct inet_ehash_bucket *ehash;
	unsigned int ehash_mask;
	_Bool pernet; /* d1e5e6408b30 ("tcp: Introduce optional per-netns ehash.", in v6.1) */
	unsigned int lhash2_mask;
	struct inet_listen_hashbucket *lhash2;
	struct inet_listen_hashbucket listening_hash[1];
};

struct inet_timewait_death_row {
	struct inet_hashinfo *hashinfo;
};

struct netns_ipv4 {
	struct inet_timewait_death_row tcp_death_row;
};

/* From fbb8295248e1 ("tcp: allocate tcp_death_row outside of struct netns_ipv4", in v5.18) to v6.0. */
struct netns_ipv4___pointer {
	struct inet_timewait_death_row *tcp_death_row;
};

struct net___pointer {
	struct netns_ipv4___pointer ipv4;
};

struct net {
	struct ns_common ns;
	struct list_head list;
	struct netns_ipv4 ipv4;
};

struct nsproxy {
	struct net *net_ns;
};

struct task_struct {
	int tgid;
	char comm[16];
	__u64 start_boottime;
	struct task_struct *group_leader;
	struct nsproxy *nsproxy;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct proto {
	void *close;
	void *destroy;
	void *ioctl;
	void *recvmsg;
	void *sendmsg;
	void *unhash;
};

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	struct proto *skc_prot;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	atomic64_t skc_cookie;
	unsigned long skc_flags;
	unsigned int skc_hash;
	struct hlist_nulls_node skc_nulls_node;
};

struct super_block {
	unsigned long s_magic;
};

struct inode {
	unsigned long i_ino;
	struct super_block *i_sb;
};

struct file {
	struct inode *f_inode;
	void *private_data;
};

struct sock;

struct socket {
	struct sock *sk;
};

/* What every struct socket is a part of, its first member (sock_alloc, net/socket.c). */
struct socket_alloc {
	struct inode vfs_inode;
};

struct kernfs_node {
	__u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

/* sock_cgroup_data.cgroup is a pointer since 8520e224f547 ("bpf, cgroups: Fix cgroup v2 fallback on v1/v2 mixed
 * mode", in v5.15); before, `val` holds the pointer, or net_cls and net_prio data if its lowest bit is set. */
struct sock_cgroup_data {
	struct cgroup *cgroup;
	__u64 val;
};

/* sk_ino, the inode number of the attached socket's file: "net: lockless sock_i_ino()", in v6.18. */
struct sock {
	struct sock_common __sk_common;
	struct socket *sk_socket;
	unsigned long sk_ino;
	void *sk_user_data;
	__u16 sk_type;
	__u16 sk_protocol; /* a bit-field of eight bits before bf9765145b85 ("sock: Make sk_protocol a 16-bit value", v5.6) */
	struct sock_cgroup_data sk_cgrp_data;
	__u32 sk_ack_backlog;
	__u32 sk_max_ack_backlog;
	struct {
		atomic_t rmem_alloc;
		int len;
	} sk_backlog;
	int sk_rcvbuf;
	refcount_t sk_wmem_alloc;
	int sk_sndbuf;
	int sk_forward_alloc;
	int sk_wmem_queued;
	atomic_t sk_omem_alloc;
	atomic_t sk_drops;
	__u32 sk_mark;
	kuid_t sk_uid;
	__u8 sk_shutdown;
	unsigned long sk_pacing_rate;
	unsigned long sk_max_pacing_rate;
	struct timer_list sk_timer;
	struct timer_list tcp_retransmit_timer; /* see tcp_detail_fields.h */
};

/* Every TCP socket begins with one; its first member is the struct sock. */
struct inet_sock {
	struct sock sk;
	__be16 inet_sport;
};

struct inet_connection_sock {
	__u8 icsk_retransmits;
	__u8 icsk_pending;
	__u8 icsk_backoff;
	__u8 icsk_ca_state;
	__u8 icsk_probes_out;
	__u32 icsk_rto;
	__u32 icsk_pmtu_cookie;
	unsigned long icsk_timeout;
	struct timer_list icsk_retransmit_timer;
	struct timer_list icsk_keepalive_timer;
	const struct tcp_congestion_ops *icsk_ca_ops;
	struct {
		__u32 ato;
		__u32 lrcvtime;
		__u16 rcv_mss;
	} icsk_ack;
};

struct tcp_congestion_ops {
	char name[16];
};

struct inet_timewait_sock {
	volatile unsigned char tw_substate;
	struct timer_list tw_timer;
};

struct request_sock {
	__u8 num_retrans;
	struct timer_list rsk_timer;
};

struct minmax_sample {
	__u32 v;
};

struct minmax {
	struct minmax_sample s[3];
};

struct tcp_options_received {
	__u16 tstamp_ok;
	__u16 wscale_ok;
	__u16 sack_ok;
	__u16 snd_wscale;
	__u16 rcv_wscale;
};

struct tcp_sock {
	__u64 bytes_sent;
	__u64 bytes_acked;
	__u64 bytes_received;
	__u32 snd_nxt;
	__u32 snd_una;
	__u32 write_seq;
	__u32 rcv_nxt;
	__u32 copied_seq;
	__u32 segs_out;
	__u32 segs_in;
	__u32 total_retrans;
	__u32 packets_out;
	__u32 snd_wnd;
	__u32 rcv_wnd;
	__u32 lsndtime;
	__u64 bytes_retrans;
	__u32 srtt_us;
	__u32 mdev_us;
	struct minmax rtt_min;
	struct {
		__u32 rtt_us;
	} rcv_rtt_est;
	struct {
		__u32 space;
	} rcvq_space;
	__u32 mss_cache;
	__u16 advmss;
	__u32 snd_cwnd;
	__u32 snd_ssthresh;
	__u32 rcv_ssthresh;
	__u32 data_segs_out;
	__u32 data_segs_in;
	__u32 rcv_tstamp;
	__u32 rate_delivered;
	__u32 rate_interval_us;
	__u8 rate_app_limited;
	__u32 delivered;
	__u32 delivered_ce;
	__u32 chrono_start;
	__u32 chrono_stat[3];
	__u8 chrono_type;
	__u32 retrans_out;
	__u32 lost_out;
	__u32 sacked_out;
	__u32 dsack_dups;
	__u32 reordering;
	__u32 reord_seen;
	__u32 rcv_ooopack;
	__u8 ecn_flags;
	struct tcp_options_received rx_opt;
};

struct bpf_prog_aux {
	__u32 id;
};

struct bpf_prog {
	struct bpf_prog_aux *aux;
};

struct sk_psock_progs {
	struct bpf_prog *msg_parser;
};

struct scatterlist {
	unsigned long page_link;
	unsigned int offset;
};

struct sk_msg_sg {
	__u32 start;
	__u32 size;
	struct scatterlist data[1]; /* a ring: MAX_MSG_FRAGS and two more */
};

struct sk_msg {
	struct sk_msg_sg sg;
	struct list_head list;
};

/* sk_psock_link.link_raw of a SOCKHASH is the element; an element's key follows it in memory. */
struct sk_psock_link {
	struct list_head list;
	struct bpf_map *map;
	void *link_raw;
};

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct bpf_shtab_elem {
	struct hlist_node node;
	__u8 key[];
};

/* sk_psock.sk is the first member in every tree read (5.10.218 to 7.2.13): it tells a psock from any other user data
 * of a socket without SK_USER_DATA_PSOCK, which only came with 2a0133723f9e (in v6.0). */
struct sk_psock {
	struct sock *sk;
	struct sk_psock_progs progs;
	struct list_head ingress_msg;
	struct list_head link;
};

struct bpf_map {
	__u32 id;
};

#pragma clang attribute pop

/* An iterator program's arguments are laid out the same in every kernel (each member is eight bytes wide, whatever it
 * holds), so they need no relocation: libbpf searches all of the kernel's types for every type that is relocated. */
struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
};

struct bpf_iter__sockmap {
	union {
		struct bpf_iter_meta *meta;
	};
	union {
		struct bpf_map *map;
	};
	union {
		void *key;
	};
	union {
		struct sock *sk;
	};
};

struct bpf_iter__task_file {
	union {
		struct bpf_iter_meta *meta;
	};
	union {
		struct task_struct *task;
	};
	union {
		__u32 fd;
	};
	union {
		struct file *file;
	};
};
