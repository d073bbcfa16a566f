// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Kmesh's oncn-mda, built to tell the loopback addresses of namespaces apart. */
#define WITH_NAMESPACE
#include "kmesh_accelerator.bpf.c"
