/* SPDX-License-Identifier: Apache-2.0
 *
 * iosfc_faults_test.c - what a guest or a host can do wrong with the IOSurface mapper, and that nothing is lost or touched by it.
 *
 * Whether a reference on guest memory is held is seen by destroying the RAM: its bytes stay as long as there is one, and read as zeros
 * after. Random wrongs are in fuzz_test.c.
 */
#include "soft_mapper.h"

/* ---- entries ---- */

static void test_bad_entries(void) {
  struct host host = {0};
  struct guest guest;
  stage_mapper(&host, &guest, 2);
  CHECK(map_page(&guest, 9) == IOSFC_OK);
  const struct { uint32_t opcode, surface; uint64_t gpa, length; uint32_t flags; } bad[] = {
    {0, 1, RAM_GPA, PAGE, 0},
    {3, 1, RAM_GPA, PAGE, 0},
    {UINT32_MAX, 1, RAM_GPA, PAGE, 0},
    {IOSFC_OP_MAP, IOSFC_SURFACES, RAM_GPA, PAGE, 0},
    {IOSFC_OP_MAP, UINT32_MAX, RAM_GPA, PAGE, 0},
    {IOSFC_OP_MAP, 1, RAM_GPA, 0, 0},
    {IOSFC_OP_MAP, 1, RAM_GPA, IOSFC_SURFACE_MAX_LENGTH + 1ull, 0},
    {IOSFC_OP_MAP, 1, UINT64_MAX - PAGE + 1, 2 * PAGE, 0},
    {IOSFC_OP_MAP, 1, RAM_GPA, PAGE, 2},
    {IOSFC_OP_MAP, 9, RAM_GPA, PAGE, 0}, /* mapped already */
    {IOSFC_OP_UNMAP, 1, 0, 0, 0},        /* not mapped */
    {IOSFC_OP_UNMAP, IOSFC_SURFACES, 0, 0, 0},
  };
  for (size_t at = 0; at < sizeof bad / sizeof *bad; at++) {
    CHECK(run_entry(&guest, bad[at].opcode, bad[at].surface, bad[at].gpa, bad[at].length, bad[at].flags) == IOSFC_FAILED);
  }
  /* None of them was worth an upcall. */
  CHECK(count(&host, PVG_UPCALL_IOSFC_MAP) == 3 && count(&host, PVG_UPCALL_IOSFC_UNMAP) == 0);
  CHECK(mapper_read(&guest, IOSFC_STATUS) == IOSFC_STATUS_DONE && table_says(&guest, 9, PAGE, 0, 1));
  CHECK(map_page(&guest, 1) == IOSFC_OK);
  stage_close(&host, &guest);
}

/* ---- the host's answers ---- */

static void test_bad_answers(void) {
  struct host host = {0};
  struct guest guest;
  stage_mapper(&host, &guest, 16);
  CHECK(map_page(&guest, 0) == IOSFC_OK);
  CHECK(run_entry(&guest, IOSFC_OP_MAP, 1, 0x1000, PAGE, 0) == IOSFC_FAILED); /* no RAM there: refused, so nothing to undo */
  CHECK(count(&host, PVG_UPCALL_IOSFC_MAP) == 4 && count(&host, PVG_UPCALL_IOSFC_UNMAP) == 0);
  uint32_t gone = pvg_ram_create(host.group, PAGE);
  uint64_t start = pvg_ram_address(host.ram), local = 0;
  const uint64_t wrong[] = {1, UINT64_MAX, (uint64_t)(uintptr_t)&local, start - 1, start + RAM_LENGTH - PAGE + 1, start + RAM_LENGTH,
                            pvg_ram_address(gone)};
  CHECK(pvg_ram_destroy(gone) == PVG_OK);
  for (uint32_t at = 0; at < sizeof wrong / sizeof *wrong; at++) {
    atomic_store(&host.iosfc_address, wrong[at]);
    CHECK(map_page(&guest, 1) == IOSFC_FAILED && table_says(&guest, 1, 0, 0, 0));
    CHECK(count(&host, PVG_UPCALL_IOSFC_UNMAP) == at + 1); /* the host was told to undo it */
  }
  atomic_store(&host.iosfc_address, 0);
  CHECK(map_page(&guest, 1) == IOSFC_OK);
  /* An unmapping that the host refuses has failed, but the surface is gone. */
  atomic_store(&host.refuse, 1u << PVG_UPCALL_IOSFC_UNMAP);
  CHECK(unmap_surface(&guest, 1) == IOSFC_FAILED && table_says(&guest, 1, 0, 0, 1));
  atomic_store(&host.refuse, 0);
  CHECK(map_page(&guest, 1) == IOSFC_OK && table_says(&guest, 1, PAGE, 0, 2));
  stage_close(&host, &guest);
}

/* A mapping keeps the memory that it is in, and gives it back when it ends, however that comes. */
static void test_references(bool by_entry) {
  struct host host = {0};
  struct guest guest;
  stage_mapper(&host, &guest, 16);
  CHECK(map_page(&guest, 0) == IOSFC_OK);
  uint32_t other = pvg_ram_create(host.group, 4 * PAGE);
  volatile uint8_t *bytes = (uint8_t *)(uintptr_t)pvg_ram_address(other) + 3 * PAGE;
  bytes[0] = 0x5a;
  atomic_store(&host.iosfc_address, (uint64_t)(uintptr_t)bytes);
  CHECK(map_page(&guest, 1) == IOSFC_OK && table_says(&guest, 1, PAGE, 0x5a, 1));
  CHECK(pvg_ram_destroy(other) == PVG_OK && bytes[0] == 0x5a);
  CHECK(map_page(&guest, 2) == IOSFC_FAILED); /* a RAM that has no handle any more gets no new mappings */
  CHECK(pvg_device_reset(host.device) == PVG_OK && bytes[0] == 0x5a);
  if (by_entry) {
    CHECK(unmap_surface(&guest, 1) == IOSFC_OK);
  } else {
    CHECK(pvg_device_destroy(host.device) == PVG_OK);
  }
  CHECK(bytes[0] == 0);
  stage_close(&host, &guest);
}

/* ---- registers ---- */

static void check_fault(struct guest *guest, uint64_t offset, uint64_t bad, uint64_t good) {
  struct host *host = guest->host;
  uint32_t position = (uint32_t)mapper_read(guest, IOSFC_CONSUMER), maps = count(host, PVG_UPCALL_IOSFC_MAP);
  put_entry(guest, position, IOSFC_OP_UNMAP, 77, 0, 0, 0);
  mapper_write(guest, offset, bad);
  if (offset == IOSFC_RING_BASE) position = 0;
  if (offset != IOSFC_PRODUCER) mapper_write(guest, IOSFC_PRODUCER, position + 1u);
  CHECK(mapper_read(guest, IOSFC_STATUS) & IOSFC_STATUS_FAULT && mapper_read(guest, IOSFC_CONSUMER) == position);
  /* The host isn't asked for what can't be right. */
  bool place = offset == IOSFC_RING_BASE || offset == IOSFC_TABLE;
  if (place && bad % 16 != 0) CHECK(count(host, PVG_UPCALL_IOSFC_MAP) == maps);
  if (good == 0) good = mapper_read(guest, IOSFC_CONSUMER) + 1;
  mapper_write(guest, offset, good);
  if (offset == IOSFC_RING_BASE) position = 0;
  put_entry(guest, position, IOSFC_OP_UNMAP, 77, 0, 0, 0);
  /* Mended, but not cleared: still ignored. */
  mapper_write(guest, IOSFC_PRODUCER, position + 1u);
  CHECK(mapper_read(guest, IOSFC_CONSUMER) == position && get_u32(entry_at(guest, position) + 28) == 0);
  mapper_write(guest, IOSFC_STATUS, IOSFC_STATUS_FAULT | IOSFC_STATUS_DONE);
  CHECK(mapper_read(guest, IOSFC_STATUS) == 0 && mapper_read(guest, IOSFC_CONSUMER) == position);
  CHECK(count(host, PVG_UPCALL_IOSFC_MAP) <= maps + 1); /* at most the try that was refused */
  mapper_write(guest, IOSFC_PRODUCER, position + 1u);
  CHECK(mapper_read(guest, IOSFC_CONSUMER) == position + 1u && mapper_read(guest, IOSFC_STATUS) == IOSFC_STATUS_DONE);
  CHECK(get_u32(entry_at(guest, position) + 28) == IOSFC_FAILED);
}

static void test_faults(void) {
  struct host host = {0};
  struct guest guest;
  stage_mapper(&host, &guest, 4);
  const uint64_t ring = RAM_GPA + MAPPER_RING, table = RAM_GPA + MAPPER_TABLE;
  const struct { uint64_t offset, bad, good; } faults[] = {
    {IOSFC_RING_CAPACITY, 0, 4}, {IOSFC_RING_CAPACITY, 3, 4}, {IOSFC_RING_CAPACITY, 2 * IOSFC_RING_MAX, 4},
    {IOSFC_RING_CAPACITY, 1ull << 32, 4}, {IOSFC_RING_CAPACITY, 1ull << 63, 4}, {IOSFC_RING_BASE, ring + 8, ring},
    {IOSFC_RING_BASE, UINT64_MAX - 15, ring}, {IOSFC_RING_BASE, 0x1000, ring}, {IOSFC_RING_BASE, RAM_GPA + RAM_LENGTH - 16, ring},
    {IOSFC_TABLE, table + 1, table}, {IOSFC_TABLE, UINT64_MAX - 15, table}, {IOSFC_TABLE, 0, table},
    {IOSFC_TABLE, RAM_GPA + RAM_LENGTH - 0x100000 + 16, table},
  };
  for (size_t at = 0; at < sizeof faults / sizeof *faults; at++) {
    check_fault(&guest, faults[at].offset, faults[at].bad, faults[at].good);
  }
  uint64_t consumer = mapper_read(&guest, IOSFC_CONSUMER);
  check_fault(&guest, IOSFC_PRODUCER, consumer + 5, 0); /* further ahead than the ring is long */
  check_fault(&guest, IOSFC_PRODUCER, consumer, 0);     /* or behind the consumer, which is the same */
  /* An answer that doesn't keep the alignment is unusable for ring and table. */
  mapper_write(&guest, IOSFC_RING_BASE, ring);
  uint32_t unmapped = count(&host, PVG_UPCALL_IOSFC_UNMAP);
  atomic_store(&host.iosfc_address, pvg_ram_address(host.ram) + MAPPER_RING + 4);
  mapper_write(&guest, IOSFC_PRODUCER, 1);
  CHECK(mapper_read(&guest, IOSFC_STATUS) & IOSFC_STATUS_FAULT && mapper_read(&guest, IOSFC_CONSUMER) == 0);
  CHECK(count(&host, PVG_UPCALL_IOSFC_UNMAP) == unmapped + 1);
  stage_close(&host, &guest);
}

int main(void) {
  test_bad_entries();
  test_bad_answers();
  for (int how = 0; how < 2; how++) test_references(how);
  test_faults();
  return 0;
}
