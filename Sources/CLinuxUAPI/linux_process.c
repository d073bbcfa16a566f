#define _GNU_SOURCE
#include <spawn.h>
#include <unistd.h>

#include "linux_process.h"

int linux_spawn(const char *path, char *const arguments[], int input, int output, int errors, int detach, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t all, none;
	/* Copies above the range that the child keeps, so that no dup2 overwrites a source of the next one. */
	int from[3] = {fcntl(input, F_DUPFD_CLOEXEC, 10), fcntl(output, F_DUPFD_CLOEXEC, 10),
		       fcntl(errors, F_DUPFD_CLOEXEC, 10)};
	int code = from[0] < 0 || from[1] < 0 || from[2] < 0 ? errno : 0;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, (short)(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
						      (detach ? POSIX_SPAWN_SETSID : 0)));
	for (int i = 0; i < 3 && !code; i++)
		code = posix_spawn_file_actions_adddup2(&actions, from[i], i);
	if (!code)
		code = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	if (!code)
		code = posix_spawn(pid, path, &actions, &attributes, arguments, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	for (int i = 0; i < 3; i++)
		if (from[i] >= 0)
			close(from[i]);
	return code;
}
