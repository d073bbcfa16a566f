#define _GNU_SOURCE
#include <sys/socket.h>

#include "linux_tcp.h"

int linux_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC); }
