/* SPDX-License-Identifier: Apache-2.0
 *
 * guest_memory.c - the guest's RAM and the task ranges that show pieces of it.
 *
 * Invariants:
 *  - A RAM's addresses are never unmapped and never given to anything else: when its last user is gone they become
 *    anonymous pages, which read as zeros.
 *  - A range's addresses belong to it from creation until the last reference is gone. What is mapped there changes
 *    under its mutex only, and only while its handle lives, so that no mapping can hit addresses given back.
 *  - A RAM's file descriptor is open exactly while its handle lives, and is used under the RAM's mutex only: a number
 *    that was closed may already name another file.
 *  - Every RAM with a living handle, and no other, is in the list of places, which is in the order of addresses.
 *
 * Lock order: a range's mutex, then a RAM's, then that of the places. It does not know guest-physical addresses, nor does it lock
 * what is in the bytes: guest and PVG race on them as on real hardware.
 */
#define _GNU_SOURCE /* memfd_create and its seals */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "handle.h"
#include "internal.h"

#define MAXIMUM_RAMS 4096
#define MAXIMUM_RANGES 4096
#define MAXIMUM_RAM_LENGTH (UINT64_C(1) << 40)
#define MAXIMUM_RANGE_LENGTH (UINT64_C(64) << 30)
#define ZERO_PAGES (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

/* A RAM or a range. While it has references its slot isn't free, even when its handle is dead already. */
struct region {
  struct pvgi_slot slot;
  uint32_t group;
  uint32_t references; /* by pvgi_*_acquire, without the handle's own */
  uint8_t *base;
  uint64_t length;
  int fd; /* of a living RAM, else -1 */
};

static struct region rams[MAXIMUM_RAMS] = {
    [0 ... MAXIMUM_RAMS - 1] = {.slot = {.mutex = PTHREAD_MUTEX_INITIALIZER}}};
static struct region ranges[MAXIMUM_RANGES] = {
    [0 ... MAXIMUM_RANGES - 1] = {.slot = {.mutex = PTHREAD_MUTEX_INITIALIZER}}};
static struct pvgi_table ram_table = PVGI_TABLE("RAM", PVGI_TAG_RAM, rams);
static struct pvgi_table range_table = PVGI_TABLE("task range", PVGI_TAG_RANGE, ranges);

uint32_t pvg_page_size(void) { return (uint32_t)sysconf(_SC_PAGESIZE); }

static bool aligned(uint64_t value) { return (value & (pvg_page_size() - 1u)) == 0; }

/* PVG_OK if [offset, offset+length) is a non-empty, aligned piece of `whole` bytes. Nothing here can overflow. */
static int32_t check_piece(const char *noun, uint64_t offset, uint64_t length, uint64_t whole) {
  if (length != 0 && aligned(offset) && aligned(length) && offset <= whole && length <= whole - offset) return PVG_OK;
  return pvgi_fail(PVG_E_BOUNDS, "0x%llx bytes at 0x%llx are not whole pages inside a %s of 0x%llx bytes",
                   (unsigned long long)length, (unsigned long long)offset, noun, (unsigned long long)whole);
}

static bool check_length(const char *noun, uint64_t length, uint64_t maximum) {
  if (length != 0 && aligned(length) && length <= maximum) return true;
  pvgi_fail(PVG_E_ARGUMENT, "a %s is 1 page..0x%llx bytes of whole pages, not 0x%llx", noun,
            (unsigned long long)maximum, (unsigned long long)length);
  return false;
}

/* ---- where RAM is ---- */

struct place {
  uint64_t start;
  uint64_t length;
  uint32_t ram;
};

/* At most as many as there are slots, since a RAM enters and leaves with its slot's mutex held. */
static struct place places[MAXIMUM_RAMS];
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

static void enter_place(const struct region *region) {
  struct place place = {(uint64_t)(uintptr_t)region->base, region->length, region->slot.handle};
  pthread_mutex_lock(&places_mutex);
  size_t at = places_up_to(place.start);
  memmove(&places[at + 1], &places[at], (place_count - at) * sizeof *places);
  places[at] = place;
  place_count++;
  pthread_mutex_unlock(&places_mutex);
}

static void leave_place(const struct region *region) {
  pthread_mutex_lock(&places_mutex);
  size_t behind = places_up_to((uint64_t)(uintptr_t)region->base);
  memmove(&places[behind - 1], &places[behind], (place_count - behind) * sizeof *places);
  place_count--;
  pthread_mutex_unlock(&places_mutex);
}

/* ---- what RAMs and ranges share ---- */

/* Ends what a region without handle and references has left, frees its slot and its mutex. */
static void finish_unlock(struct pvgi_table *table, struct region *region) {
  if (table == &ram_table) {
    /* This replaces one mapping by another, which needs no mapping to spare. Should the system refuse all the
     * same, the old pages stay: forgotten views read old bytes then, but nothing crashes. */
    (void)mmap(region->base, region->length, PROT_READ | PROT_WRITE, ZERO_PAGES | MAP_FIXED, -1, 0);
  } else {
    munmap(region->base, region->length);
  }
  region->base = NULL;
  region->length = 0;
  pvgi_slot_free_unlock(table, &region->slot);
}

static int32_t acquire(struct pvgi_table *table, uint32_t handle, struct pvgi_memory *memory) {
  struct region *region = pvgi_slot_lock(table, handle);
  if (region == NULL) return pvgi_no_such(table, handle);
  region->references++;
  *memory = (struct pvgi_memory){.base = region->base, .length = region->length, .owner = region};
  pvgi_slot_unlock(&region->slot);
  return PVG_OK;
}

/* A region with references keeps its slot, so the owner is still the one that was acquired. */
static void release(struct pvgi_table *table, struct pvgi_memory *memory) {
  struct region *region = memory->owner;
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

static int32_t destroy(struct pvgi_table *table, enum pvgi_kind kind, uint32_t handle) {
  struct region *region = pvgi_slot_lock(table, handle);
  if (region == NULL) return pvgi_no_such(table, handle);
  uint32_t group = region->group;
  if (table == &ram_table) leave_place(region);
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

static uint64_t address(struct pvgi_table *table, uint32_t handle) {
  struct region *region = pvgi_slot_lock(table, handle);
  if (region == NULL) {
    pvgi_no_such(table, handle);
    return 0;
  }
  uint64_t base = (uint64_t)(uintptr_t)region->base;
  pvgi_slot_unlock(&region->slot);
  return base;
}

/* Fills a new slot and enters it in its group. Undoes everything, mapping and descriptor included, if that fails. */
static uint32_t publish(struct pvgi_table *table, enum pvgi_kind kind, uint32_t group, void *base, uint64_t length,
                        int fd) {
  struct region *region = pvgi_slot_claim(table);
  if (region == NULL) {
    munmap(base, length); /* nobody has seen these addresses, so they may be used again */
    if (fd >= 0) close(fd);
    return 0;
  }
  uint32_t handle = region->slot.handle;
  region->group = group;
  region->references = 0;
  region->base = base;
  region->length = length;
  region->fd = fd;
  if (table == &ram_table) enter_place(region);
  pvgi_slot_unlock(&region->slot);
  if (pvgi_group_add(group, kind, handle) == PVG_OK) return handle;
  destroy(table, kind, handle); /* succeeds, and so leaves the error text alone */
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
  if (!check_length("RAM", length, MAXIMUM_RAM_LENGTH)) return 0;
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
  return publish(&ram_table, PVGI_RAM, group, base, length, fd);
}

uint64_t pvg_ram_address(uint32_t ram) { return address(&ram_table, ram); }

int32_t pvg_ram_fd(uint32_t ram) {
  struct region *region = pvgi_slot_lock(&ram_table, ram);
  if (region == NULL) return pvgi_no_such(&ram_table, ram);
  int fd = region->fd;
  pvgi_slot_unlock(&region->slot);
  return fd;
}

int32_t pvg_ram_destroy(uint32_t ram) { return destroy(&ram_table, PVGI_RAM, ram); }

int32_t pvgi_ram_acquire(uint32_t ram, struct pvgi_memory *memory) { return acquire(&ram_table, ram, memory); }

void pvgi_ram_release(struct pvgi_memory *memory) { release(&ram_table, memory); }

int32_t pvgi_ram_find(uint64_t address, uint64_t length, struct pvgi_memory *memory) {
  struct place place = {0, 0, 0};
  pthread_mutex_lock(&places_mutex);
  size_t count = places_up_to(address);
  if (count != 0) place = places[count - 1];
  pthread_mutex_unlock(&places_mutex);
  uint64_t offset = address - place.start;
  /* It may be destroyed by now, but its addresses never become another's, so its handle is the one to ask. */
  if (length != 0 && offset < place.length && length <= place.length - offset) return pvgi_ram_acquire(place.ram, memory);
  return pvgi_fail(PVG_E_BOUNDS, "no RAM holds all 0x%llx bytes at 0x%llx", (unsigned long long)length,
                   (unsigned long long)address);
}

/* ---- task ranges ---- */

uint32_t pvg_range_create(uint32_t group, uint64_t length) {
  if (!check_length("task range", length, MAXIMUM_RANGE_LENGTH)) return 0;
  void *base = mmap(NULL, length, PROT_READ | PROT_WRITE, ZERO_PAGES, -1, 0);
  if (base == MAP_FAILED) {
    pvgi_fail(PVG_E_NO_MEMORY, "the system reserves no range of 0x%llx bytes: %s", (unsigned long long)length,
              strerror(errno));
    return 0;
  }
  return publish(&range_table, PVGI_RANGE, group, base, length, -1);
}

uint64_t pvg_range_address(uint32_t range) { return address(&range_table, range); }

/* Replaces part of a range. When there is no mapping to spare, Linux says so before it takes the old one away; should it
 * ever have taken it away first, the hole is filled with zero pages before another thread's mmap can move in.
 * Where nothing was taken away that fill fails with EEXIST and changes nothing. */
static int32_t replace(uint8_t *target, uint64_t length, int protection, int flags, int fd, uint64_t fd_offset) {
  if (mmap(target, length, protection, flags | MAP_FIXED, fd, (off_t)fd_offset) != MAP_FAILED) return PVG_OK;
  int error = errno;
#ifdef MAP_FIXED_NOREPLACE
  void *fill = mmap(target, length, PROT_READ | PROT_WRITE, ZERO_PAGES | MAP_FIXED_NOREPLACE, -1, 0);
  /* Kernels before 4.17 don't know the flag and may map elsewhere instead. */
  if (fill != MAP_FAILED && fill != (void *)target) munmap(fill, length);
#endif
  return pvgi_fail(PVG_E_NO_MEMORY, "the system maps no 0x%llx bytes there: %s", (unsigned long long)length,
                   strerror(error));
}

/* The second half of pvg_range_map(), under the range's mutex. The RAM's mutex is held across the mmap so that its file
 * descriptor can't be closed, and its number reused, in between. */
static int32_t map_ram(struct region *range, uint64_t offset, uint32_t ram, uint64_t ram_offset, uint64_t length,
                       bool read_only) {
  struct region *source = pvgi_slot_lock(&ram_table, ram);
  if (source == NULL) return pvgi_no_such(&ram_table, ram);
  int32_t status = check_piece("RAM", ram_offset, length, source->length);
  if (status == PVG_OK) {
    status = replace(range->base + offset, length, read_only ? PROT_READ : PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_NORESERVE, source->fd, ram_offset);
  }
  pvgi_slot_unlock(&source->slot);
  return status;
}

int32_t pvg_range_map(uint32_t range, uint64_t offset, uint32_t ram, uint64_t ram_offset, uint64_t length,
                      uint32_t read_only) {
  struct region *region = pvgi_slot_lock(&range_table, range);
  if (region == NULL) return pvgi_no_such(&range_table, range);
  int32_t status = check_piece("task range", offset, length, region->length);
  if (status == PVG_OK) status = map_ram(region, offset, ram, ram_offset, length, read_only != 0);
  pvgi_slot_unlock(&region->slot);
  return status;
}

int32_t pvg_range_unmap(uint32_t range, uint64_t offset, uint64_t length) {
  struct region *region = pvgi_slot_lock(&range_table, range);
  if (region == NULL) return pvgi_no_such(&range_table, range);
  int32_t status = check_piece("task range", offset, length, region->length);
  if (status == PVG_OK) {
    status = replace(region->base + offset, length, PROT_READ | PROT_WRITE, ZERO_PAGES, -1, 0);
  }
  pvgi_slot_unlock(&region->slot);
  return status;
}

int32_t pvg_range_destroy(uint32_t range) { return destroy(&range_table, PVGI_RANGE, range); }

int32_t pvgi_range_acquire(uint32_t range, struct pvgi_memory *memory) {
  return acquire(&range_table, range, memory);
}

void pvgi_range_release(struct pvgi_memory *memory) { release(&range_table, memory); }
