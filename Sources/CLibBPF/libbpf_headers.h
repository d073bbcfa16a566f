#pragma once

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

/* The name of a helper by its number (`bpf_` left out), NULL past the last one that the kernel's headers know. */
static inline const char *libbpf_helper_name(unsigned int number)
{
#define UNSTUCK_HELPER_NAME(name) #name
	static const char *const names[] = {__BPF_FUNC_MAPPER(UNSTUCK_HELPER_NAME)};
#undef UNSTUCK_HELPER_NAME

	return number < sizeof names / sizeof names[0] ? names[number] : NULL;
}
