#define _GNU_SOURCE
#include "linux_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "linux_scene.h"

/* Only what is safe between fork(2) and exec(3) is called in the children: their parent may have other threads. */

enum { SOCKET = 3, ANSWER = 4 };

/* What a child writes into its pipe beside the outcome, which is 0 or an errno. */
enum { STARTED = -1, HANDLED = -2, ANYTHING_ELSE = -3 };

/* In the child: keeps the two descriptors under the numbers above and closes everything else. `answer` may be -1. */
static void keep_only(int fd, int answer)
{
	/* Out of the way first, so that neither overwrites the other. */
	int socket = fcntl(fd, F_DUPFD, 10), pipe = answer < 0 ? -1 : fcntl(answer, F_DUPFD, 10);

	if (dup2(socket, SOCKET) < 0 || (pipe >= 0 && dup2(pipe, ANSWER) < 0))
		_exit(1);
	if (close_range(pipe < 0 ? SOCKET + 1 : ANSWER + 1, ~0U, 0))
		for (int i = pipe < 0 ? SOCKET + 1 : ANSWER + 1; i < 4096; i++)
			close(i);
	for (int i = 0; i < SOCKET; i++)
		close(i);
}

static pid_t fork_with_us(void)
{
	pid_t parent = getpid(), child = fork();

	if (child == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent))
		_exit(1);
	return child;
}

static void read_as_told(int epoll)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET};
	char bytes[4096];

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, SOCKET, &event))
		_exit(1);
	for (;;) {
		int count = 0;

		if (epoll_wait(epoll, &event, 1, -1) < 0)
			continue;
		while (!ioctl(SOCKET, FIONREAD, &count) && count > 0) {
			ssize_t got = recv(SOCKET, bytes, sizeof bytes, MSG_DONTWAIT);

			if (got <= 0 || send(SOCKET, bytes, (size_t)got, MSG_NOSIGNAL) < 0)
				_exit(0);
		}
		if (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
			_exit(0);
	}
}

pid_t linux_start_asking_reader(int fd)
{
	pid_t child = fork_with_us();

	if (child == 0) {
		keep_only(fd, -1);
		read_as_told(epoll_create1(0));
	}
	return child;
}

static void tell(int word)
{
	while (write(ANSWER, &word, sizeof word) < 0 && errno == EINTR)
		;
}

static void on_signal(int number)
{
	int saved = errno;

	(void)number;
	tell(HANDLED);
	errno = saved;
}

static void receive(int fd, int answer)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	sigset_t none;
	char byte;

	keep_only(fd, answer);
	sigemptyset(&none);
	sigaction(SIGUSR1, &action, NULL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	tell(STARTED);
	tell(recv(SOCKET, &byte, 1, 0) < 0 ? errno : ANYTHING_ELSE);
	_exit(0);
}

static long long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* The state letter of a process, or 0. */
static char state_of(pid_t pid)
{
	char path[32], text[256], *end;
	int fd;
	ssize_t count;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	count = read(fd, text, sizeof text - 1);
	close(fd);
	if (count <= 0)
		return 0;
	text[count] = 0;
	end = strrchr(text, ')');
	return end && end[1] == ' ' ? end[2] : 0;
}

/* What the child says within so many milliseconds; 1 and the word, or 0. */
static int hear(int answer, int wait, int *word)
{
	struct pollfd event = {.fd = answer, .events = POLLIN};

	return poll(&event, 1, wait) > 0 && read(answer, word, sizeof *word) == sizeof *word;
}

static int disturb(int fd, pid_t child, enum linux_disturbance what)
{
	int status;

	switch (what) {
	case LINUX_DISTURB_SHUTDOWN:
		return shutdown(fd, SHUT_WR);
	case LINUX_DISTURB_SIGNAL:
		return kill(child, SIGUSR1);
	case LINUX_DISTURB_STOP:
		return kill(child, SIGSTOP) || waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status) ||
		       kill(child, SIGCONT);
	}
	return -1;
}

/* It sleeps for so long after a disturbance that reached it: a reader that returns from recv writes at once. */
enum { SETTLED = 50 };

static int outcome(int fd, pid_t child, int answer, enum linux_disturbance what, long long end)
{
	int word = 0, reached = what == LINUX_DISTURB_STOP;
	long long asleep = 0;

	if (!hear(answer, (int)(end - milliseconds()), &word) || word != STARTED) {
		errno = ETIME;
		return -1;
	}
	while (state_of(child) != 'S') {
		/* It says something without having been disturbed: bytes were there. */
		if (hear(answer, 1, &word) || milliseconds() > end) {
			errno = milliseconds() > end ? ETIME : ENOMSG;
			return -1;
		}
	}
	if (disturb(fd, child, what))
		return -1;
	while (milliseconds() < end) {
		if (hear(answer, 2, &word)) {
			if (word == ANYTHING_ELSE) {
				errno = ENOMSG;
				return -1;
			}
			if (word != HANDLED)
				return word;
			reached = 1;
			continue;
		}
		/* FIN_WAIT2 (5, include/net/tcp_states.h): the FIN was acknowledged. */
		if (what == LINUX_DISTURB_SHUTDOWN)
			reached = linux_tcp_state(fd) == 5;
		if (!reached || state_of(child) != 'S')
			asleep = 0;
		else if (!asleep)
			asleep = milliseconds();
		else if (milliseconds() - asleep >= SETTLED)
			return 0;
	}
	errno = ETIME;
	return -1;
}

int linux_disturb_receive(int fd, enum linux_disturbance what, int patience)
{
	/* With a timeout of its own a socket's recv is not restarted (signal(7)), and EAGAIN could be that. */
	struct timeval without = {0}, timeout = {0};
	socklen_t size = sizeof timeout;
	int ends[2], result, reason;
	pid_t child;

	if (getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, &size) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &without, sizeof without) || pipe2(ends, O_CLOEXEC))
		return -1;
	child = fork_with_us();
	if (child == 0)
		receive(fd, ends[1]);
	close(ends[1]);
	result = child < 0 ? -1 : outcome(fd, child, ends[0], what, milliseconds() + patience);
	reason = errno;
	close(ends[0]);
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
	errno = reason;
	return result;
}
