/* TCP sockets by address bytes and host-order ports, without a sockaddr on the Swift side. Thin static inlines. */
#pragma once

#include "linux_uapi.h"

#include <string.h>

/* Fills `to` from 4 or 16 address bytes in network order; `size` says which. Returns the length to pass on. */
static inline socklen_t linux_fill_address(struct sockaddr_storage *to, const uint8_t *bytes, int size, uint16_t port)
{
	memset(to, 0, sizeof *to);
	if (size == 4) {
		struct sockaddr_in *v4 = (struct sockaddr_in *)to;

		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		memcpy(&v4->sin_addr, bytes, 4);
		return sizeof *v4;
	}
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;

	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	memcpy(&v6->sin6_addr, bytes, 16);
	return sizeof *v6;
}

static inline int linux_bind(int fd, const uint8_t *bytes, int size, uint16_t port)
{
	struct sockaddr_storage address;
	socklen_t length = linux_fill_address(&address, bytes, size, port);

	return bind(fd, (struct sockaddr *)&address, length);
}

static inline int linux_connect(int fd, const uint8_t *bytes, int size, uint16_t port)
{
	struct sockaddr_storage address;
	socklen_t length = linux_fill_address(&address, bytes, size, port);

	return connect(fd, (struct sockaddr *)&address, length);
}

/* connect(2) to AF_UNSPEC: the socket gives up its connection and can make another. */
static inline int linux_disconnect(int fd)
{
	struct sockaddr address;

	memset(&address, 0, sizeof address);
	address.sa_family = AF_UNSPEC;
	return connect(fd, &address, sizeof address);
}

/* Both read 4 or 16 bytes in network order and return how many, or -1. */
static inline int linux_read_address(const struct sockaddr_storage *from, uint8_t bytes[16], uint16_t *port)
{
	if (from->ss_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;

		*port = ntohs(v4->sin_port);
		memcpy(bytes, &v4->sin_addr, 4);
		return 4;
	}
	if (from->ss_family != AF_INET6) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;

	*port = ntohs(v6->sin6_port);
	memcpy(bytes, &v6->sin6_addr, 16);
	return 16;
}

static inline int linux_local_address(int fd, uint8_t bytes[16], uint16_t *port)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof address;

	if (getsockname(fd, (struct sockaddr *)&address, &length))
		return -1;
	return linux_read_address(&address, bytes, port);
}

static inline int linux_remote_address(int fd, uint8_t bytes[16], uint16_t *port)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof address;

	if (getpeername(fd, (struct sockaddr *)&address, &length))
		return -1;
	return linux_read_address(&address, bytes, port);
}

static inline int linux_set_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value);
}

/* From now on close(2) sends a RST and leaves no TIME_WAIT. */
static inline int linux_reset_on_close(int fd)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	return setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

/* SO_ERROR, which it clears; -1 where that cannot be read. */
static inline int linux_socket_error(int fd)
{
	int value = 0;
	socklen_t size = sizeof value;

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &size) ? -1 : value;
}

/* How long a blocking connect, send or receive waits at most, in milliseconds. */
static inline int linux_set_timeouts(int fd, int milliseconds)
{
	struct timeval time = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time))
		return -1;
	return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

/* A non-blocking connection, or -1. */
int linux_accept(int listener);

static inline int linux_epoll_change(int epoll, int operation, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	return epoll_ctl(epoll, operation, fd, &event);
}
