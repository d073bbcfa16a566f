#define _GNU_SOURCE
#include <sched.h>

#include "linux_uapi.h"

#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

int linux_setns_net(int fd) { return setns(fd, CLONE_NEWNET); }

int linux_open_folder(int from, const char *path) { return openat(from, path, O_PATH | O_DIRECTORY | O_CLOEXEC); }

char *linux_format(const char *format, va_list arguments)
{
	char *text = NULL;

	return vasprintf(&text, format, arguments) < 0 ? NULL : text;
}

int linux_is_tcp_socket(const char *path)
{
	char name[64];
	ssize_t size = getxattr(path, "system.sockprotoname", name, sizeof name);

	if (size < 0)
		return errno == ERANGE || errno == ENODATA || errno == EOPNOTSUPP ? 0 : -1;
	return strncmp(name, "TCP", sizeof name) == 0 || strncmp(name, "TCPv6", sizeof name) == 0;
}
