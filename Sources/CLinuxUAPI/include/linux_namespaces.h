/* What it takes to find every network namespace from user space. Thin static inlines, as in linux_uapi.h. */
#pragma once

#include "linux_uapi.h"

#include <sys/sysmacros.h>

#ifndef SO_DOMAIN
#define SO_DOMAIN 39
#endif

/* Of a thread that leads no process; Linux 6.9 (PIDFD_THREAD), else EINVAL. */
static inline int linux_pidfd_open_thread(pid_t thread) { return (int)syscall(SYS_pidfd_open, thread, O_EXCL); }

/* 1 if two threads have the same file table, 0 if not, -1 if that cannot be told (KCMP_FILES; CONFIG_KCMP). */
static inline int linux_share_files(pid_t one, pid_t other)
{
	long order = syscall(SYS_kcmp, one, other, 2, 0, 0);

	return order < 0 ? -1 : order == 0;
}

/* The address family of a socket, or -1. */
static inline int linux_socket_family(int fd)
{
	int family = 0;
	socklen_t size = sizeof family;

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) ? -1 : family;
}

/* The two halves of the number of the file system that a path is in; 0, or -1. */
static inline int linux_device(const char *path, unsigned int *major_number, unsigned int *minor_number)
{
	struct stat status;

	if (stat(path, &status))
		return -1;
	*major_number = major(status.st_dev);
	*minor_number = minor(status.st_dev);
	return 0;
}
