/* SPDX-License-Identifier: Apache-2.0
 *
 * darwin.h - what macOS has in other words than Linux: read before each C file by the compiler's command on a Mac (build.mjs), and by none elsewhere.
 *
 * Memory files are POSIX's shared memory without a name; seals there are none, since nobody else has a descriptor of it. Nothing here is for others to call.
 */
#ifndef PVG_DARWIN_H
#define PVG_DARWIN_H

#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define MFD_CLOEXEC 1u
#define MFD_ALLOW_SEALING 2u
#define F_ADD_SEALS 0x10000
#define F_SEAL_SHRINK 0
#define F_SEAL_GROW 0
#define F_SEAL_SEAL 0
#define MREMAP_MAYMOVE 1
#define MREMAP_FIXED 2

/* darwin.c */
int pvgi_memory_file(void);
void *pvgi_map_again(void *source, size_t length, void *target);

static inline int memfd_create(const char *name, unsigned flags) {
  (void)name;
  (void)flags;
  return pvgi_memory_file();
}

/* Of memory that is mapped shared, as the library calls it: with an old length of 0, to a fixed place. */
static inline void *mremap(void *source, size_t old, size_t length, int flags, void *target) {
  (void)old;
  (void)flags;
  return pvgi_map_again(source, length, target);
}

#endif
