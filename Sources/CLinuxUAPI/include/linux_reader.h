/* Children that read a socket as applications do. Each inherits that socket alone and ends with the thread that started it. */
#pragma once

#include <sys/types.h>

/*
 * Starts a child that reads `fd` as an event loop does that asks first (nginx): it waits for an edge of epoll(7), asks FIONREAD,
 * reads so many bytes and sends them back; where FIONREAD says 0 it waits for the next edge. Returns its process id, or -1.
 */
pid_t linux_start_asking_reader(int fd);

enum linux_disturbance {
	/* shutdown(SHUT_WR) of the socket, whose FIN the peer acknowledges. */
	LINUX_DISTURB_SHUTDOWN,
	/* A signal that the child handles, with SA_RESTART. */
	LINUX_DISTURB_SIGNAL,
	/* SIGSTOP and SIGCONT. */
	LINUX_DISTURB_STOP,
};

/*
 * Lets a child block in recv(2) on `fd`, without a timeout (SO_RCVTIMEO is set back afterwards), on which nothing waits to be read, disturbs it, and says what became of the call: 0 if it
 * goes on waiting, as without a sockmap; the errno that it failed with; -1 if it could not be tried within `patience`
 * milliseconds, with errno set, ENOMSG if bytes or the peer's end arrived instead.
 */
int linux_disturb_receive(int fd, enum linux_disturbance what, int patience);
