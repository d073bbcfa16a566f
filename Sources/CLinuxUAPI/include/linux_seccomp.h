/* A kernel that says no, for the lab: seccomp filters as containers and service managers set them up. */
#pragma once

/* The number of a system call on this processor, by its name; -1: not one of those that the lab refuses. */
long linux_call_number(const char *name);

/* The nth name that linux_call_number knows, or NULL behind the last. */
const char *linux_call_name(int index);

/* From here on that call fails with `error`, for this process and all that it starts. Returns 0 or -1. */
int linux_refuse_call(long number, int error);
