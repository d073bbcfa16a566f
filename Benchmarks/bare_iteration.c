// SPDX-License-Identifier: Apache-2.0
/*
 * The floor of the benchmarks: the kernel's iterations and nothing else. Loads the very objects that unstuck embeds,
 * runs their iterators, and throws the bytes away.
 *
 *   bare_iteration OBJECT MAP-ID [--loop]                        once over the map
 *   bare_iteration OBJECT MAP-ID TASK-FILE-OBJECT WALK-OBJECT    once over the map, over the TCP sockets of all namespaces
 *                                                                (those that processes hold, then the hash tables), and
 *                                                                over the map again: a whole node
 *
 *   bare_iteration --sockets TASK-FILE-OBJECT WALK-OBJECT        once over the TCP sockets alone
 *
 * With --loop it prints how many nanoseconds the loop of reads took, and how many bytes and records came. A whole node's
 * passes are printed the same way, a line each for map, held sockets, tables and map.
 *
 * Some kernels refuse iterators over the elements of a map. There nothing can be told of a map: status 3, or no records.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "unstuck_abi.h"

struct pass {
	unsigned long long nanoseconds, bytes;
};

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

/* The object's program with cookies, attached: to one map with keys of that size, or to none. NULL: refused. */
static struct bpf_link *attach(const char *path, int map, __u32 key_size)
{
	union bpf_iter_link_info link_info = { .map.map_fd = map };
	LIBBPF_OPTS(bpf_iter_attach_opts, options, .link_info = &link_info, .link_info_len = sizeof(link_info));
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *plain, *program;
	struct bpf_link *link;

	if (!object)
		fail("open object");
	plain = bpf_object__find_program_by_name(object, "observe_plain");
	program = bpf_object__find_program_by_name(object, "observe_with_cookie");
	if (!plain || !program)
		fail("find program");
	bpf_program__set_autoload(plain, 0);
	if (key_size && bpf_map__set_initial_value(bpf_object__find_map_by_name(object, ".rodata.key_size"), &key_size, 4))
		fail("set key size");
	if (bpf_object__load(object)) {
		if (errno == EPERM)
			return NULL;
		fail("load");
	}
	link = bpf_program__attach_iter(program, key_size ? &options : NULL);
	if (!link)
		fail("attach");
	return link;
}

/* One iteration to its end, in the namespace that this process is in. */
static void drain(struct bpf_link *link, struct pass *pass)
{
	static char buffer[256 * 1024];
	unsigned long long start = now();
	int iterator;
	ssize_t count;

	if (!link)
		return;
	iterator = bpf_iter_create(bpf_link__fd(link));
	if (iterator < 0)
		fail("iterate");
	while ((count = read(iterator, buffer, sizeof(buffer))) > 0)
		pass->bytes += count;
	if (count < 0)
		fail("read");
	close(iterator);
	pass->nanoseconds += now() - start;
}

static void element(struct bpf_object *object, const char *name, void *value)
{
	__u32 zero = 0;
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	if (!map || bpf_map_lookup_elem(bpf_map__fd(map), &zero, value))
		fail(name);
}

static void run(struct bpf_object *object, const char *name)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);

	if (!program || bpf_prog_test_run_opts(bpf_program__fd(program), &options))
		fail(name);
}

/* All chains of one hash table. */
static void walk_table(struct bpf_object *object, const struct unstuck_table *table, struct pass *pass)
{
	/* Of the larger of the two kinds of record. */
	static char records[UNSTUCK_WALK_RECORDS * sizeof(struct unstuck_inspected_tcp)], addresses[UNSTUCK_WALK_ADDRESSES * 8];
	int map = bpf_map__fd(bpf_object__find_map_by_name(object, ".data.walk"));
	struct unstuck_walk walk = { .table = *table };
	__u32 zero = 0;

	while (walk.next < table->count) {
		if (bpf_map_update_elem(map, &zero, &walk, BPF_ANY))
			fail("set walk");
		run(object, "walk_table");
		element(object, ".data.walk", &walk);
		if (walk.records)
			element(object, "records", records);
		if (walk.addresses)
			element(object, "addresses", addresses);
		pass->bytes += (walk.records + walk.addresses) * sizeof(struct unstuck_tcp);
	}
}

/* Each of the kernel's TCP hash tables once. */
static void walk_tables(const char *path, struct pass *pass)
{
	static struct unstuck_nets nets;
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	unsigned long long start;

	if (!object || bpf_object__load(object))
		fail("load walk");
	start = now();
	run(object, "list_nets");
	element(object, ".data.nets", &nets);
	for (__u32 i = 0; i < nets.count; i++) {
		int is_known = 0;

		for (__u32 j = 0; j < i; j++)
			is_known |= nets.nets[j].connected.heads == nets.nets[i].connected.heads;
		if (!is_known)
			walk_table(object, &nets.nets[i].connected, pass);
		if (!i)
			walk_table(object, &nets.nets[i].listening, pass);
	}
	pass->nanoseconds += now() - start;
}

static void tell(const struct pass *pass, unsigned long long stride)
{
	printf("%llu %llu %llu\n", pass->nanoseconds, pass->bytes, pass->bytes / stride);
}

int main(int argc, char **argv)
{
	struct pass before = {}, sockets = {}, tables = {}, after = {};
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	unsigned long long stride;
	struct bpf_link *link;
	int map;

	if (argc < 3)
		return fprintf(stderr, "bare_iteration OBJECT MAP-ID [--loop | TASK-FILE-OBJECT WALK-OBJECT]\n"), 64;
	libbpf_set_print(NULL);
	if (!strcmp(argv[1], "--sockets") && argc == 4) {
		drain(attach(argv[2], 0, 0), &sockets);
		tell(&sockets, sizeof(struct unstuck_inspected_owned));
		walk_tables(argv[3], &tables);
		tell(&tables, sizeof(struct unstuck_tcp));
		return 0;
	}
	map = bpf_map_get_fd_by_id(atoi(argv[2]));
	if (map < 0 || bpf_obj_get_info_by_fd(map, &info, &size))
		fail("map");
	stride = sizeof(struct unstuck_entry) - UNSTUCK_KEY_MAX + ((info.key_size + 7) & ~7U);
	link = attach(argv[1], map, info.key_size);
	drain(link, &before);
	if (!link && (argc == 3 || !strcmp(argv[3], "--loop")))
		return 3;
	if (argc == 3)
		return 0;
	tell(&before, stride);
	if (!strcmp(argv[3], "--loop"))
		return 0;

	if (argc != 5)
		return fprintf(stderr, "bare_iteration: a whole node needs TASK-FILE-OBJECT WALK-OBJECT\n"), 64;
	drain(attach(argv[3], 0, 0), &sockets);
	tell(&sockets, sizeof(struct unstuck_owned));
	walk_tables(argv[4], &tables);
	tell(&tables, sizeof(struct unstuck_tcp));
	drain(link, &after);
	tell(&after, stride);
	return 0;
}
