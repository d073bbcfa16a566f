// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The kernel's TCP hash tables, as walk_sockets.bpf.c reads them, with the details of each socket: for `unstuck sockets` alone. An object of
 * its own, so that nothing else pays for what it does not show.
 */
#define UNSTUCK_DETAILS
#include "walk_sockets.bpf.c"
