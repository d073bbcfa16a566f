// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* eunomia's tutorial: 127.0.0.1 only, the socket's own end first, ports in the last two bytes of four, and the family of
 * the socket. Never replaces; a miss is an error of send(2), always. */
#include "accelerator.h"

struct sock_key {
	__u32 sip;
	__u32 dip;
	__u32 sport;
	__u32 dport;
	__u32 family;
};

_Static_assert(sizeof(struct sock_key) == 20, "the key's size is its layout's mark");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 65535);
	__type(key, struct sock_key);
	__type(value, int);
} sock_ops_map SEC(".maps");

static __always_inline struct sock_key name(struct ends4 of, __u32 family)
{
	return (struct sock_key){
		.sip = of.own,
		.dip = of.peer,
		.sport = bpf_htonl(of.own_port),
		.dport = bpf_htonl(of.peer_port),
		.family = family,
	};
}

static __always_inline int is_local(struct ends4 ends)
{
	return ends.own == bpf_htonl(0x7f000001) && ends.peer == bpf_htonl(0x7f000001);
}

SEC("sockops")
int file_socket(struct bpf_sock_ops *ctx)
{
	struct ends4 ends = READ_ENDS4(ctx);

	if (is_established(ctx) && is_local(ends)) {
		struct sock_key key = name(ends, ctx->family);

		bpf_sock_hash_update(ctx, &sock_ops_map, &key, BPF_NOEXIST);
	}
	return 1;
}

SEC("sk_msg")
int redirect_message(struct sk_msg_md *ctx)
{
	struct ends4 ends = READ_ENDS4(ctx);
	struct sock_key key = name(turned4(ends), ctx->family);

	if (!is_local(ends))
		return SK_PASS;
	return bpf_msg_redirect_hash(ctx, &sock_ops_map, &key, BPF_F_INGRESS);
}
