#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* as CLinuxUAPI: both modules see the same libc declarations */
#endif
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
