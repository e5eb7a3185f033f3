/* SPDX-License-Identifier: Apache-2.0
 *
 * task_range.c - the ranges that tasks are: fresh zero pages, and pieces of RAM mapped in their place.
 *
 * Invariant: the record of a range's pieces (range_pieces.c) says of every page that shows a RAM which page of which RAM that is; it may
 * say so of one that shows zeros meanwhile, but never the other way round. Room in it is taken before anything is mapped.
 */
#define _GNU_SOURCE /* mremap */
#include <errno.h>
#include <string.h>

#include "guest_memory.h"

#define MAXIMUM_RANGE_LENGTH (UINT64_C(64) << 30)

uint32_t pvg_range_create(uint32_t group, uint64_t length) {
  if (!pvgi_check_length("task range", length, MAXIMUM_RANGE_LENGTH)) return 0;
  void *base = mmap(NULL, length, PROT_READ | PROT_WRITE, PVGI_ZERO_PAGES, -1, 0);
  if (base == MAP_FAILED) {
    pvgi_fail(PVG_E_NO_MEMORY, "the system reserves no range of 0x%llx bytes: %s", (unsigned long long)length,
              strerror(errno));
    return 0;
  }
  const struct pvgi_region made = {.group = group, .base = base, .length = length, .block = pvg_page_size(), .fd = -1};
  return pvgi_region_publish(&pvgi_range_table, PVGI_RANGE, &made);
}

uint64_t pvg_range_address(uint32_t range) { return pvgi_region_address(&pvgi_range_table, range); }

/* What a part of a range is to show. */
struct shown {
  uint8_t *target;
  uint64_t length;
  bool read_only;
  const struct pvgi_region *ram; /* NULL: zeros */
  uint64_t ram_offset;
};

/* Maps the pages of a RAM without descriptor once more, from where it is mapped itself. */
static bool map_again(const struct shown *shown) {
  void *source = shown->ram->base + shown->ram_offset;
  if (mremap(source, 0, shown->length, MREMAP_MAYMOVE | MREMAP_FIXED, shown->target) == MAP_FAILED) return false;
  if (!shown->read_only || mprotect(shown->target, shown->length, PROT_READ) == 0) return true;
  /* Better nothing than what could be written. */
  int error = errno;
  (void)mmap(shown->target, shown->length, PROT_READ | PROT_WRITE, PVGI_ZERO_PAGES | MAP_FIXED, -1, 0);
  errno = error;
  return false;
}

static bool map_pages(const struct shown *shown) {
  const struct pvgi_region *ram = shown->ram;
  if (ram != NULL && ram->fd < 0) return map_again(shown);
  int protection = shown->read_only ? PROT_READ : PROT_READ | PROT_WRITE;
  int flags = (ram == NULL ? PVGI_ZERO_PAGES : MAP_SHARED | MAP_NORESERVE) | MAP_FIXED;
  off_t offset = ram == NULL ? 0 : (off_t)(ram->fd_offset + shown->ram_offset);
  return mmap(shown->target, shown->length, protection, flags, ram == NULL ? -1 : ram->fd, offset) != MAP_FAILED;
}

/* Replaces part of a range. When there is no mapping to spare, Linux says so before it takes the old one away; should it
 * ever have taken it away first, the hole is filled with zero pages before another thread's mmap can move in.
 * Where nothing was taken away that fill fails with EEXIST and changes nothing. */
static int32_t replace(const struct shown *shown) {
  if (map_pages(shown)) return PVG_OK;
  int error = errno;
#ifdef MAP_FIXED_NOREPLACE
  void *fill = mmap(shown->target, shown->length, PROT_READ | PROT_WRITE, PVGI_ZERO_PAGES | MAP_FIXED_NOREPLACE, -1, 0);
  /* Kernels before 4.17 don't know the flag and may map elsewhere instead. */
  if (fill != MAP_FAILED && fill != (void *)shown->target) munmap(fill, shown->length);
#endif
  return pvgi_fail(PVG_E_NO_MEMORY, "the system maps no 0x%llx bytes there: %s", (unsigned long long)shown->length,
                   strerror(error));
}

static int32_t check_source(const struct pvgi_region *ram, const struct pvgi_piece *piece) {
  int32_t status = pvgi_check_piece("RAM", piece->ram_offset, piece->length, ram->length);
  if (status != PVG_OK) return status;
  if (ram->revoked) return pvgi_fail(PVG_E_HANDLE, "RAM 0x%x was revoked", piece->ram);
  if (piece->writable && !ram->writable) return pvgi_fail(PVG_E_ARGUMENT, "RAM 0x%x can't be mapped for writing", piece->ram);
  uint64_t block = atomic_load(&ram->block);
  if ((ram->fd_offset + piece->ram_offset) % block == 0 && piece->length % block == 0) return PVG_OK;
  return pvgi_fail(PVG_E_BOUNDS, "RAM 0x%x is of pages of 0x%llx bytes, and can only be mapped by those", piece->ram,
                   (unsigned long long)block);
}

/* The second half of pvg_range_map(), under the range's mutex. The RAM's mutex is held across the mmap so that its file
 * descriptor can't be closed, and its number reused, in between, and so that it is revoked before or after. */
static int32_t map_ram(struct pvgi_region *range, const struct pvgi_piece *piece) {
  struct pvgi_region *ram = pvgi_slot_lock(&pvgi_ram_table, piece->ram);
  if (ram == NULL) return pvgi_no_such(&pvgi_ram_table, piece->ram);
  int32_t status = check_source(ram, piece);
  if (status == PVG_OK) {
    status = replace(&(struct shown){range->base + piece->offset, piece->length, !piece->writable, ram, piece->ram_offset});
  }
  pvgi_slot_unlock(&ram->slot);
  if (status == PVG_OK) pvgi_pieces_put(&range->pieces, piece);
  return status;
}

static int32_t unmap_locked(struct pvgi_region *range, uint64_t offset, uint64_t length) {
  int32_t status = replace(&(struct shown){.target = range->base + offset, .length = length});
  if (status == PVG_OK) pvgi_pieces_cut(&range->pieces, offset, offset + length);
  return status;
}

/* The range, locked and with room in its record, if it has such a piece; else NULL and the status. */
static struct pvgi_region *lock_range(uint32_t range, uint64_t offset, uint64_t length, int32_t *status) {
  struct pvgi_region *region = pvgi_slot_lock(&pvgi_range_table, range);
  *status = region == NULL ? pvgi_no_such(&pvgi_range_table, range) : pvgi_check_piece("task range", offset, length, region->length);
  if (*status == PVG_OK && !pvgi_pieces_reserve(&region->pieces)) {
    *status = pvgi_fail(PVG_E_NO_MEMORY, "no memory to note what a task range shows");
  }
  if (*status == PVG_OK) return region;
  if (region != NULL) pvgi_slot_unlock(&region->slot);
  return NULL;
}

int32_t pvg_range_map(uint32_t range, uint64_t offset, uint32_t ram, uint64_t ram_offset, uint64_t length,
                      uint32_t read_only) {
  int32_t status;
  struct pvgi_region *region = lock_range(range, offset, length, &status);
  if (region == NULL) return status;
  const struct pvgi_piece piece = {
      .offset = offset, .length = length, .ram_offset = ram_offset, .ram = ram, .writable = read_only == 0};
  status = map_ram(region, &piece);
  pvgi_slot_unlock(&region->slot);
  return status;
}

int32_t pvg_range_unmap(uint32_t range, uint64_t offset, uint64_t length) {
  int32_t status;
  struct pvgi_region *region = lock_range(range, offset, length, &status);
  if (region == NULL) return status;
  status = unmap_locked(region, offset, length);
  pvgi_slot_unlock(&region->slot);
  return status;
}

int32_t pvg_range_destroy(uint32_t range) { return pvgi_region_destroy(&pvgi_range_table, PVGI_RANGE, range); }

int32_t pvgi_range_acquire(uint32_t range, struct pvgi_memory *memory) {
  return pvgi_region_acquire(&pvgi_range_table, range, memory);
}

void pvgi_range_release(struct pvgi_memory *memory) { pvgi_region_release(&pvgi_range_table, memory); }
