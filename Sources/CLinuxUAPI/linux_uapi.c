#define _GNU_SOURCE
#include <sched.h>

#include "linux_uapi.h"

#include <stdio.h>

int linux_setns_net(int fd) { return setns(fd, CLONE_NEWNET); }

char *linux_format(const char *format, va_list arguments)
{
	char *text = NULL;

	return vasprintf(&text, format, arguments) < 0 ? NULL : text;
}
