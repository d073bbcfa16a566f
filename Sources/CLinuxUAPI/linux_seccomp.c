#define _GNU_SOURCE
#include "linux_seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define CALL(name) {#name, SYS_##name}

/* Calls that Unstuck makes, by itself or through libc and libbpf. */
static const struct {
	const char *name;
	long number;
} calls[] = {
	CALL(newfstatat), CALL(statx), CALL(fstat), CALL(openat), CALL(read), CALL(pread64), CALL(readlinkat), CALL(getdents64),
	CALL(bpf), CALL(socket), CALL(setns), CALL(clone), CALL(clone3), CALL(flock), CALL(fsync), CALL(fdatasync),
	CALL(renameat), CALL(write), CALL(lseek), CALL(mmap), CALL(ftruncate), CALL(pidfd_open), CALL(recvfrom),
	CALL(fcntl), CALL(getrandom), CALL(execve),
#ifdef SYS_stat
	CALL(stat), CALL(lstat), CALL(open), CALL(readlink), CALL(rename), CALL(poll),
#endif
};

const char *linux_call_name(int index)
{
	return index >= 0 && (size_t)index < sizeof calls / sizeof *calls ? calls[index].name : NULL;
}

long linux_call_number(const char *name)
{
	for (size_t index = 0; index < sizeof calls / sizeof *calls; index++)
		if (strcmp(calls[index].name, name) == 0)
			return calls[index].number;
	return -1;
}

int linux_refuse_call(long number, int error)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ((unsigned)error & SECCOMP_RET_DATA)),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0)
		return 0;
	/* Without CAP_SYS_ADMIN only for processes that cannot gain any right by what they execute. */
	if (errno != EACCES || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
