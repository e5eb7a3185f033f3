/* SPDX-License-Identifier: Apache-2.0
 *
 * iosfc.c - the IOSurface mapper's thread: it takes entries out of the guest's ring and has the host map and unmap surfaces.
 *
 * Invariants: whatever is mapped holds a reference on the RAM that it is in, or on its region, from the answer until the
 * unmapping was answered, so that no answer of the host and nothing that it does later makes the thread touch memory that isn't there. An
 * entry is copied out of the ring once, and checked in the copy. Nothing here takes longer the more surfaces are mapped.
 *
 * A reset of the device does not reach the mapper. This file doesn't know which register holds what.
 */
#include <stdlib.h>
#include <string.h>

#include "iosfc.h"

/* What a mapping is for, where its upcalls have room for what only traces look at: a surface's number, or one of these. */
#define FOR_RING IOSFC_SURFACES
#define FOR_TABLE (IOSFC_SURFACES + 1u)

/* ---- mappings ---- */

static uint8_t *bytes_of(const struct soft_mapping *mapping) { return (uint8_t *)(uintptr_t)mapping->address; }

/* Whether this thread answers by itself. Surfaces come by the ten thousand, so it then does so without making an upcall of it. */
static bool answers_itself(const struct soft_iosfc *iosfc) { return pvgi_answers_itself(&iosfc->device->base, PVG_UPCALL_IOSFC_MAP); }

static bool tell_unmap(struct soft_iosfc *iosfc, uint64_t address, uint32_t purpose) {
  struct soft_device *device = iosfc->device;
  if (answers_itself(iosfc)) return !atomic_load(&device->stopped) && pvgi_iosfc_unmap(device->own, address);
  struct pvgi_call call = {.kind = PVG_UPCALL_IOSFC_UNMAP, .thread = pvgi_own_number(), .words = {address, purpose}};
  return pvgi_upcall(&device->base, &call, NULL);
}

static bool ask_host(struct soft_iosfc *iosfc, const uint64_t words[5], struct soft_mapping *mapping) {
  struct pvgi_call call = {.kind = PVG_UPCALL_IOSFC_MAP, .thread = pvgi_own_number(), .words = {words[0], words[1], words[2], words[3]}};
  uint64_t address, length = words[1];
  if (!pvgi_upcall(&iosfc->device->base, &call, &address)) return false;
  mapping->address = address;
  if (pvgi_ram_find(address, length, &mapping->memory) == PVG_OK) return true;
  /* The host believes that it mapped something, so it is told to undo it. */
  tell_unmap(iosfc, address, (uint32_t)words[3]);
  return false;
}

static bool map(struct soft_iosfc *iosfc, const struct soft_entry *want, uint32_t purpose, struct soft_mapping *mapping) {
  struct soft_device *device = iosfc->device;
  const uint64_t words[5] = {want->gpa, want->length, want->flags & IOSFC_READ_ONLY, purpose, 0};
  if (answers_itself(iosfc)) {
    mapping->mapped = !atomic_load(&device->stopped) && pvgi_iosfc_map(device->own, words, &mapping->address);
  } else {
    mapping->mapped = ask_host(iosfc, words, mapping);
  }
  return mapping->mapped;
}

/* The mapping is gone even if the host refuses: what would be left to do with it? */
static bool unmap(struct soft_iosfc *iosfc, struct soft_mapping *mapping, uint32_t purpose) {
  bool ok = tell_unmap(iosfc, mapping->address, purpose);
  mapping->mapped = false;
  if (mapping->memory.owner != NULL) pvgi_ram_release(&mapping->memory);
  return ok;
}

/* ---- surfaces ---- */

/* Length last, so that a guest that finds it finds what belongs to it. */
static void note_surface(const struct soft_iosfc *iosfc, uint32_t number, uint64_t length, uint32_t word) {
  uint8_t *entry = bytes_of(&iosfc->table.mapping) + (size_t)number * IOSFC_TABLE_ENTRY_SIZE;
  __atomic_store_n((uint32_t *)(void *)(entry + 8), word, __ATOMIC_RELAXED);
  __atomic_store_n((uint32_t *)(void *)(entry + 12), iosfc->surfaces[number].times, __ATOMIC_RELAXED);
  __atomic_store_n((uint64_t *)(void *)entry, length, __ATOMIC_RELEASE);
}

bool soft_surface_is_sane(const struct soft_entry *entry) {
  return entry->length >= 1 && entry->length <= IOSFC_SURFACE_MAX_LENGTH && (entry->flags & ~IOSFC_READ_ONLY) == 0 &&
         entry->gpa + entry->length >= entry->gpa;
}

/* Has the host map the surface, and leaves the table alone. */
bool soft_surface_map(struct soft_iosfc *iosfc, const struct soft_entry *entry) {
  struct soft_surface *surface = &iosfc->surfaces[entry->surface];
  if (!map(iosfc, entry, entry->surface, &surface->mapping)) return false;
  surface->gpa = entry->gpa;
  surface->length = entry->length;
  surface->flags = entry->flags;
  return true;
}

static bool map_surface(struct soft_iosfc *iosfc, const struct soft_entry *entry) {
  struct soft_surface *surface = &iosfc->surfaces[entry->surface];
  if (soft_iosfc_mapped(&surface->mapping) || !soft_surface_is_sane(entry) || !soft_surface_map(iosfc, entry)) return false;
  surface->times++;
  uint32_t word = 0;
  memcpy(&word, bytes_of(&surface->mapping), entry->length < sizeof word ? entry->length : sizeof word);
  note_surface(iosfc, entry->surface, entry->length, word);
  return true;
}

static bool unmap_surface(struct soft_iosfc *iosfc, uint32_t number) {
  struct soft_surface *surface = &iosfc->surfaces[number];
  if (!soft_iosfc_mapped(&surface->mapping)) return false;
  bool ok = unmap(iosfc, &surface->mapping, number);
  note_surface(iosfc, number, 0, 0);
  return ok;
}

static bool carry_out(struct soft_iosfc *iosfc, const struct soft_entry *entry) {
  if (entry->surface >= IOSFC_SURFACES) return false;
  switch (entry->opcode) {
    case IOSFC_OP_MAP: return map_surface(iosfc, entry);
    case IOSFC_OP_UNMAP: return unmap_surface(iosfc, entry->surface);
    default: return false;
  }
}

/* ---- ring and table ---- */

static bool registers_are_sane_locked(const struct soft_iosfc *iosfc) {
  uint64_t capacity = iosfc->ring_capacity;
  return capacity >= 1 && capacity <= IOSFC_RING_MAX && (capacity & (capacity - 1)) == 0 &&
         (uint32_t)(iosfc->producer - iosfc->consumer) <= capacity && iosfc->ring_base % 16 == 0 && iosfc->table_base % 16 == 0;
}

/* Unmaps a piece that is no longer where the registers say. The lock is released meanwhile. */
static void drop_stale_locked(struct soft_iosfc *iosfc, struct soft_piece *piece, uint64_t generation, uint32_t purpose) {
  if (!soft_iosfc_mapped(&piece->mapping) || piece->generation == generation) return;
  pthread_mutex_unlock(&iosfc->lock);
  unmap(iosfc, &piece->mapping, purpose);
  pthread_mutex_lock(&iosfc->lock);
}

static void drop_both_stale_locked(struct soft_iosfc *iosfc) {
  drop_stale_locked(iosfc, &iosfc->ring, iosfc->ring_generation, FOR_RING);
  drop_stale_locked(iosfc, &iosfc->table, iosfc->table_generation, FOR_TABLE);
}

/* Maps a piece if it isn't yet; false if that can't be. The lock is released meanwhile, so the piece may be stale already. */
static bool ensure_locked(struct soft_iosfc *iosfc, struct soft_piece *piece, uint64_t generation, const struct soft_entry *want,
                          uint32_t purpose) {
  if (soft_iosfc_mapped(&piece->mapping)) return true;
  if (want->gpa + want->length < want->gpa) return false;
  pthread_mutex_unlock(&iosfc->lock);
  bool ok = map(iosfc, want, purpose, &piece->mapping);
  if (ok && piece->mapping.address % IOSFC_TABLE_ENTRY_SIZE != 0) {
    /* Guest memory keeps its alignment on its way to the host, or else this isn't it. */
    unmap(iosfc, &piece->mapping, purpose);
    ok = false;
  }
  pthread_mutex_lock(&iosfc->lock);
  piece->generation = generation;
  piece->length = want->length;
  return ok;
}

/* Has the ring, the table or both mapped, as the registers say. */
bool soft_iosfc_ensure_locked(struct soft_iosfc *iosfc, bool with_ring, bool with_table) {
  struct soft_entry ring = {.gpa = iosfc->ring_base, .length = iosfc->ring_capacity * IOSFC_ENTRY_SIZE};
  struct soft_entry table = {.gpa = iosfc->table_base, .length = (uint64_t)IOSFC_SURFACES * IOSFC_TABLE_ENTRY_SIZE};
  uint64_t ring_generation = iosfc->ring_generation, table_generation = iosfc->table_generation;
  return (!with_ring || ensure_locked(iosfc, &iosfc->ring, ring_generation, &ring, FOR_RING)) &&
         (!with_table || ensure_locked(iosfc, &iosfc->table, table_generation, &table, FOR_TABLE));
}

static bool stale_locked(const struct soft_iosfc *iosfc) {
  return iosfc->ring.generation != iosfc->ring_generation || iosfc->table.generation != iosfc->table_generation;
}

/* Carries out the entry at the consumer; true if it was consumed. A guest that moves the ring meanwhile gets the result where the entry
 * was, and one that starts the ring anew counts from 0. */
static bool consume_locked(struct soft_iosfc *iosfc) {
  uint32_t entries = (uint32_t)(iosfc->ring.length / IOSFC_ENTRY_SIZE);
  uint8_t *place = bytes_of(&iosfc->ring.mapping) + (size_t)(iosfc->consumer & (entries - 1)) * IOSFC_ENTRY_SIZE;
  uint64_t restarts = iosfc->restarts;
  pthread_mutex_unlock(&iosfc->lock);
  struct soft_entry entry;
  memcpy(&entry, place, sizeof entry);
  uint32_t result = carry_out(iosfc, &entry) ? IOSFC_OK : IOSFC_FAILED;
  __atomic_store_n((uint32_t *)(void *)(place + offsetof(struct soft_entry, result)), result, __ATOMIC_RELEASE);
  pthread_mutex_lock(&iosfc->lock);
  if (iosfc->restarts != restarts) return false;
  iosfc->consumer++;
  return true;
}

/* Does what there is to do next; false if that is nothing. */
static bool step_locked(struct soft_iosfc *iosfc, bool *consumed) {
  drop_both_stale_locked(iosfc);
  if (atomic_load(&iosfc->device->stopped) || (iosfc->status & IOSFC_STATUS_FAULT)) return false;
  if (iosfc->producer == iosfc->consumer) return false;
  uint64_t ring_generation = iosfc->ring_generation, table_generation = iosfc->table_generation;
  if (registers_are_sane_locked(iosfc) && soft_iosfc_ensure_locked(iosfc, true, true)) {
    if (!stale_locked(iosfc) && consume_locked(iosfc)) *consumed = true;
  } else if (iosfc->ring_generation == ring_generation && iosfc->table_generation == table_generation) {
    iosfc->status |= IOSFC_STATUS_FAULT;
  }
  return true;
}

/* ---- the thread ---- */

static void serve_locked(struct soft_iosfc *iosfc) {
  uint64_t ticket = iosfc->asked;
  bool kicked = iosfc->kicked, consumed = false;
  iosfc->kicked = false;
  drop_both_stale_locked(iosfc);
  while (kicked && step_locked(iosfc, &consumed)) continue;
  if (consumed && !(iosfc->status & IOSFC_STATUS_DONE)) {
    struct pvg_record record = {.kind = PVG_UPCALL_IOSFC_INTERRUPT, .thread = THREAD_IOSFC, .words = {IOSFC_VECTOR}};
    iosfc->status |= IOSFC_STATUS_DONE;
    pthread_mutex_unlock(&iosfc->lock);
    pvgi_post(&iosfc->device->base, &record);
    pthread_mutex_lock(&iosfc->lock);
  }
  iosfc->done = ticket;
  pthread_cond_broadcast(&iosfc->done_cond);
}

void *soft_iosfc_main(void *argument) {
  struct soft_iosfc *iosfc = argument;
  pthread_mutex_lock(&iosfc->lock);
  while (!atomic_load(&iosfc->device->stopped)) {
    if (iosfc->asked > iosfc->done) {
      serve_locked(iosfc);
    } else {
      pthread_cond_wait(&iosfc->work_cond, &iosfc->lock);
    }
  }
  pthread_mutex_unlock(&iosfc->lock);
  return NULL;
}

/* Takes the lock when the thread has nothing to do, which it then doesn't until the lock is given back. */
void soft_iosfc_rest(struct soft_iosfc *iosfc) {
  pthread_mutex_lock(&iosfc->lock);
  while (iosfc->asked > iosfc->done && !atomic_load(&iosfc->device->stopped)) pthread_cond_wait(&iosfc->done_cond, &iosfc->lock);
}

struct soft_iosfc *soft_iosfc_create(struct soft_device *device) {
  struct soft_iosfc *iosfc = calloc(1, sizeof *iosfc);
  if (iosfc == NULL) return NULL;
  iosfc->device = device;
  pthread_mutex_init(&iosfc->lock, NULL);
  pthread_cond_init(&iosfc->work_cond, NULL);
  pthread_cond_init(&iosfc->done_cond, NULL);
  return iosfc;
}

void soft_iosfc_stop(struct soft_iosfc *iosfc) {
  pthread_mutex_lock(&iosfc->lock);
  pthread_cond_broadcast(&iosfc->work_cond);
  pthread_cond_broadcast(&iosfc->done_cond);
  pthread_mutex_unlock(&iosfc->lock);
}

void soft_iosfc_free(struct soft_iosfc *iosfc) {
  pvgi_ram_release(&iosfc->ring.mapping.memory);
  pvgi_ram_release(&iosfc->table.mapping.memory);
  for (uint32_t number = 0; number < IOSFC_SURFACES; number++) pvgi_ram_release(&iosfc->surfaces[number].mapping.memory);
  pthread_mutex_destroy(&iosfc->lock);
  pthread_cond_destroy(&iosfc->work_cond);
  pthread_cond_destroy(&iosfc->done_cond);
  free(iosfc);
}
