#define _GNU_SOURCE
#include "linux_start.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

static int argument_count;
static char **argument_values;
static int was_closed[3];
static int set_root;

/*
 * A closed standard stream is the next file that is opened: results would go into a file that was opened for something else. What is opened here
 * instead can be neither read nor written.
 */
static void fill_closed_streams(void)
{
	for (int stream = 0; stream < 3; stream++) {
		if (fcntl(stream, F_GETFD) >= 0 || errno != EBADF)
			continue;
		was_closed[stream] = 1;
		if (open("/", O_PATH) < 0)
			(void)epoll_create1(0);
	}
}

/* Before all other constructors, those of the Swift runtime among them. glibc passes them main's own arguments. */
__attribute__((constructor(101))) static void start(int count, char **values, char **environment)
{
	char path[8];

	(void)environment;
	argument_count = count;
	argument_values = values;
	fill_closed_streams();
	/* "Unable to obtain Swift runtime path": without /proc the runtime knows no other way to its own folder. */
	if (readlink("/proc/self/exe", path, sizeof path) < 0 && !getenv("SWIFT_ROOT"))
		set_root = setenv("SWIFT_ROOT", "/", 1) == 0;
}

const char *linux_argument(int index) { return index >= 0 && index < argument_count ? argument_values[index] : NULL; }

int linux_stream_was_closed(int stream) { return stream >= 0 && stream < 3 && was_closed[stream]; }

void linux_restore_environment(void)
{
	if (set_root)
		unsetenv("SWIFT_ROOT");
	set_root = 0;
}
