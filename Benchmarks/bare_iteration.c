// SPDX-License-Identifier: Apache-2.0
/*
 * The floor of the benchmark: the kernel's iteration over a sockmap and nothing else. Loads the very object that
 * unstuck embeds, runs its iterator over one map, and throws the bytes away.
 *
 *   bare_iteration OBJECT MAP-ID [--loop]
 *
 * With --loop it prints how many nanoseconds the loop of reads took, and how many bytes and records came.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "unstuck_abi.h"

static void fail(const char *what)
{
	fprintf(stderr, "bare_iteration: %s: %s\n", what, strerror(errno));
	exit(1);
}

static unsigned long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

int main(int argc, char **argv)
{
	static char buffer[256 * 1024];
	struct bpf_map_info info = {};
	__u32 size = sizeof(info), key_size;
	union bpf_iter_link_info link_info = {};
	LIBBPF_OPTS(bpf_iter_attach_opts, options, .link_info = &link_info, .link_info_len = sizeof(link_info));
	struct bpf_object *object;
	struct bpf_program *program;
	struct bpf_link *link;
	unsigned long long start, bytes = 0;
	int map, iterator;
	ssize_t count;

	if (argc < 3)
		return fprintf(stderr, "bare_iteration OBJECT MAP-ID [--loop]\n"), 64;
	libbpf_set_print(NULL);
	map = bpf_map_get_fd_by_id(atoi(argv[2]));
	if (map < 0 || bpf_obj_get_info_by_fd(map, &info, &size))
		fail("map");
	key_size = info.key_size;

	object = bpf_object__open_file(argv[1], NULL);
	if (!object)
		fail("open object");
	program = bpf_object__find_program_by_name(object, "observe_plain");
	if (!program)
		fail("find program");
	bpf_program__set_autoload(program, 0);
	program = bpf_object__find_program_by_name(object, "observe_with_cookie");
	if (!program || bpf_map__set_initial_value(bpf_object__find_map_by_name(object, ".rodata.key_size"), &key_size, 4))
		fail("set key size");
	if (bpf_object__load(object))
		fail("load");
	link_info.map.map_fd = map;
	link = bpf_program__attach_iter(program, &options);
	if (!link)
		fail("attach");
	iterator = bpf_iter_create(bpf_link__fd(link));
	if (iterator < 0)
		fail("iterate");

	start = now();
	while ((count = read(iterator, buffer, sizeof(buffer))) > 0)
		bytes += count;
	if (count < 0)
		fail("read");
	if (argc > 3) {
		unsigned long long stride = sizeof(struct unstuck_entry) - UNSTUCK_KEY_MAX + ((key_size + 7) & ~7U);

		printf("%llu %llu %llu\n", now() - start, bytes, bytes / stride);
	}
	bpf_link__destroy(link);
	bpf_object__close(object);
	return 0;
}
