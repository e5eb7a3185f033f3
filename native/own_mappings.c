/* SPDX-License-Identifier: Apache-2.0
 *
 * own_mappings.c - memory of this process by address: whether it is shared, and how what is private becomes shared in its place.
 *
 * What is here is asked of the system (/proc/self/maps) at the moment of asking: others may map and unmap meanwhile, and then the system
 * refuses what is asked of it next. Memory that is made shared keeps its contents, but for what is written while they are copied: whoever has it made
 * so sees to it that nobody writes.
 */
#define _GNU_SOURCE /* memfd_create and its seals */
#include "own_mappings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest_memory.h"

/* A line of /proc/self/maps. */
struct mapping {
  uint64_t start, end, file_offset, major, minor, inode;
  bool readable, writable, shared;
};

/* A number in that base, and the character behind it, which is passed over. By hand, since the functions for this have other names with newer glibcs. */
static bool take_number(const char **at, uint64_t base, char behind, uint64_t *number) {
  static const char digits[] = "0123456789abcdef";
  const char *start = *at, *digit;
  *number = 0;
  while (**at != '\0' && (digit = memchr(digits, **at, base)) != NULL) {
    *number = *number * base + (uint64_t)(digit - digits);
    (*at)++;
  }
  if (*at == start || (behind != '\0' && **at != behind)) return false;
  if (behind != '\0') (*at)++;
  return true;
}

/* start-end flags offset major:minor inode [name] */
static bool parse(const char *at, struct mapping *mapping) {
  if (!take_number(&at, 16, '-', &mapping->start) || !take_number(&at, 16, ' ', &mapping->end) || strnlen(at, 5) < 5) return false;
  mapping->readable = at[0] == 'r';
  mapping->writable = at[1] == 'w';
  mapping->shared = at[3] == 's';
  at += 5;
  return take_number(&at, 16, ' ', &mapping->file_offset) && take_number(&at, 16, ':', &mapping->major) &&
         take_number(&at, 16, ' ', &mapping->minor) && take_number(&at, 10, '\0', &mapping->inode);
}

/* Told of each mapping that has a byte of a piece, by address; false ends it. */
typedef bool (*visitor)(const struct mapping *mapping, void *state);

static void visit(uint64_t address, uint64_t length, visitor each, void *state) {
  FILE *file = fopen("/proc/self/maps", "re");
  char *line = NULL;
  size_t room = 0;
  bool more = file != NULL;
  while (more && getline(&line, &room, file) > 0) {
    struct mapping mapping;
    if (!parse(line, &mapping) || mapping.end <= address) continue;
    more = mapping.start < address + length && each(&mapping, state);
  }
  free(line);
  if (file != NULL) fclose(file);
}

static int32_t check_range(uint64_t address, uint64_t length) {
  if (address != 0 && length != 0 && pvgi_is_aligned(address) && pvgi_is_aligned(length) && address <= UINT64_MAX - length) return PVG_OK;
  return pvgi_fail(PVG_E_BOUNDS, "0x%llx bytes at 0x%llx are not whole pages", (unsigned long long)length, (unsigned long long)address);
}

/* ---- is it shared ---- */

struct check {
  uint64_t next; /* all in front of it is right */
  bool writable;
  struct mapping last;
  const char *wrong; /* what is wrong at `next`, NULL so far */
};

static const char *fault_of(const struct check *check, const struct mapping *mapping) {
  if (mapping->start > check->next) return "nothing is mapped";
  if (!mapping->shared) return "a private mapping is";
  if (!mapping->readable) return "what can't be read is";
  if (check->writable && !mapping->writable) return "what can't be written is";
  const struct mapping *last = &check->last;
  if (last->end == 0) return NULL;
  bool same = last->inode == mapping->inode && last->major == mapping->major && last->minor == mapping->minor;
  return same && last->file_offset + (last->end - last->start) == mapping->file_offset ? NULL : "another file is mapped";
}

static bool check_mapping(const struct mapping *mapping, void *state) {
  struct check *check = state;
  check->wrong = fault_of(check, mapping);
  if (check->wrong != NULL) return false;
  check->last = *mapping;
  check->next = mapping->end;
  return true;
}

int32_t pvgi_check_shared(uint64_t address, uint64_t length, bool writable) {
  int32_t status = check_range(address, length);
  if (status != PVG_OK) return status;
  struct check check = {.next = address, .writable = writable};
  visit(address, length, check_mapping, &check);
  if (check.wrong == NULL && check.next < address + length) check.wrong = "nothing is mapped";
  if (check.wrong == NULL) return PVG_OK;
  return pvgi_fail(PVG_E_ARGUMENT, "%s at 0x%llx, expected one shared mapping of 0x%llx bytes at 0x%llx", check.wrong,
                   (unsigned long long)check.next, (unsigned long long)length, (unsigned long long)address);
}

/* ---- making it shared ---- */

/* The first private part of a piece. */
struct private_part {
  uint64_t start, end;
  bool found;
  bool whole; /* the mapping begins at it, and can be read and written */
};

static bool find_private(const struct mapping *mapping, void *state) {
  struct private_part *part = state;
  if (mapping->shared) return true;
  part->found = true;
  uint64_t end = mapping->end < part->end ? mapping->end : part->end;
  part->whole = mapping->start >= part->start && mapping->readable && mapping->writable && mapping->inode == 0;
  part->start = mapping->start > part->start ? mapping->start : part->start;
  part->end = end;
  return false;
}

/* Copies what isn't zero, so that memory that nobody has used yet costs nothing. */
static void copy_pages(uint8_t *to, const uint8_t *from, uint64_t length) {
  static const uint8_t zeros[4096];
  for (uint64_t at = 0; at < length; at += sizeof zeros) {
    if (memcmp(from + at, zeros, sizeof zeros) != 0) memcpy(to + at, from + at, sizeof zeros);
  }
}

static bool replace_by_file(const struct private_part *part, int fd) {
  uint64_t length = part->end - part->start;
  uint8_t *target = (uint8_t *)(uintptr_t)part->start;
  if (ftruncate(fd, (off_t)length) != 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) return false;
  uint8_t *copy = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
  if (copy == MAP_FAILED) return false;
  copy_pages(copy, target, length);
  munmap(copy, length);
  return mmap(target, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE | MAP_FIXED, fd, 0) != MAP_FAILED;
}

static int32_t share_part(const struct private_part *part) {
  if (!part->whole) {
    return pvgi_fail(PVG_E_ARGUMENT, "what is at 0x%llx is no mapping of its own that can be read and written", (unsigned long long)part->start);
  }
  int fd = memfd_create("pvg-shared", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  bool ok = fd >= 0 && replace_by_file(part, fd);
  int error = errno;
  if (fd >= 0) close(fd);
  if (ok) return PVG_OK;
  return pvgi_fail(PVG_E_NO_MEMORY, "the system doesn't share 0x%llx bytes at 0x%llx: %s", (unsigned long long)(part->end - part->start),
                   (unsigned long long)part->start, strerror(error));
}

int32_t pvg_memory_share(uint64_t address, uint64_t length) {
  static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
  int32_t status = check_range(address, length);
  if (status != PVG_OK) return status;
  pthread_mutex_lock(&one_at_a_time);
  for (uint64_t done = address; status == PVG_OK && done < address + length;) {
    struct private_part part = {.start = done, .end = address + length};
    visit(done, address + length - done, find_private, &part);
    if (!part.found) break;
    status = share_part(&part);
    done = part.end;
  }
  pthread_mutex_unlock(&one_at_a_time);
  return status;
}

uint64_t pvg_memory_address(const void *memory) { return (uint64_t)(uintptr_t)memory; }
