/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The records that our BPF programs write and the Swift side reads: defined here once, for both.
 * Little and big endian nodes alike: a record is read on the machine that wrote it, in its own byte order.
 * Every size is asserted below; a change here is a change of both sides.
 */
#pragma once

#ifdef __bpf__
typedef __u8 ua_u8;
typedef __u16 ua_u16;
typedef __u32 ua_u32;
typedef __u64 ua_u64;
#else
#include <stdint.h>
typedef uint8_t ua_u8;
typedef uint16_t ua_u16;
typedef uint32_t ua_u32;
typedef uint64_t ua_u64;
#endif

enum {
	UNSTUCK_KEY_MAX = 64,       /* longest sockmap key that we copy (SockmapKey.longest); the declared layouts need 44 */
	UNSTUCK_QUEUE_WALK_MAX = 64, /* messages of a psock's ingress queue that are walked; more sets a flag */
	UNSTUCK_LINK_WALK_MAX = 16, /* links of a psock (maps that hold it) that are walked */
	UNSTUCK_HANDLER_COUNT = 6,  /* recvmsg, sendmsg, close, destroy, unhash, ioctl */
	UNSTUCK_SYMBOL_MAX = 32,    /* bytes of a handler's name, its NUL included */
	UNSTUCK_LOOKUP_MAX = 128, /* keys that are looked up at once where a kernel refuses iter/sockmap */
	UNSTUCK_LOOKUP_SLOTS = 2, /* threads that may look keys up at the same time */
	UNSTUCK_CHECKED_MAX = 128, /* entries that one repair pass can be told to delete: see struct unstuck_repair */
	UNSTUCK_SEQ_BUFFER = 32768, /* of an iterator (bpf_seq_read, kernel/bpf/bpf_iter.c) */
	UNSTUCK_NETS_MAX = 4096,  /* network namespaces that are listed */
	UNSTUCK_WALK_RECORDS = 2048, /* of a run over the TCP hash table; a power of two, as the next */
	UNSTUCK_WALK_ADDRESSES = 16384,
	UNSTUCK_WALK_WANTED_MAX = 16384, /* sockets that can be asked for in one walk */
};

/* What user space writes to make two iterators share a map; see observe_sockmap.bpf.c. No session has this number. */
#define UNSTUCK_SHARE 0xffffffffffffffffULL

/* unstuck_socket.flags */
enum {
	UNSTUCK_HAS_SOCKET = 1 << 0,   /* sk_socket is set: a file descriptor, or at least a struct socket, owns it */
	UNSTUCK_DEAD = 1 << 1,         /* SOCK_DEAD in sk_flags: orphaned */
	UNSTUCK_FULL_SOCKET = 1 << 2,  /* a struct tcp_sock, not a request or a TIME_WAIT mini socket */
	UNSTUCK_HAS_PSOCK = 1 << 3,    /* sk_user_data points at a psock that points back */
	UNSTUCK_QUEUE_PARTIAL = 1 << 4, /* the ingress queue is longer than UNSTUCK_QUEUE_WALK_MAX */
	UNSTUCK_IS_TCP = 1 << 5,       /* IPPROTO_TCP over IPv4 or IPv6; sockmaps hold UDP, unix and vsock sockets too */
};

/* How a map's socket looks, by its kernel state alone; the copy of Liveness in UnstuckModel. */
enum unstuck_liveness {
	UNSTUCK_SOCKET_LIVE = 0,      /* any state with a future */
	UNSTUCK_SOCKET_QUEUED = 1,    /* waiting in an accept queue */
	UNSTUCK_SOCKET_LISTENER = 2,
	UNSTUCK_SOCKET_LEAKED = 3,    /* CLOSE, orphaned: nobody can ever close it again */
	UNSTUCK_SOCKET_ZOMBIE = 4,    /* CLOSE, a file descriptor still holds it */
	UNSTUCK_SOCKET_OTHER = 6, /* not TCP: never checked, never touched */
	UNSTUCK_SOCKET_QUEUED_DEAD = 5, /* CLOSE, reset while it waited for accept (docs/kernel-facts.md: Z6) */
};

/*
 * The classification has one home, Liveness in UnstuckModel; this is its copy for the moment of deletion. A test
 * compares the two over every state and every combination of flags.
 */
static inline ua_u32 unstuck_liveness(ua_u8 state, ua_u8 flags)
{
	if (!(flags & UNSTUCK_IS_TCP)) /* an unconnected UDP socket, too, is in "CLOSE" */
		return UNSTUCK_SOCKET_OTHER;
	if (state == 10) /* TCP_LISTEN */
		return UNSTUCK_SOCKET_LISTENER;
	if (state == 7) { /* TCP_CLOSE */
		if (flags & UNSTUCK_HAS_SOCKET)
			return UNSTUCK_SOCKET_ZOMBIE;
		return flags & UNSTUCK_DEAD ? UNSTUCK_SOCKET_LEAKED : UNSTUCK_SOCKET_QUEUED_DEAD;
	}
	if (!(flags & (UNSTUCK_HAS_SOCKET | UNSTUCK_DEAD)))
		return UNSTUCK_SOCKET_QUEUED;
	return UNSTUCK_SOCKET_LIVE;
}

/* One TCP socket, as both iterators see it. Addresses are network order bytes, ports host order. */
struct unstuck_socket {
	ua_u64 address;     /* struct sock *: the identity within one boot */
	ua_u64 cookie;      /* 0: this kernel gives none in tracing and none was assigned */
	ua_u64 proto;       /* sk_prot: key into the table of handlers */
	ua_u64 inode;       /* of the socket file; 0 without one */
	ua_u64 cgroup;      /* cgroup v2 id, 0 unknown */
	ua_u32 netns;       /* inode number of the network namespace */
	ua_u32 msg_program; /* id of the psock's sk_msg program, 0 none */
	ua_u32 queued_messages; /* in the psock's ingress queue: redirected, not yet read */
	ua_u32 queued_bytes;
	ua_u64 oldest;      /* tells the oldest queued message from others: where its first unread byte lies; 0 none */
	ua_u16 family;
	ua_u16 local_port;
	ua_u16 remote_port;
	ua_u8 state;
	ua_u8 flags;
	ua_u8 local[16];
	ua_u8 remote[16];
};

/* One entry of a SOCKMAP or SOCKHASH. `key_size` bytes of `key` count; the record is that much shorter. */
struct unstuck_entry {
	struct unstuck_socket socket;
	ua_u32 key_size;
	ua_u32 liveness; /* enum unstuck_liveness */
	ua_u8 key[UNSTUCK_KEY_MAX];
};

/* One TCP socket with the counters that tell moving from stuck. */
struct unstuck_tcp {
	struct unstuck_socket socket;
	ua_u64 bytes_sent;     /* 4.19+ */
	ua_u64 bytes_acked;
	ua_u64 bytes_received;
	ua_u32 send_next;      /* snd_nxt, and so on: sequence numbers, host order */
	ua_u32 send_unacked;
	ua_u32 write_seq;
	ua_u32 receive_next;
	ua_u32 copied_seq;
	ua_u32 segments_out;
	ua_u32 segments_in;
	ua_u32 retransmits_total;
	ua_u32 packets_out;
	ua_u32 send_window;
	ua_u32 receive_window;
	ua_u32 since_send;     /* jiffies since the last data segment left (or the handshake ended) */
	ua_u32 since_receive;  /* jiffies since the last one arrived */
	ua_u32 accept_queue;   /* listeners: connections waiting */
	ua_u32 accept_limit;   /* listeners: backlog */
	ua_u8 timer;           /* icsk_pending */
	ua_u8 backoff;
	ua_u8 retransmits;
	ua_u8 reserved[5];
};

/* One descriptor of iter/task_file that leads to a TCP socket. A socket has a record for each of its descriptors. */
struct unstuck_owned {
	struct unstuck_tcp tcp;
	ua_u64 start_ns;   /* of the process, on CLOCK_BOOTTIME: tells a reused pid */
	ua_u32 pid;        /* in the initial PID namespace */
	ua_u32 descriptor; /* negative numbers do not occur */
	char command[16];  /* of the process's leader, NUL-padded; anything may stand in it */
};

/* unstuck_detail.has: which parts could be read. */
enum {
	UNSTUCK_DETAIL_SOCKET = 1 << 0,     /* of a full socket: memory, uid, mark, shutdown */
	UNSTUCK_DETAIL_CONNECTION = 1 << 1, /* no listener, no request, no TIME_WAIT: everything but the timer */
	UNSTUCK_DETAIL_TIMER = 1 << 2,      /* timer, timer_left, timer_count */
};

/* unstuck_detail.timer, the numbers of idiag_timer (net/ipv4/inet_diag.c). */
enum unstuck_timer {
	UNSTUCK_TIMER_NONE = 0,
	UNSTUCK_TIMER_RETRANSMIT = 1,
	UNSTUCK_TIMER_KEEPALIVE = 2,
	UNSTUCK_TIMER_TIME_WAIT = 3,
	UNSTUCK_TIMER_PROBE = 4, /* of a window that is shut */
};

/* What `unstuck sockets` shows beside the counters, as the kernel keeps it: struct tcp_info's numbers before its arithmetic. */
struct unstuck_detail {
	ua_u64 pacing_rate;     /* bytes a second; all bits set: unlimited */
	ua_u64 max_pacing_rate;
	ua_u64 bytes_retransmitted;
	char congestion[16];    /* name of the congestion control, NUL-padded */
	ua_u32 has;             /* UNSTUCK_DETAIL_* */
	ua_u32 timer_left;      /* jiffies, signed: may be overdue */
	ua_u32 rto;             /* jiffies */
	ua_u32 ato;             /* jiffies */
	ua_u32 srtt;            /* eighths of a microsecond */
	ua_u32 mdev;            /* quarters of a microsecond */
	ua_u32 min_rtt;         /* microseconds; all bits set: none was measured */
	ua_u32 receive_rtt;     /* eighths of a microsecond */
	ua_u32 mss;
	ua_u32 receive_mss;
	ua_u32 advertised_mss;
	ua_u32 path_mtu;
	ua_u32 window;          /* snd_cwnd, segments */
	ua_u32 threshold;       /* snd_ssthresh, segments; TCP_INFINITE_SSTHRESH: none */
	ua_u32 receive_threshold;
	ua_u32 receive_space;
	ua_u32 data_segments_out;
	ua_u32 data_segments_in;
	ua_u32 since_ack;       /* jiffies */
	ua_u32 rate_delivered;  /* segments in rate_interval */
	ua_u32 rate_interval;   /* microseconds */
	ua_u32 delivered;
	ua_u32 delivered_ce;
	ua_u32 chrono[3];       /* jiffies: busy, limited by the peer's window, by the send buffer */
	ua_u32 chrono_running;  /* jiffies since chrono_type was begun */
	ua_u32 retransmits_out;
	ua_u32 lost;
	ua_u32 sacked;
	ua_u32 dsack_duplicates;
	ua_u32 reordering;
	ua_u32 reorder_seen;
	ua_u32 out_of_order;
	ua_u32 memory[9];       /* in the order of enum SK_MEMINFO_… (include/uapi/linux/sock_diag.h) */
	ua_u32 mark;
	ua_u32 uid;
	ua_u8 timer;            /* enum unstuck_timer */
	ua_u8 timer_count;      /* retransmits or probes that this timer has led to */
	ua_u8 chrono_type;      /* which of chrono is running, from 1; 0 none */
	ua_u8 options;          /* TCPI_OPT_* (include/uapi/linux/tcp.h) */
	ua_u8 send_scale;
	ua_u8 receive_scale;
	ua_u8 congestion_state; /* enum tcp_ca_state */
	ua_u8 app_limited;
	ua_u8 probes;
	ua_u8 shutdown;         /* RCV_SHUTDOWN 1, SEND_SHUTDOWN 2 */
	ua_u8 substate;         /* of TIME_WAIT: FIN_WAIT2, or TIME_WAIT itself */
	ua_u8 retransmits;      /* icsk_retransmits: in a row */
	ua_u8 reserved[8];
};

/* A socket of a table, and one of a descriptor, where details are read too (bpf/observe/inspect_*.bpf.c). */
struct unstuck_inspected_tcp {
	struct unstuck_tcp tcp;
	struct unstuck_detail detail;
};

struct unstuck_inspected_owned {
	struct unstuck_owned owned;
	struct unstuck_detail detail;
};

/* The kernel's clocks when a pass began: they tell how long a jiffy is. */
struct unstuck_clock {
	ua_u64 jiffies;
	ua_u64 monotonic_ns;
};

/* A hash table of chains that end with their bucket's number plus `base` (include/linux/list_nulls.h). */
struct unstuck_table {
	ua_u64 heads;  /* address of the first chain's head */
	ua_u32 stride; /* bytes from one head to the next */
	ua_u32 count;
	ua_u32 base;
	ua_u32 reserved;
};

/* A network namespace of the kernel's own list, and where its TCP sockets are; most namespaces share their tables. */
struct unstuck_net {
	struct unstuck_table connected;
	struct unstuck_table listening;
	ua_u32 inode;
	ua_u32 is_private; /* `connected` is a table of its own */
};

struct unstuck_nets {
	ua_u32 count;
	ua_u32 is_partial; /* there are more, or the list changed under us */
	struct unstuck_net nets[UNSTUCK_NETS_MAX];
};

enum unstuck_walk_mode {
	UNSTUCK_WALK_UNOWNED = 0, /* sockets without a struct socket as records, all others as addresses */
	UNSTUCK_WALK_WANTED = 1,  /* the sockets whose addresses are in the map `wanted`, as records */
};

/* Which part of a hash table to walk: user space writes it before each run, the program moves `next`. */
struct unstuck_walk {
	struct unstuck_table table;
	ua_u32 next;      /* first bucket; behind the last one walked afterwards */
	ua_u32 mode;      /* enum unstuck_walk_mode */
	ua_u32 records;   /* written by the program, as all that follow */
	ua_u32 addresses;
	ua_u32 torn;      /* chains that changed under us however often they were tried */
	ua_u32 reserved;
	ua_u64 jiffies;
	ua_u64 monotonic_ns;
};

/* The handlers of one struct proto, filled once per proto by the iterators. */
struct unstuck_proto {
	ua_u64 handlers[UNSTUCK_HANDLER_COUNT];
	char names[UNSTUCK_HANDLER_COUNT][UNSTUCK_SYMBOL_MAX]; /* empty where the kernel cannot print symbols to us */
};

/* What repair was reported to delete: the value behind a key in its `checked` map. */
struct unstuck_checked {
	ua_u64 address;        /* the socket that was checked */
	ua_u64 cookie;         /* 0: compare the address alone */
	ua_u32 allow_unread;   /* delete although its ingress queue holds bytes */
	ua_u32 reserved;
};

enum unstuck_repair_outcome {
	UNSTUCK_REPAIR_DELETED = 0,   /* deleted, and the checked socket lost its link to this map */
	UNSTUCK_REPAIR_CHANGED = 1,   /* another socket sits there now: skipped */
	UNSTUCK_REPAIR_REVIVED = 2,   /* the same socket, no longer dead: skipped */
	UNSTUCK_REPAIR_UNREAD = 3,    /* bytes arrived in its queue meanwhile: skipped */
	UNSTUCK_REPAIR_RACED = 4,     /* deleted something that was perhaps not, or no longer, what was checked */
	UNSTUCK_REPAIR_FAILED = 5,    /* the kernel refused: see error */
	UNSTUCK_REPAIR_UNLINKED = 6,  /* another removed it just before: nothing done */
	UNSTUCK_REPAIR_STOPPED = 7,   /* not tried: an earlier entry of this pass raced */
};

/*
 * What repair did with one checked entry. All of a pass must fit the iterator's buffer at once: a record that overflows
 * is dropped and its element shown again, and a deleted element cannot be.
 */
struct unstuck_repair {
	struct unstuck_socket socket; /* as found just before the deletion */
	ua_u32 key_size;
	ua_u32 outcome;        /* enum unstuck_repair_outcome */
	ua_u32 error;          /* positive errno, with UNSTUCK_REPAIR_FAILED */
	ua_u32 links_before;   /* links of the checked socket to this map, before and after */
	ua_u32 links_after;
	ua_u32 reserved;
	ua_u8 key[UNSTUCK_KEY_MAX];
};

/* What a guard does: user space writes it at any time. */
struct unstuck_guard_settings {
	ua_u32 evicts; /* delete although bytes are unread, which are lost */
	ua_u32 tells;  /* someone reads the events */
};

enum unstuck_guard_outcome {
	UNSTUCK_GUARD_REMOVED = 0, /* deleted; nothing was unread */
	UNSTUCK_GUARD_EVICTED = 1, /* deleted, and unread bytes with it */
	UNSTUCK_GUARD_HELD = 2,    /* left, for bytes are unread */
	UNSTUCK_GUARD_FILED = 3,   /* seen by the tracepoint, which deletes nothing */
	UNSTUCK_GUARD_FAILED = 4,  /* the kernel refused: see error */
	UNSTUCK_GUARD_RACED = 5,   /* something was deleted, and the socket is inserted still */
	UNSTUCK_GUARD_MISSED = 6,  /* only counted: events for which the buffer had no room */
	UNSTUCK_GUARD_OUTCOMES = 7,
};

struct unstuck_guard_count {
	ua_u64 entries;
	ua_u64 bytes; /* unread in the sockets' queues */
};

/* A socket of the guarded map that goes to CLOSE. Its state is still the one before. */
struct unstuck_guard_event {
	struct unstuck_entry entry;
	ua_u32 outcome; /* enum unstuck_guard_outcome */
	ua_u32 error;   /* positive errno, with UNSTUCK_GUARD_FAILED */
	ua_u64 monotonic_ns;
};

/* What replaces an accelerator's sock_ops program: user space writes it at any time. */
struct unstuck_bypass_settings {
	ua_u64 deadline_ns;  /* CLOCK_BOOTTIME from which on everything is handed on; 0: never */
	ua_u32 takes_all_events; /* not only the events at which sockets are inserted */
	ua_u32 reserved;
};

_Static_assert(sizeof(struct unstuck_socket) == 104, "unstuck_socket");
_Static_assert(sizeof(struct unstuck_entry) == 104 + 8 + 64, "unstuck_entry");
_Static_assert(sizeof(struct unstuck_tcp) == 104 + 3 * 8 + 15 * 4 + 8 + 4, "unstuck_tcp");
_Static_assert(sizeof(struct unstuck_owned) == 200 + 8 + 2 * 4 + 16, "unstuck_owned");
_Static_assert(sizeof(struct unstuck_detail) == 3 * 8 + 16 + 45 * 4 + 20, "unstuck_detail");
_Static_assert(sizeof(struct unstuck_inspected_tcp) == 200 + 240, "unstuck_inspected_tcp");
_Static_assert(sizeof(struct unstuck_inspected_owned) == 232 + 240, "unstuck_inspected_owned");
_Static_assert(sizeof(struct unstuck_net) == 2 * 24 + 8, "unstuck_net");
_Static_assert(sizeof(struct unstuck_walk) == 24 + 6 * 4 + 16, "unstuck_walk");
_Static_assert(sizeof(struct unstuck_proto) == 6 * 8 + 6 * 32, "unstuck_proto");
_Static_assert(sizeof(struct unstuck_checked) == 24, "unstuck_checked");
_Static_assert(sizeof(struct unstuck_repair) == 104 + 24 + 64, "unstuck_repair");
_Static_assert(UNSTUCK_CHECKED_MAX * sizeof(struct unstuck_repair) < UNSTUCK_SEQ_BUFFER, "a pass fits the buffer");
_Static_assert(sizeof(struct unstuck_guard_event) == 104 + 8 + 64 + 16, "unstuck_guard_event");
_Static_assert(sizeof(struct unstuck_bypass_settings) == 16, "unstuck_bypass_settings");
