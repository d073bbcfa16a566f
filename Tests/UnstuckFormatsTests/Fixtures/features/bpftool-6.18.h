/*** Misc kernel config items ***/
#define CONFIG_HZ 250

/*** System call availability ***/
#define HAVE_BPF_SYSCALL

/*** eBPF program types ***/
#define HAVE_SOCKET_FILTER_PROG_TYPE
#define HAVE_KPROBE_PROG_TYPE
#define HAVE_XDP_PROG_TYPE
#define HAVE_SOCK_OPS_PROG_TYPE
#define HAVE_SK_SKB_PROG_TYPE
#define HAVE_SK_MSG_PROG_TYPE
#define NO_HAVE_TRACING_PROG_TYPE
#define NO_HAVE_EXT_PROG_TYPE
#define HAVE_SK_LOOKUP_PROG_TYPE

/*** eBPF map types ***/
#define HAVE_HASH_MAP_TYPE
#define HAVE_ARRAY_MAP_TYPE
#define HAVE_SOCKMAP_MAP_TYPE
#define HAVE_SOCKHASH_MAP_TYPE

/*** eBPF helper functions ***/
/*
 * Use HAVE_PROG_TYPE_HELPER(prog_type_name, helper_name)
 * to determine if <helper_name> is available for <prog_type_name>,
 * e.g.
 *	#if HAVE_PROG_TYPE_HELPER(xdp, bpf_redirect)
 *		// do stuff with this helper
 *	#elif
 *		// use a workaround
 *	#endif
 */
#define HAVE_PROG_TYPE_HELPER(prog_type, helper)	\
	BPF__PROG_TYPE_ ## prog_type ## __HELPER_ ## helper
#define BPF__PROG_TYPE_socket_filter__HELPER_bpf_map_lookup_elem 1
#define BPF__PROG_TYPE_socket_filter__HELPER_bpf_map_update_elem 1
#define BPF__PROG_TYPE_socket_filter__HELPER_bpf_xdp_adjust_head 1
#define BPF__PROG_TYPE_socket_filter__HELPER_bpf_get_socket_cookie 1
#define BPF__PROG_TYPE_socket_filter__HELPER_bpf_sock_ops_cb_flags_set 1
#define BPF__PROG_TYPE_socket_filter__HELPER_bpf_sock_hash_update 1
#define BPF__PROG_TYPE_socket_filter__HELPER_bpf_msg_redirect_hash 1
#define BPF__PROG_TYPE_socket_filter__HELPER_bpf_sk_redirect_hash 1
#define BPF__PROG_TYPE_xdp__HELPER_bpf_map_lookup_elem 1
#define BPF__PROG_TYPE_xdp__HELPER_bpf_map_update_elem 1
#define BPF__PROG_TYPE_xdp__HELPER_bpf_xdp_adjust_head 1
#define BPF__PROG_TYPE_xdp__HELPER_bpf_get_socket_cookie 1
#define BPF__PROG_TYPE_xdp__HELPER_bpf_sock_ops_cb_flags_set 1
#define BPF__PROG_TYPE_xdp__HELPER_bpf_sock_hash_update 1
#define BPF__PROG_TYPE_xdp__HELPER_bpf_msg_redirect_hash 1
#define BPF__PROG_TYPE_xdp__HELPER_bpf_sk_redirect_hash 1
#define BPF__PROG_TYPE_sk_msg__HELPER_bpf_map_lookup_elem 1
#define BPF__PROG_TYPE_sk_msg__HELPER_bpf_map_update_elem 1
#define BPF__PROG_TYPE_sk_msg__HELPER_bpf_xdp_adjust_head 1
#define BPF__PROG_TYPE_sk_msg__HELPER_bpf_get_socket_cookie 1
#define BPF__PROG_TYPE_sk_msg__HELPER_bpf_sock_ops_cb_flags_set 1
#define BPF__PROG_TYPE_sk_msg__HELPER_bpf_sock_hash_update 1
#define BPF__PROG_TYPE_sk_msg__HELPER_bpf_msg_redirect_hash 1
#define BPF__PROG_TYPE_sk_msg__HELPER_bpf_sk_redirect_hash 1
#define BPF__PROG_TYPE_tracing__HELPER_bpf_map_lookup_elem 0
#define BPF__PROG_TYPE_tracing__HELPER_bpf_map_update_elem 0
#define BPF__PROG_TYPE_tracing__HELPER_bpf_xdp_adjust_head 0
#define BPF__PROG_TYPE_tracing__HELPER_bpf_get_socket_cookie 0
#define BPF__PROG_TYPE_tracing__HELPER_bpf_sock_ops_cb_flags_set 0
#define BPF__PROG_TYPE_tracing__HELPER_bpf_sock_hash_update 0
#define BPF__PROG_TYPE_tracing__HELPER_bpf_msg_redirect_hash 0
#define BPF__PROG_TYPE_tracing__HELPER_bpf_sk_redirect_hash 0
#define BPF__PROG_TYPE_ext__HELPER_bpf_map_lookup_elem 0
#define BPF__PROG_TYPE_ext__HELPER_bpf_map_update_elem 0
#define BPF__PROG_TYPE_ext__HELPER_bpf_xdp_adjust_head 0
#define BPF__PROG_TYPE_ext__HELPER_bpf_get_socket_cookie 0
#define BPF__PROG_TYPE_ext__HELPER_bpf_sock_ops_cb_flags_set 0
#define BPF__PROG_TYPE_ext__HELPER_bpf_sock_hash_update 0
#define BPF__PROG_TYPE_ext__HELPER_bpf_msg_redirect_hash 0
#define BPF__PROG_TYPE_ext__HELPER_bpf_sk_redirect_hash 0

/*** eBPF misc features ***/
#define HAVE_LARGE_INSN_LIMIT
#define HAVE_BOUNDED_LOOPS
#define HAVE_V2_ISA_EXTENSION
#define HAVE_V3_ISA_EXTENSION

