/*
 * The part of <zlib.h> that reads a file, declared here: the header itself brings libc's headers into a second module,
 * and Swift then loses names of the first (SOCK_RAW among them).
 */
#pragma once

typedef struct gzFile_s *gzFile;

gzFile gzopen(const char *path, const char *mode);
int gzread(gzFile file, void *buffer, unsigned count);
int gzclose(gzFile file);
