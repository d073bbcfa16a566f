// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Kmesh's oncn-mda: IPv4 sockets only, the socket's own end first. Replaces what is there. The msg program finds the
 * receiver's key in a second map, under the sender's own tuple; the passive end puts both ways there. */
#include "accelerator.h"

struct sock_key {
	__u32 sip4;
	__u32 dip4;
	__u32 sport;
	__u32 dport;
#ifdef WITH_NAMESPACE
	__u64 netns_cookie;
#endif
};

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 196608);
	__type(key, struct sock_key);
	__type(value, int);
} sock_ops_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 196608);
	__type(key, struct sock_key);
	__type(value, struct sock_key);
} sock_proxy_map SEC(".maps");

static __always_inline struct sock_key name(struct ends4 of)
{
	struct sock_key key = {
		.sip4 = of.own,
		.dip4 = of.peer,
		.sport = network_first(of.own_port),
		.dport = network_first(of.peer_port),
	};
#ifdef WITH_NAMESPACE
	/* Any number stands for the namespace's cookie: not every kernel lets these programs ask for it. */
	if (of.own == bpf_htonl(0x7f000001) && of.peer == bpf_htonl(0x7f000001))
		key.netns_cookie = 0x4d65736830;
#endif
	return key;
}

SEC("sockops")
int file_socket(struct bpf_sock_ops *ctx)
{
	struct sock_key key = name(READ_ENDS4(ctx)), peer = name(turned4(READ_ENDS4(ctx)));

	if (ctx->family != AF_INET)
		return 1;
	if (ctx->op == BPF_SOCK_OPS_STATE_CB && (ctx->args[1] == BPF_TCP_CLOSE || ctx->args[1] == BPF_TCP_CLOSE_WAIT ||
						 ctx->args[1] == BPF_TCP_FIN_WAIT1)) {
		bpf_map_delete_elem(&sock_proxy_map, &key);
		bpf_map_delete_elem(&sock_proxy_map, &peer);
	}
	if (!is_established(ctx))
		return 1;
	bpf_sock_ops_cb_flags_set(ctx, BPF_SOCK_OPS_STATE_CB_FLAG);
	bpf_sock_hash_update(ctx, &sock_ops_map, &key, BPF_ANY);
	if (ctx->op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB) {
		bpf_map_update_elem(&sock_proxy_map, &key, &peer, BPF_ANY);
		bpf_map_update_elem(&sock_proxy_map, &peer, &key, BPF_ANY);
	}
	return 1;
}

SEC("sk_msg")
int redirect_message(struct sk_msg_md *ctx)
{
	struct sock_key key = name(READ_ENDS4(ctx)), *peer = bpf_map_lookup_elem(&sock_proxy_map, &key);

	if (!peer)
		return SK_PASS;
	return verdict(bpf_msg_redirect_hash(ctx, &sock_ops_map, peer, BPF_F_INGRESS));
}
