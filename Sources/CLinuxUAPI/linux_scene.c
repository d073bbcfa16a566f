#define _GNU_SOURCE
#include "linux_scene.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int linux_new_network(void) { return unshare(CLONE_NEWNET); }

int linux_send_with_syn(int fd, const uint8_t *address, int size, uint16_t port, const void *bytes, size_t count)
{
	struct sockaddr_storage to;
	socklen_t length = linux_fill_address(&to, address, size, port);
	ssize_t sent = sendto(fd, bytes, count, MSG_FASTOPEN | MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&to, length);

	return sent < 0 && errno != EINPROGRESS ? -1 : 0;
}

int linux_tcp_state(int fd)
{
	struct tcp_info info = {0};
	socklen_t length = sizeof info;

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) ? -1 : info.tcpi_state;
}

int linux_unread_bytes(int fd)
{
	int count = 0;

	return ioctl(fd, FIONREAD, &count) ? -1 : count;
}

int linux_splice_once(int fd)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return -1;
	ssize_t moved = splice(fd, NULL, ends[1], NULL, 4096, SPLICE_F_NONBLOCK);
	int reason = errno;

	close(ends[0]);
	close(ends[1]);
	errno = reason;
	return (int)moved;
}

int linux_wait_in_futex(void)
{
	static int word;

	return (int)syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
}
