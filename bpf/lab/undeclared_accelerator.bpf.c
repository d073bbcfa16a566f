// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Nobody's, and so no layout that Unstuck declares: IPv4 only, ports of different byte orders first, a version, and the
 * peer's address before the socket's. Never replaces. */
#include "accelerator.h"

struct connection {
	__be16 peer_port;
	__u16 own_port;
	__u32 version;
	__be32 peer, own;
};

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 65535);
	__type(key, struct connection);
	__type(value, __u32);
} connections SEC(".maps");

static __always_inline struct connection name(struct ends4 of)
{
	return (struct connection){
		.peer_port = bpf_htons(of.peer_port),
		.own_port = of.own_port,
		.version = 3,
		.peer = of.peer,
		.own = of.own,
	};
}

SEC("sockops")
int file_socket(struct bpf_sock_ops *ctx)
{
	if (is_established(ctx) && ctx->family == AF_INET) {
		struct connection key = name(READ_ENDS4(ctx));

		bpf_sock_hash_update(ctx, &connections, &key, BPF_NOEXIST);
	}
	return 1;
}

SEC("sk_msg")
int redirect_message(struct sk_msg_md *ctx)
{
	struct connection key = name(turned4(READ_ENDS4(ctx)));

	return verdict(bpf_msg_redirect_hash(ctx, &connections, &key, BPF_F_INGRESS));
}
