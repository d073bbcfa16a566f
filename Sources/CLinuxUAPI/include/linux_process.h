/*
 * Starting a process without inheriting anything by accident, and catching signals as bytes.
 * Thin static inlines, as in linux_uapi.h.
 */
#pragma once

#include "linux_uapi.h"

#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

/*
 * posix_spawn of `path` with exactly three descriptors (they may be the same one); every other is closed in the child.
 * All signals are back at their defaults and unblocked there; `detach` makes it the leader of a session of its own.
 * Returns 0 or a positive errno.
 */
int linux_spawn(const char *path, char *const arguments[], int input, int output, int errors, int detach, pid_t *pid);

/*
 * The calling process, and what it becomes by exec, is killed when the thread that started it ends, however it does.
 * Returns 0, or -1 if `parent` is not the parent any more: it ended before it could be asked for.
 */
static inline int linux_end_with_parent(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		return -1;
	if (getppid() == parent)
		return 0;
	errno = ESRCH;
	return -1;
}

/* Whether a child has ended; it stays to be waited for. Also true of a process that is no child of ours. */
static inline int linux_has_ended(pid_t pid)
{
	siginfo_t info = {.si_pid = 0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0;
}

/* Blocks the signals of the mask (bit n is signal n) for this thread and returns a non-blocking signalfd for them. */
static inline int linux_signal_descriptor(uint64_t mask)
{
	sigset_t set;

	sigemptyset(&set);
	for (int number = 1; number < 64; number++)
		if (mask & (UINT64_C(1) << number))
			sigaddset(&set, number);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -1;
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* The number of the next signal, 0 if there is none, or -1. */
static inline int linux_next_signal(int descriptor)
{
	struct signalfd_siginfo info;
	ssize_t count = read(descriptor, &info, sizeof info);

	if (count == (ssize_t)sizeof info)
		return (int)info.ssi_signo;
	return count < 0 && errno == EAGAIN ? 0 : -1;
}

#ifndef MFD_CLOEXEC
#define MFD_CLOEXEC 1
#endif

/* An anonymous file: a child's input or output without a pipe that could fill up. */
static inline int linux_anonymous_file(const char *name) { return (int)syscall(SYS_memfd_create, name, MFD_CLOEXEC); }
