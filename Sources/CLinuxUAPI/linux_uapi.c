#define _GNU_SOURCE
#include <sched.h>

#include "linux_uapi.h"

int linux_setns_net(int fd) { return setns(fd, CLONE_NEWNET); }
