// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The canary's own accelerator: files the sockets of a private control group in a private map and hands what one end sends
 * to the other. Ports are the key: nobody else lives in the canary's network namespace.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct canary_key {
	__u32 own_port, peer_port;
};

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 256);
	__type(key, struct canary_key);
	__type(value, __u32);
} canary SEC(".maps");

/* The verifier wants a context's members four bytes at a time. */
#define MEMBER(member) (*(const volatile __u32 *)&(member))

SEC("sockops")
int file_socket(struct bpf_sock_ops *ctx)
{
	struct canary_key key = {MEMBER(ctx->local_port), bpf_ntohl(MEMBER(ctx->remote_port))};

	if (ctx->op == BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB || ctx->op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB)
		bpf_sock_hash_update(ctx, &canary, &key, BPF_NOEXIST);
	return 1;
}

SEC("sk_msg")
int redirect_message(struct sk_msg_md *ctx)
{
	struct canary_key key = {bpf_ntohl(MEMBER(ctx->remote_port)), MEMBER(ctx->local_port)};

	bpf_msg_redirect_hash(ctx, &canary, &key, BPF_F_INGRESS);
	return SK_PASS;
}
