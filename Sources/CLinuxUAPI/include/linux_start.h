/*
 * What a process gets before any Swift runs. The Swift runtime reads its arguments from /proc/self/cmdline, and finds none
 * where reading is refused; and it ends the process where it cannot find its own path. So both are looked after here, as
 * the libc starts the program.
 */
#pragma once

/* The arguments that the kernel passed, the program's name first; NULL behind the last one. */
const char *linux_argument(int index);

/* Whether that standard stream (0, 1, 2) was closed when the program started; something that cannot be written or read sits there now. */
int linux_stream_was_closed(int stream);

/* Takes a variable out of the environment again that was set for the runtime's sake: children are not to see it. */
void linux_restore_environment(void);
