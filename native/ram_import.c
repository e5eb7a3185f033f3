/* SPDX-License-Identifier: Apache-2.0
 *
 * ram_import.c - RAM whose bytes are somebody else's: a file's, or a shared mapping's in this process.
 *
 * Invariant: what was given is left exactly as it is, now and when the RAM goes; only mappings of our own are made and taken away. The one
 * exception is that a memfd is sealed against becoming shorter, if its owner lets anybody do that. Where that can't be had, a file that is cut
 * short is answered with zeros (bus_error.c).
 *
 * What can't be written is mapped so that who writes to it all the same, through a view, changes a copy of his own.
 */
#define _GNU_SOURCE /* seals, mremap, O_PATH */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "guest_memory.h"
#include "own_mappings.h"

#define HUGE_PAGES_MAGIC 0x958458f6L /* f_type of hugetlbfs (statfs(2)) */

/* What is asked for. */
struct wanted {
  uint32_t group;
  int fd;
  uint64_t offset, length;
  bool writable;
};

/* By the system call, since glibc's function has another name in each age. */
static bool look_at(int fd, struct stat *status) { return syscall(SYS_fstat, fd, status) == 0; }

static const char *kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR: return "a directory";
    case S_IFIFO: return "a pipe";
    case S_IFSOCK: return "a socket";
    case S_IFCHR: return "a character device";
    case S_IFBLK: return "a block device";
    case S_IFLNK: return "a symbolic link";
    default: return "no file";
  }
}

static int32_t check_access(const struct wanted *wanted) {
  int flags = fcntl(wanted->fd, F_GETFL);
  if (flags < 0) return pvgi_fail(PVG_E_ARGUMENT, "descriptor %d: %s", wanted->fd, strerror(errno));
  if ((flags & O_PATH) != 0 || (flags & O_ACCMODE) == O_WRONLY) {
    return pvgi_fail(PVG_E_ARGUMENT, "descriptor %d isn't open for reading", wanted->fd);
  }
  if (!wanted->writable || (flags & O_ACCMODE) == O_RDWR) return PVG_OK;
  return pvgi_fail(PVG_E_ARGUMENT, "descriptor %d is open for reading only: what can't be written is a rom", wanted->fd);
}

/* Whether nobody can make the file shorter any more. */
static bool seal(int fd) {
  fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK); /* refused by what is no memfd, or is sealed against seals */
  int seals = fcntl(fd, F_GET_SEALS);
  return seals >= 0 && (seals & F_SEAL_SHRINK) != 0;
}

/* The smallest piece that can be mapped: a page, or a huge one. */
static uint64_t block_of(int fd) {
  struct statfs system;
  bool huge = fstatfs(fd, &system) == 0 && (long)system.f_type == HUGE_PAGES_MAGIC;
  return huge ? (uint64_t)system.f_bsize : pvg_page_size();
}

/* The size is looked at once it is sealed, or it could change in between. */
static int32_t check_file(const struct wanted *wanted, uint64_t *block) {
  struct stat status;
  if (!look_at(wanted->fd, &status)) return pvgi_fail(PVG_E_ARGUMENT, "descriptor %d: %s", wanted->fd, strerror(errno));
  if (!S_ISREG(status.st_mode)) {
    return pvgi_fail(PVG_E_ARGUMENT, "descriptor %d is %s, expected a memfd or a file", wanted->fd, kind_of(status.st_mode));
  }
  *block = block_of(wanted->fd);
  if (wanted->offset % *block != 0 || wanted->length % *block != 0) {
    return pvgi_fail(PVG_E_BOUNDS, "offset 0x%llx or length 0x%llx is no multiple of the pages of descriptor %d, 0x%llx bytes",
                     (unsigned long long)wanted->offset, (unsigned long long)wanted->length, wanted->fd, (unsigned long long)*block);
  }
  bool sealed = seal(wanted->fd);
  if (!sealed || *block != pvg_page_size()) pvgi_bus_errors_catch(); /* a huge page that can't be had is a bus error as well */
  uint64_t size = look_at(wanted->fd, &status) && status.st_size > 0 ? (uint64_t)status.st_size : 0;
  if (wanted->offset <= size && wanted->length <= size - wanted->offset) return PVG_OK;
  return pvgi_fail(PVG_E_BOUNDS, "descriptor %d has 0x%llx bytes, and 0x%llx at offset 0x%llx are wanted", wanted->fd,
                   (unsigned long long)size, (unsigned long long)wanted->length, (unsigned long long)wanted->offset);
}

/* Maps what was checked, whose descriptor is ours. */
static uint32_t map_file(const struct wanted *wanted, uint64_t block) {
  int flags = (wanted->writable ? MAP_SHARED : MAP_PRIVATE) | MAP_NORESERVE;
  void *base = mmap(NULL, wanted->length, PROT_READ | PROT_WRITE, flags, wanted->fd, (off_t)wanted->offset);
  if (base == MAP_FAILED) {
    pvgi_fail(PVG_E_NO_MEMORY, "the system maps no 0x%llx bytes of the descriptor: %s", (unsigned long long)wanted->length,
              strerror(errno));
    close(wanted->fd);
    return 0;
  }
  const struct pvgi_region made = {.group = wanted->group,
                                   .base = base,
                                   .length = wanted->length,
                                   .block = block,
                                   .fd = wanted->fd,
                                   .fd_offset = wanted->offset,
                                   .writable = wanted->writable};
  return pvgi_region_publish(&pvgi_ram_table, PVGI_RAM, &made);
}

uint32_t pvg_ram_import(uint32_t group, int32_t fd, uint64_t offset, uint64_t length, uint32_t writable) {
  if (!pvgi_check_ram_length(length)) return 0;
  if (offset > (uint64_t)INT64_MAX - length || !pvgi_is_aligned(offset)) {
    pvgi_fail(PVG_E_BOUNDS, "offset 0x%llx is no page of a file", (unsigned long long)offset);
    return 0;
  }
  struct wanted wanted = {.group = group, .fd = fd, .offset = offset, .length = length, .writable = writable != 0};
  uint64_t block = 0;
  if (check_access(&wanted) != PVG_OK || check_file(&wanted, &block) != PVG_OK) return 0;
  wanted.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (wanted.fd < 0) {
    pvgi_fail(PVG_E_NO_MEMORY, "descriptor %d can't be duplicated: %s", fd, strerror(errno));
    return 0;
  }
  return map_file(&wanted, block);
}

/* ---- memory of this process ---- */

uint32_t pvg_ram_import_address(uint32_t group, uint64_t address, uint64_t length, uint32_t writable) {
  if (!pvgi_check_ram_length(length) || pvgi_check_shared(address, length, writable != 0) != PVG_OK) return 0;
  pvgi_bus_errors_catch(); /* nobody knows whose file it is */
  void *base = mremap((void *)(uintptr_t)address, 0, length, MREMAP_MAYMOVE);
  if (base == MAP_FAILED) {
    pvgi_fail(PVG_E_NO_MEMORY, "the system maps what is at 0x%llx, 0x%llx bytes, no second time: %s", (unsigned long long)address,
              (unsigned long long)length, strerror(errno));
    return 0;
  }
  const struct pvgi_region made = {.group = group, .base = base, .length = length, .block = pvg_page_size(), .fd = -1, .writable = writable != 0};
  return pvgi_region_publish(&pvgi_ram_table, PVGI_RAM, &made);
}
