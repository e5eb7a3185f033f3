/* SPDX-License-Identifier: Apache-2.0
 *
 * vfio_memory.c - the client's memory as the library's memory map.
 *
 * Invariant: what is in the table is what is published, so a look-up on PVG's threads finds what the last answered message has made.
 */
#include <errno.h>
#include <stdlib.h>

#include "vfio_server.h"

static int by_address(const void *left, const void *right) {
  const struct vfio_mapping *a = *(const struct vfio_mapping *const *)left, *b = *(const struct vfio_mapping *const *)right;
  return a->address < b->address ? -1 : a->address > b->address;
}

static int publish(struct vfio_server *server) {
  const struct vfio_mapping *sorted[VFIO_MAPPINGS_MAX];
  struct pvg_map_range ranges[VFIO_MAPPINGS_MAX];
  struct pvg_map_region regions[VFIO_MAPPINGS_MAX];
  uint32_t count = 0;
  for (uint32_t at = 0; at < VFIO_MAPPINGS_MAX; at++) {
    if (server->mappings[at].ram != 0) sorted[count++] = &server->mappings[at];
  }
  qsort(sorted, count, sizeof *sorted, by_address);
  for (uint32_t at = 0; at < count; at++) {
    const struct vfio_mapping *mapping = sorted[at];
    ranges[at] = (struct pvg_map_range){.gpa = mapping->address, .length = mapping->size, .place = at};
    regions[at] = (struct pvg_map_region){
      .length = mapping->size,
      .ram = mapping->ram,
      .slot = mapping->slot,
      .region = mapping->slot,
      .flags = PVG_REGION_MAPPABLE | (mapping->writable ? PVG_REGION_WRITABLE : 0),
    };
  }
  return pvg_map_publish(server->map, ranges, count, regions, count) == PVG_OK ? 0 : ENOMEM;
}

static _Atomic int32_t *cells_of(const struct vfio_server *server) {
  return (_Atomic int32_t *)(uintptr_t)pvg_map_cells(server->map);
}

/* A slot of the map's that is nobody's becomes the caller's; 0: there is none. */
static uint32_t take_slot(const struct vfio_server *server) {
  _Atomic int32_t *cells = cells_of(server);
  for (uint32_t slot = 1; slot <= PVG_MAP_SLOTS; slot++) {
    int32_t expected = PVG_MAP_FREE;
    if (__atomic_compare_exchange_n(&cells[slot], &expected, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) return slot;
  }
  return 0;
}

/* The region is on no map any more: what has mapped it is taken away now, and its name goes with the last reference. */
static void retire(const struct vfio_server *server, uint32_t slot, uint32_t ram) {
  _Atomic int32_t *cells = cells_of(server);
  pvg_ram_revoke(ram);
  if (++cells[slot] != 1) return;
  pvg_ram_destroy(ram);
  cells[slot] = PVG_MAP_FREE;
}

int vfio_memory_map(struct vfio_server *server, const struct vfio_dma_map *request, int fd) {
  struct vfio_mapping *place = NULL;
  if (request->size == 0 || request->address + request->size < request->address) return EINVAL;
  for (uint32_t at = 0; at < VFIO_MAPPINGS_MAX; at++) {
    struct vfio_mapping *other = &server->mappings[at];
    if (other->ram == 0) place = other;
    else if (request->address < other->address + other->size && other->address < request->address + request->size) return EEXIST;
  }
  /* Without a descriptor it is memory that would have to be asked for: it is on no map. */
  if (fd < 0) return 0;
  bool writable = (request->flags & 2u) != 0;
  uint32_t slot = place == NULL ? 0 : take_slot(server);
  uint32_t ram = slot == 0 ? 0 : pvg_ram_import(server->group, fd, request->offset, request->size, writable);
  if (ram == 0) {
    if (slot != 0) cells_of(server)[slot] = PVG_MAP_FREE;
    return ENOMEM;
  }
  *place = (struct vfio_mapping){.address = request->address, .size = request->size, .ram = ram, .slot = slot, .writable = writable};
  return publish(server);
}

int vfio_memory_unmap(struct vfio_server *server, uint64_t address, uint64_t size) {
  struct vfio_mapping gone[VFIO_MAPPINGS_MAX];
  uint32_t count = 0;
  for (uint32_t at = 0; at < VFIO_MAPPINGS_MAX; at++) {
    struct vfio_mapping *mapping = &server->mappings[at];
    /* By the last byte: a range may end where addresses do. */
    bool inside = mapping->address >= address && mapping->address + mapping->size - 1 <= address + size - 1;
    if (mapping->ram == 0 || !inside) continue;
    gone[count++] = *mapping;
    mapping->ram = 0;
  }
  int error = publish(server);
  for (uint32_t at = 0; at < count; at++) retire(server, gone[at].slot, gone[at].ram);
  return error;
}

int vfio_memory_clear(struct vfio_server *server) { return vfio_memory_unmap(server, 0, UINT64_MAX); }
