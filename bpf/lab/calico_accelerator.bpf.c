// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Calico's sidecar acceleration: a key names the application's end only. Envoy's socket is stored under its peer's end, with
 * a mark; any other under its own. Replaces what is there: of all connections of a server that is not Envoy, which share
 * one key, only the last is in the map.
 *
 * The original asks a trie whether one of the addresses is one of its endpoints; here every IPv4 address is.
 */
#include "accelerator.h"

/* Set before loading. */
const volatile __u32 envoy_port SEC(".rodata.envoy_port") = 15001;

struct sock_key {
	__u32 ip4;
	__u32 port;
	__u32 envoy_side;
};

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 65535);
	__type(key, struct sock_key);
	__type(value, __u32);
} calico_sock_map SEC(".maps");

static __always_inline int is_envoys(struct ends4 ends)
{
	return ends.own == bpf_htonl(0x7f000001) && ends.own_port == envoy_port;
}

SEC("sockops")
int file_socket(struct bpf_sock_ops *ctx)
{
	struct ends4 ends = READ_ENDS4(ctx);
	struct sock_key key = {};

	if (!is_established(ctx) || ctx->family != AF_INET)
		return 1;
	key.envoy_side = is_envoys(ends);
	key.ip4 = key.envoy_side ? ends.peer : ends.own;
	key.port = network_first(key.envoy_side ? ends.peer_port : ends.own_port);
	bpf_sock_hash_update(ctx, &calico_sock_map, &key, BPF_ANY);
	return 1;
}

SEC("sk_msg")
int redirect_message(struct sk_msg_md *ctx)
{
	struct ends4 ends = READ_ENDS4(ctx);
	struct sock_key key = {};

	/* From Envoy to the application, or the other way. */
	key.envoy_side = !is_envoys(ends);
	key.ip4 = key.envoy_side ? ends.own : ends.peer;
	key.port = network_first(key.envoy_side ? ends.own_port : ends.peer_port);
	return verdict(bpf_msg_redirect_hash(ctx, &calico_sock_map, &key, BPF_F_INGRESS));
}
