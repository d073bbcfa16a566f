// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Beyla and OBI since 2025: clients only, by their cookie. Never redirects. */
#include "accelerator.h"

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 65535);
	__uint(key_size, sizeof(__u64));
	__uint(value_size, sizeof(__u32));
} sock_dir SEC(".maps");

SEC("sockops")
int file_socket(struct bpf_sock_ops *ctx)
{
	__u64 cookie = bpf_get_socket_cookie(ctx);

	if (ctx->op == BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB)
		bpf_sock_hash_update(ctx, &sock_dir, &cookie, BPF_ANY);
	return 1;
}

SEC("sk_msg")
int redirect_message(struct sk_msg_md *ctx)
{
	(void)ctx;
	return SK_PASS;
}
