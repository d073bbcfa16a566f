// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* os-eBPF, and socket-acceleration-with-ebpf after it: IPv4 sockets only, the socket's own end first, a family byte and
 * padding between addresses and ports. Never replaces. */
#include "accelerator.h"

struct sock_key {
	__u32 sip4;
	__u32 dip4;
	__u8 family;
	__u8 pad1;
	__u16 pad2;
	__u32 pad3;
	__u32 sport;
	__u32 dport;
} __attribute__((packed));

_Static_assert(sizeof(struct sock_key) == 24, "the key's size is its layout's mark");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 65535);
	__type(key, struct sock_key);
	__type(value, int);
} sock_ops_map SEC(".maps");

static __always_inline struct sock_key name(struct ends4 of)
{
	return (struct sock_key){
		.sip4 = of.own,
		.dip4 = of.peer,
		.family = 1,
		.sport = network_first(of.own_port),
		.dport = network_first(of.peer_port),
	};
}

SEC("sockops")
int file_socket(struct bpf_sock_ops *ctx)
{
	if (is_established(ctx) && ctx->family == AF_INET) {
		struct sock_key key = name(READ_ENDS4(ctx));

		bpf_sock_hash_update(ctx, &sock_ops_map, &key, BPF_NOEXIST);
	}
	return 1;
}

SEC("sk_msg")
int redirect_message(struct sk_msg_md *ctx)
{
	struct sock_key key = name(turned4(READ_ENDS4(ctx)));

	return verdict(bpf_msg_redirect_hash(ctx, &sock_ops_map, &key, BPF_F_INGRESS));
}
