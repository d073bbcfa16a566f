/* What the lab's scenes do with sockets beyond connecting, sending and closing. */
#pragma once

#include "linux_reader.h"
#include "linux_tcp.h"

/* Moves the calling thread, and those that it starts, into a new network namespace. Returns 0 or -1. */
int linux_new_network(void);

/*
 * Connects by sending `count` bytes within the SYN (TCP Fast Open), without waiting for the answer. `size` is the
 * address's, 4 or 16 bytes. Returns 0 or -1.
 */
int linux_send_with_syn(int fd, const uint8_t *address, int size, uint16_t port, const void *bytes, size_t count);

/* The state as in enum tcp_state (include/net/tcp_states.h), or -1. */
int linux_tcp_state(int fd);

/* What FIONREAD says: the bytes that can be read. -1 on failure. */
int linux_unread_bytes(int fd);

/* Moves what is there from a socket into a pipe by splice(2), without waiting. Returns the bytes, or -1. */
int linux_splice_once(int fd);

/* Waits in futex(2) for a word that nothing changes. Returns 0 or -1, for a signal at most. */
int linux_wait_in_futex(void);
