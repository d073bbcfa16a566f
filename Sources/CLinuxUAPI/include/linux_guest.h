/* What a guest's first process does before anything else can: modules, the loopback device, a serial line as a pipe. */
#pragma once

/* Loads an uncompressed kernel module from an open file. Returns 0 or -1. */
int linux_load_module(int file);

/* Brings up `lo` in the calling thread's network namespace. Returns 0 or -1. */
int linux_raise_loopback(void);

/* Makes a terminal pass every byte unchanged. Returns 0 or -1. */
int linux_make_raw(int terminal);

/* Waits until everything written to a terminal has left, then powers the machine off. Returns only on failure. */
int linux_power_off(int terminal);
