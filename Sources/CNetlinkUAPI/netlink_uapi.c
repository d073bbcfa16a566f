#include "netlink_uapi.h"

#include <linux/tcp.h>
#include <stddef.h>

#define SAME(field) \
	_Static_assert(offsetof(struct netlink_tcp_info, field) == offsetof(struct tcp_info, tcpi_##field), #field)

SAME(state);
SAME(retransmits);
SAME(backoff);
SAME(rto);
SAME(unacked);
SAME(last_data_sent);
SAME(last_data_recv);
SAME(total_retrans);
SAME(bytes_acked);
SAME(bytes_received);
SAME(segs_out);
SAME(segs_in);
SAME(delivered);
SAME(bytes_sent);
SAME(snd_wnd);
