/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_mapper.h - a hostile guest of the IOSurface mapper, for fuzz_test.c: registers, ring entries, and a host that answers wrongly.
 *
 * The vCPUs share the ring, so that they move it under each other, and under the device. At the end it must work all the same.
 */
#ifndef FUZZ_MAPPER_H
#define FUZZ_MAPPER_H

#include "fuzz_choice.h"

#define MAPPER_CAPACITY 64u

static inline void put_mapper_entry(struct vcpu *vcpu, uint32_t position) {
  uint32_t entry[8] = {1 + below(vcpu, 2), below(vcpu, 256), page_gpa(vcpu), 0, PAGE << below(vcpu, 3), 0, below(vcpu, 2), 0};
  if (below(vcpu, 6) == 0) entry[below(vcpu, 8)] = awkward(vcpu);
  uint8_t *place = vcpu->guest->memory + MAPPER_RING + position % MAPPER_CAPACITY * IOSFC_ENTRY_SIZE;
  for (uint32_t at = 0; at < 8; at++) put_u32(place + 4 * at, entry[at]);
  atomic_fetch_add(&packets, 1);
}

static inline int32_t write_mapper(struct vcpu *vcpu, uint64_t offset, uint64_t value) {
  atomic_fetch_add(&accesses, 1);
  return pvg_mmio_write(vcpu->guest->host->device, PVG_WINDOW_IOSFC, offset, value);
}

/* What a guest that wants to use the mapper writes. The ring begins anew, since the other vCPU may have moved it. */
static inline void start_mapper(struct vcpu *vcpu) {
  CHECK(write_mapper(vcpu, IOSFC_RING_BASE, RAM_GPA + MAPPER_RING) == PVG_OK);
  CHECK(write_mapper(vcpu, IOSFC_RING_CAPACITY, MAPPER_CAPACITY) == PVG_OK);
  CHECK(write_mapper(vcpu, IOSFC_TABLE, RAM_GPA + MAPPER_TABLE) == PVG_OK);
  CHECK(write_mapper(vcpu, IOSFC_STATUS, IOSFC_STATUS_FAULT | IOSFC_STATUS_DONE) == PVG_OK);
}

static inline void access_mapper(struct vcpu *vcpu) {
  uint64_t offset = below(vcpu, 8) == 0 ? awkward(vcpu) : IOSFC_RING_BASE + below(vcpu, 12) * 4;
  uint64_t value = (uint64_t)(below(vcpu, 4) == 0 ? awkward(vcpu) : 0) << 32 | awkward(vcpu);
  uint32_t found[2];
  atomic_fetch_add(&accesses, 1);
  int32_t result = below(vcpu, 2) == 0
                     ? pvg_mmio_write(vcpu->guest->host->device, PVG_WINDOW_IOSFC, offset, value)
                     : pvg_mmio_read(vcpu->guest->host->device, PVG_WINDOW_IOSFC, offset, found);
  CHECK(result == PVG_OK || (result == PVG_E_ARGUMENT && (offset % 4 != 0 || offset >= IOSFC_WINDOW_LENGTH)));
}

/* Now and then the host answers mappings with an address that is no RAM's, and behind which a pattern must stay. */
static inline void step_mapper(struct vcpu *vcpu) {
  uint32_t choice = below(vcpu, 32), value[2];
  uint64_t wrong = (uint64_t)(uintptr_t)canaries[below(vcpu, CANARIES)] + below(vcpu, CANARY_LENGTH);
  if (choice < 24) {
    CHECK(pvg_mmio_read(vcpu->guest->host->device, PVG_WINDOW_IOSFC, IOSFC_PRODUCER, value) == PVG_OK);
    uint32_t count = 1 + below(vcpu, 8);
    for (uint32_t at = 0; at < count; at++) put_mapper_entry(vcpu, value[0] + at);
    CHECK(write_mapper(vcpu, IOSFC_PRODUCER, value[0] + count) == PVG_OK);
  } else if (choice < 27) {
    access_mapper(vcpu);
  } else if (choice < 30) {
    start_mapper(vcpu);
  } else if (choice < 31) {
    put_u32(vcpu->guest->memory + MAPPER_RING + 4 * below(vcpu, MAPPER_CAPACITY * 8), awkward(vcpu));
  } else {
    atomic_store(&vcpu->guest->host->iosfc_address, below(vcpu, 3) == 0 ? wrong : 0);
  }
}

static inline void check_mapper(struct vcpu *vcpu) {
  struct guest *guest = vcpu->guest;
  const uint32_t entries[2][8] = {{IOSFC_OP_UNMAP, 1}, {IOSFC_OP_MAP, 1, (uint32_t)RAM_GPA + SURFACES, 0, PAGE}};
  atomic_store(&guest->host->iosfc_address, 0);
  start_mapper(vcpu);
  memcpy(guest->memory + MAPPER_RING, entries, sizeof entries);
  CHECK(write_mapper(vcpu, IOSFC_PRODUCER, 2) == PVG_OK);
  CHECK(get_u32(guest->memory + MAPPER_RING + IOSFC_ENTRY_SIZE + 28) == IOSFC_OK);
  CHECK(get_u32(guest->memory + MAPPER_TABLE + IOSFC_TABLE_ENTRY_SIZE) == PAGE);
}

#endif
