/*
 * System calls and constants that Swift's Glibc module does not carry, as thin wrappers.
 * Nothing here decides anything; each returns what the kernel returned, errno set as usual.
 *
 * No feature macro is set here: it would change the libc's own types, and Swift refuses two modules that see them
 * differently. What needs _GNU_SOURCE is implemented in the .c files.
 */
#pragma once

#include <stdarg.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

/* The kind of the file system that a path is in (include/uapi/linux/magic.h), or -1. */
static inline int64_t linux_filesystem_kind(const char *path)
{
	struct statfs system;

	return statfs(path, &system) ? -1 : (int64_t)system.f_type;
}

/* The kind of the file system that an open file or folder is in, or -1. */
static inline int64_t linux_filesystem_kind_of(int fd)
{
	struct statfs system;

	return fstatfs(fd, &system) ? -1 : (int64_t)system.f_type;
}

/* A folder that files are found below, though it need not be readable: O_PATH, close-on-exec. -1 on failure. */
int linux_open_folder(int from, const char *path);

/* Linux 5.3 */
static inline int linux_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

/* Linux 5.6; needs PTRACE_MODE_ATTACH_REALCREDS on the target. */
static inline int linux_pidfd_getfd(int pidfd, int target) { return (int)syscall(SYS_pidfd_getfd, pidfd, target, 0); }

/* Joins the network namespace behind fd, for the calling thread alone. */
int linux_setns_net(int fd);

/* The formatted text, however long, to be freed by the caller; NULL if there is no memory. */
char *linux_format(const char *format, va_list arguments);

/* 0 and the cookie, or -1. */
static inline int linux_socket_cookie(int fd, uint64_t *cookie)
{
	socklen_t size = sizeof *cookie;
	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, cookie, &size);
}

/* A descriptor of the network namespace that a socket lives in, or -1. Needs CAP_NET_ADMIN there. SIOCGSKNS, Linux 4.9. */
static inline int linux_socket_namespace(int fd) { return ioctl(fd, 0x894C); }

/*
 * 1 if the descriptor that a /proc/PID/fd path names is a TCP socket, 0 if not, -1 on failure. sockfs tells a socket's
 * protocol as an attribute (net/socket.c, sockfs_xattr_get).
 */
int linux_is_tcp_socket(const char *path);

/* The rest of this module: named here so that a build made before they came notices them. */
#include "linux_process.h"
#include "linux_seccomp.h"
#include "linux_start.h"
#include "linux_tcp.h"
