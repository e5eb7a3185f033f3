/* SPDX-License-Identifier: Apache-2.0
 *
 * soft_mapper.h - the guest's side of the IOSurface mapper, for its tests: registers, ring and table, as layout.h has them.
 *
 * The ring is at MAPPER_RING, the table at MAPPER_TABLE; what is mapped is the test's choice.
 */
#ifndef SOFT_MAPPER_H
#define SOFT_MAPPER_H

#include "soft_access.h"

static inline uint64_t mapper_read(struct guest *guest, uint64_t offset) {
  uint32_t value[2];
  CHECK(pvg_mmio_read(guest->host->device, PVG_WINDOW_IOSFC, offset, value) == PVG_OK);
  return (uint64_t)value[1] << 32 | value[0];
}

static inline void mapper_write(struct guest *guest, uint64_t offset, uint64_t value) {
  CHECK(pvg_mmio_write(guest->host->device, PVG_WINDOW_IOSFC, offset, value) == PVG_OK);
}

static inline void mapper_start(struct guest *guest, uint32_t capacity) {
  mapper_write(guest, IOSFC_RING_BASE, RAM_GPA + MAPPER_RING);
  mapper_write(guest, IOSFC_RING_CAPACITY, capacity);
  mapper_write(guest, IOSFC_TABLE, RAM_GPA + MAPPER_TABLE);
}

static inline void stage_mapper(struct host *host, struct guest *guest, uint32_t capacity) {
  host->config.iosfc = 1;
  stage_open(host, guest);
  mapper_start(guest, capacity);
}

static inline uint8_t *entry_at(struct guest *guest, uint32_t position) {
  uint64_t capacity = mapper_read(guest, IOSFC_RING_CAPACITY);
  return guest->memory + MAPPER_RING + (position & (capacity - 1)) * IOSFC_ENTRY_SIZE;
}

static inline void put_entry(struct guest *guest, uint32_t position, uint32_t opcode, uint32_t surface, uint64_t gpa, uint64_t length,
                      uint32_t flags) {
  const uint32_t words[8] = {opcode,           surface,          (uint32_t)gpa, (uint32_t)(gpa >> 32),
                             (uint32_t)length, (uint32_t)(length >> 32), flags, 0};
  uint8_t *entry = entry_at(guest, position);
  for (uint32_t at = 0; at < 8; at++) put_u32(entry + 4 * at, words[at]);
}

/* Puts one entry in, has it carried out, and gives its result. */
static inline uint32_t run_entry(struct guest *guest, uint32_t opcode, uint32_t surface, uint64_t gpa, uint64_t length, uint32_t flags) {
  uint32_t position = (uint32_t)mapper_read(guest, IOSFC_PRODUCER);
  put_entry(guest, position, opcode, surface, gpa, length, flags);
  mapper_write(guest, IOSFC_PRODUCER, (uint64_t)position + 1);
  CHECK(mapper_read(guest, IOSFC_CONSUMER) == position + 1u);
  return get_u32(entry_at(guest, position) + 28);
}

static inline uint32_t map_page(struct guest *guest, uint32_t surface) {
  return run_entry(guest, IOSFC_OP_MAP, surface, RAM_GPA + SURFACES, PAGE, 0);
}

static inline uint32_t unmap_surface(struct guest *guest, uint32_t surface) {
  return run_entry(guest, IOSFC_OP_UNMAP, surface, 0, 0, 0);
}

static inline bool table_says(struct guest *guest, uint32_t surface, uint64_t length, uint32_t word, uint32_t times) {
  const uint8_t *entry = guest->memory + MAPPER_TABLE + surface * IOSFC_TABLE_ENTRY_SIZE;
  return get_u32(entry) == (uint32_t)length && get_u32(entry + 4) == (uint32_t)(length >> 32) && get_u32(entry + 8) == word &&
         get_u32(entry + 12) == times;
}

static inline uint32_t count(struct host *host, uint32_t kind) { return atomic_load(&host->counts[kind]); }

#endif
