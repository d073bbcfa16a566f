// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Every TCP socket that a process holds, as observe_task_file.bpf.c reads them, with the details of each socket: for `unstuck sockets` alone. An object of
 * its own, so that nothing else pays for what it does not show.
 */
#define UNSTUCK_DETAILS
#include "observe_task_file.bpf.c"
