// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * istio-tcpip-bypass: the socket's own end first, address and port together, ports in host order. Replaces what is
 * there. The msg program finds the receiver's key in a second map, under the sender's own tuple.
 *
 * The original leaves connections of one address to itself alone, which is all that a stage has, and learns who is whose
 * peer through a translation of addresses, which a stage has not: here the passive end knows.
 */
#include "accelerator.h"

struct addr_2_tuple {
	__u32 ip4;
	__u32 port;
};

struct socket_4_tuple {
	struct addr_2_tuple local;
	struct addr_2_tuple remote;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65535);
	__type(key, struct socket_4_tuple);
	__type(value, struct socket_4_tuple);
} map_proxy SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 65535);
	__uint(key_size, sizeof(struct socket_4_tuple));
	__uint(value_size, sizeof(__u32));
} map_redir SEC(".maps");

static __always_inline struct socket_4_tuple name(struct ends4 of)
{
	return (struct socket_4_tuple){ { of.own, of.own_port }, { of.peer, of.peer_port } };
}

SEC("sockops")
int file_socket(struct bpf_sock_ops *ctx)
{
	struct socket_4_tuple key = name(READ_ENDS4(ctx));
	struct socket_4_tuple peer = name(turned4(READ_ENDS4(ctx)));

	/* So as to let dual-stack sockets in. An IPv6 connection's server is let in too: the kernel says 127.0.0.6. */
	if (ctx->family != AF_INET && !key.remote.ip4)
		return 1;
	bpf_sock_ops_cb_flags_set(ctx, BPF_SOCK_OPS_STATE_CB_FLAG);
	if (ctx->op == BPF_SOCK_OPS_STATE_CB && ctx->args[1] == BPF_TCP_CLOSE)
		bpf_map_delete_elem(&map_proxy, &key);
	if (!is_established(ctx))
		return 1;
	if (ctx->op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB) {
		bpf_map_update_elem(&map_proxy, &key, &peer, BPF_ANY);
		bpf_map_update_elem(&map_proxy, &peer, &key, BPF_ANY);
	}
	bpf_sock_hash_update(ctx, &map_redir, &key, BPF_ANY);
	return 1;
}

SEC("sk_msg")
int redirect_message(struct sk_msg_md *ctx)
{
	struct socket_4_tuple key = name(READ_ENDS4(ctx)), *peer = bpf_map_lookup_elem(&map_proxy, &key);

	if (!peer)
		return SK_PASS;
	return verdict(bpf_msg_redirect_hash(ctx, &map_redir, peer, BPF_F_INGRESS));
}
