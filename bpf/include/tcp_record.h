/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Reading a TCP socket with its counters: read_typed_tcp() through a typed pointer, read_tcp() from a bare address. */
#pragma once

#include "handler_names.h"
#include "socket_record.h"

#define NAME read_typed_tcp
#define GET(pointer, member) ((pointer)->member)
#define GET2(pointer, first, second) ((pointer)->first->second)
#define INODE typed_inode_of
#define CGROUP typed_cgroup_of
#include "tcp_fields.h"
#undef NAME
#undef GET
#undef GET2
#undef INODE
#undef CGROUP

#define NAME read_tcp
#define GET(pointer, member) BPF_CORE_READ(pointer, member)
#define GET2(pointer, first, second) BPF_CORE_READ(pointer, first, second)
#define INODE inode_of
#define CGROUP cgroup_of
#include "tcp_fields.h"
#undef NAME
#undef GET
#undef GET2
#undef INODE
#undef CGROUP
