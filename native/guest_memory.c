/* SPDX-License-Identifier: Apache-2.0
 *
 * guest_memory.c - the guest's RAM, and what it has in common with the task ranges that show pieces of it.
 *
 * Invariants:
 *  - The addresses of a RAM that somebody may have a view of are never unmapped and never given to anything else: when its last user is
 *    gone they become anonymous pages, which read as zeros. Any RAM that this library made is such; of one that was given, it is who asked for it by
 *    pvg_ram_view(). Those of other RAMs are given back, so that a guest whose memory comes and goes doesn't use them all up.
 *  - A range's addresses belong to it from creation until the last reference is gone. What is mapped there changes
 *    under its mutex only, and only while its handle lives, so that no mapping can hit addresses given back.
 *  - A RAM's file descriptor is open exactly while its handle lives and it was not revoked, and is used under the RAM's mutex only: a number
 *    that was closed may already name another file.
 *  - Every RAM with a living handle, and no other, is in the list of places, which is in the order of addresses.
 *
 * It does not know guest-physical addresses, nor does it lock what is in the bytes: guest and PVG race on them as on real hardware.
 */
#define _GNU_SOURCE /* memfd_create and its seals */
#include "guest_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MAXIMUM_RAM_LENGTH (UINT64_C(1) << 40)

static struct pvgi_region rams[PVGI_RAMS] = {[0 ... PVGI_RAMS - 1] = {.slot = {.mutex = PTHREAD_MUTEX_INITIALIZER}}};
static struct pvgi_region ranges[PVGI_RANGES] = {[0 ... PVGI_RANGES - 1] = {.slot = {.mutex = PTHREAD_MUTEX_INITIALIZER}}};
struct pvgi_table pvgi_ram_table = PVGI_TABLE("RAM", PVGI_TAG_RAM, rams);
struct pvgi_table pvgi_range_table = PVGI_TABLE("task range", PVGI_TAG_RANGE, ranges);

uint32_t pvg_page_size(void) { return (uint32_t)sysconf(_SC_PAGESIZE); }

bool pvgi_is_aligned(uint64_t value) { return (value & (pvg_page_size() - 1u)) == 0; }

/* PVG_OK if [offset, offset+length) is a non-empty, aligned piece of `whole` bytes. Nothing here can overflow. */
int32_t pvgi_check_piece(const char *noun, uint64_t offset, uint64_t length, uint64_t whole) {
  bool aligned = pvgi_is_aligned(offset) && pvgi_is_aligned(length);
  if (length != 0 && aligned && offset <= whole && length <= whole - offset) return PVG_OK;
  return pvgi_fail(PVG_E_BOUNDS, "0x%llx bytes at 0x%llx are not whole pages inside a %s of 0x%llx bytes",
                   (unsigned long long)length, (unsigned long long)offset, noun, (unsigned long long)whole);
}

bool pvgi_check_length(const char *noun, uint64_t length, uint64_t maximum) {
  if (length != 0 && pvgi_is_aligned(length) && length <= maximum) return true;
  pvgi_fail(PVG_E_ARGUMENT, "a %s is 1 page..0x%llx bytes of whole pages, not 0x%llx", noun,
            (unsigned long long)maximum, (unsigned long long)length);
  return false;
}

bool pvgi_check_ram_length(uint64_t length) { return pvgi_check_length("RAM", length, MAXIMUM_RAM_LENGTH); }

uint32_t pvgi_region_count(struct pvgi_table *table) {
  pthread_mutex_lock(&table->mutex);
  uint32_t count = table->used;
  pthread_mutex_unlock(&table->mutex);
  return count;
}

/* ---- where RAM is ---- */

struct place {
  uint64_t start;
  uint64_t length;
  uint32_t ram;
};

/* At most as many as there are slots, since a RAM enters and leaves with its slot's mutex held. */
static struct place places[PVGI_RAMS];
static size_t place_count;
static pthread_mutex_t places_mutex = PTHREAD_MUTEX_INITIALIZER;

/* How many places start at or below the address. The mutex is held. */
static size_t places_up_to(uint64_t address) {
  size_t low = 0, high = place_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (places[middle].start <= address) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

static void enter_place(const struct pvgi_region *region) {
  struct place place = {(uint64_t)(uintptr_t)region->base, region->length, region->slot.handle};
  pthread_mutex_lock(&places_mutex);
  size_t at = places_up_to(place.start);
  memmove(&places[at + 1], &places[at], (place_count - at) * sizeof *places);
  places[at] = place;
  place_count++;
  pthread_mutex_unlock(&places_mutex);
}

static void leave_place(const struct pvgi_region *region) {
  pthread_mutex_lock(&places_mutex);
  size_t behind = places_up_to((uint64_t)(uintptr_t)region->base);
  memmove(&places[behind - 1], &places[behind], (place_count - behind) * sizeof *places);
  place_count--;
  pthread_mutex_unlock(&places_mutex);
}

/* ---- what RAMs and ranges share ---- */

/* Says where a region is to whoever looks from a signal handler; nothing is anywhere with length 0. */
static void tell_span(struct pvgi_region *region, uint64_t length, uint64_t block) {
  uint64_t start = (uint64_t)(uintptr_t)region->base;
  atomic_store(&region->end, 0);
  atomic_store(&region->start, start);
  atomic_store(&region->block, block);
  atomic_store(&region->end, length == 0 ? 0 : start + length);
}

/* Ends what a region without handle and references has left, frees its slot and its mutex. */
static void finish_unlock(struct pvgi_table *table, struct pvgi_region *region) {
  if (region->kept) {
    /* This replaces one mapping by another, which needs no mapping to spare. Should the system refuse all the
     * same, the old pages stay: forgotten views read old bytes then, but nothing crashes. */
    (void)mmap(region->base, region->length, PROT_READ | PROT_WRITE, PVGI_ZERO_PAGES | MAP_FIXED, -1, 0);
  }
  tell_span(region, 0, 0);
  if (!region->kept) munmap(region->base, region->length);
  pvgi_pieces_free(&region->pieces);
  pvgi_dirty_free(region);
  region->name = 0;
  region->base = NULL;
  region->length = 0;
  pvgi_slot_free_unlock(table, &region->slot);
}

int32_t pvgi_region_acquire(struct pvgi_table *table, uint32_t handle, struct pvgi_memory *memory) {
  struct pvgi_region *region = pvgi_slot_lock(table, handle);
  if (region == NULL) return pvgi_no_such(table, handle);
  region->references++;
  *memory = (struct pvgi_memory){.base = region->base, .length = region->length, .owner = region};
  pvgi_slot_unlock(&region->slot);
  return PVG_OK;
}

/* A region with references keeps its slot, so the owner is still the one that was acquired. */
void pvgi_region_release(struct pvgi_table *table, struct pvgi_memory *memory) {
  struct pvgi_region *region = memory->owner;
  if (region == NULL) return;
  *memory = (struct pvgi_memory){.base = NULL, .length = 0, .owner = NULL};
  pthread_mutex_lock(&region->slot.mutex);
  region->references--;
  if (region->references == 0 && region->slot.handle == 0) {
    finish_unlock(table, region);
  } else {
    pvgi_slot_unlock(&region->slot);
  }
}

int32_t pvgi_region_destroy(struct pvgi_table *table, enum pvgi_kind kind, uint32_t handle) {
  struct pvgi_region *region = pvgi_slot_lock(table, handle);
  if (region == NULL) return pvgi_no_such(table, handle);
  uint32_t group = region->group;
  if (table == &pvgi_ram_table) leave_place(region);
  region->slot.handle = 0;
  /* The mappings keep the memory; the descriptor is of no more use. */
  if (region->fd >= 0) close(region->fd);
  region->fd = -1;
  if (region->references == 0) {
    finish_unlock(table, region);
  } else {
    pvgi_slot_unlock(&region->slot);
  }
  pvgi_group_remove(group, kind, handle);
  return PVG_OK;
}

uint64_t pvgi_region_address(struct pvgi_table *table, uint32_t handle) {
  struct pvgi_region *region = pvgi_slot_lock(table, handle);
  if (region == NULL) {
    pvgi_no_such(table, handle);
    return 0;
  }
  uint64_t base = (uint64_t)(uintptr_t)region->base;
  pvgi_slot_unlock(&region->slot);
  return base;
}

uint32_t pvgi_region_publish(struct pvgi_table *table, enum pvgi_kind kind, const struct pvgi_region *what) {
  struct pvgi_region *region = pvgi_slot_claim(table);
  if (region == NULL) {
    munmap(what->base, what->length); /* nobody has seen these addresses, so they may be used again */
    if (what->fd >= 0) close(what->fd);
    return 0;
  }
  uint32_t handle = region->slot.handle;
  region->group = what->group;
  region->references = 0;
  region->name = handle;
  region->base = what->base;
  region->length = what->length;
  region->fd = what->fd;
  region->fd_offset = what->fd_offset;
  region->writable = what->writable;
  region->kept = what->kept;
  region->revoked = false;
  tell_span(region, what->length, atomic_load(&what->block));
  if (table == &pvgi_ram_table) enter_place(region);
  pvgi_slot_unlock(&region->slot);
  if (pvgi_group_add(what->group, kind, handle) == PVG_OK) return handle;
  pvgi_region_destroy(table, kind, handle); /* succeeds, and so leaves the error text alone */
  return 0;
}

/* ---- RAM ---- */

/* A memfd of that length, which nobody can make shorter: a file cut short would crash whoever reads behind its
 * end. -1 if the system refuses. */
static int make_file(uint64_t length) {
  int fd = memfd_create("pvg-ram", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return -1;
  if (ftruncate(fd, (off_t)length) == 0 &&
      fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0) {
    return fd;
  }
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

uint32_t pvg_ram_create(uint32_t group, uint64_t length) {
  if (!pvgi_check_ram_length(length)) return 0;
  int fd = make_file(length);
  if (fd < 0) {
    pvgi_fail(PVG_E_NO_MEMORY, "the system makes no memory file of 0x%llx bytes: %s", (unsigned long long)length,
              strerror(errno));
    return 0;
  }
  void *base = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
  if (base == MAP_FAILED) {
    pvgi_fail(PVG_E_NO_MEMORY, "the system maps no RAM of 0x%llx bytes: %s", (unsigned long long)length,
              strerror(errno));
    close(fd);
    return 0;
  }
  const struct pvgi_region made = {.group = group, .base = base, .length = length, .block = pvg_page_size(), .fd = fd, .writable = true, .kept = true};
  return pvgi_region_publish(&pvgi_ram_table, PVGI_RAM, &made);
}

uint64_t pvg_ram_address(uint32_t ram) { return pvgi_region_address(&pvgi_ram_table, ram); }

uint64_t pvg_ram_view(uint32_t ram) {
  struct pvgi_region *region = pvgi_slot_lock(&pvgi_ram_table, ram);
  if (region == NULL) {
    pvgi_no_such(&pvgi_ram_table, ram);
    return 0;
  }
  region->kept = true;
  uint64_t base = (uint64_t)(uintptr_t)region->base;
  pvgi_slot_unlock(&region->slot);
  return base;
}

int32_t pvg_ram_fd(uint32_t ram) {
  struct pvgi_region *region = pvgi_slot_lock(&pvgi_ram_table, ram);
  if (region == NULL) return pvgi_no_such(&pvgi_ram_table, ram);
  int fd = region->fd;
  pvgi_slot_unlock(&region->slot);
  return fd >= 0 ? fd : pvgi_fail(PVG_E_UNSUPPORTED, "RAM 0x%x has no descriptor", ram);
}

int32_t pvg_ram_destroy(uint32_t ram) { return pvgi_region_destroy(&pvgi_ram_table, PVGI_RAM, ram); }

int32_t pvgi_ram_acquire(uint32_t ram, struct pvgi_memory *memory) { return pvgi_region_acquire(&pvgi_ram_table, ram, memory); }

void pvgi_ram_release(struct pvgi_memory *memory) { pvgi_region_release(&pvgi_ram_table, memory); }

int32_t pvgi_ram_find(uint64_t address, uint64_t length, struct pvgi_memory *memory) {
  struct place place = {0, 0, 0};
  pthread_mutex_lock(&places_mutex);
  size_t count = places_up_to(address);
  if (count != 0) place = places[count - 1];
  pthread_mutex_unlock(&places_mutex);
  uint64_t offset = address - place.start;
  /* It may be destroyed by now, and then its handle is dead. */
  if (length != 0 && offset < place.length && length <= place.length - offset) return pvgi_ram_acquire(place.ram, memory);
  return pvgi_fail(PVG_E_BOUNDS, "no RAM holds all 0x%llx bytes at 0x%llx", (unsigned long long)length,
                   (unsigned long long)address);
}
