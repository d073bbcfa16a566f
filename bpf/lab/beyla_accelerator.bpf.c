// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Beyla and OBI until 2025: no accelerator, it writes a header into what clients send, and so files clients only. IPv4
 * addresses mapped into 16 bytes, ports in host order, the socket's own end first. Replaces; never redirects. */
#include "accelerator.h"

typedef struct connection_info {
	union {
		__u8 s_addr[16];
		__u32 s_ip[4];
	};
	union {
		__u8 d_addr[16];
		__u32 d_ip[4];
	};
	__u16 s_port;
	__u16 d_port;
} connection_info_t;

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 65535);
	__uint(key_size, sizeof(connection_info_t));
	__uint(value_size, sizeof(__u32));
} sock_dir SEC(".maps");

SEC("sockops")
int file_socket(struct bpf_sock_ops *ctx)
{
	connection_info_t key = {};
	struct ends ends;

	if (ctx->op != BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB || !READ_ENDS(ctx, &ends))
		return 1;
	__builtin_memcpy(key.s_ip, ends.own, sizeof(key.s_ip));
	__builtin_memcpy(key.d_ip, ends.peer, sizeof(key.d_ip));
	key.s_port = ends.own_port;
	key.d_port = ends.peer_port;
	bpf_sock_hash_update(ctx, &sock_dir, &key, BPF_ANY);
	return 1;
}

SEC("sk_msg")
int redirect_message(struct sk_msg_md *ctx)
{
	(void)ctx;
	return SK_PASS;
}
