/* SPDX-License-Identifier: Apache-2.0
 *
 * iosfc_test.c - the IOSurface mapper, when nobody does wrong, against what pvg_bridge.h and layout.h promise of it.
 *
 * The guest writes entries and kicks. What guest or host can do wrong is in iosfc_faults_test.c.
 */
#include "soft_mapper.h"

/* ---- registers ---- */

static void test_registers(void) {
  struct host host = {.config = {.iosfc = 1}};
  struct guest guest;
  uint32_t value[2];
  stage_open(&host, &guest);
  CHECK(pvg_mmio_length(host.device, PVG_WINDOW_IOSFC) == IOSFC_WINDOW_LENGTH);
  CHECK(pvg_mmio_length(host.device, 2) == PVG_E_UNSUPPORTED);
  const uint64_t wide[] = {IOSFC_RING_BASE, IOSFC_RING_CAPACITY, IOSFC_TABLE};
  for (int at = 0; at < 3; at++) {
    mapper_write(&guest, wide[at], 0x123456789abcdef0ull);
    CHECK(mapper_read(&guest, wide[at]) == 0x123456789abcdef0ull);
    CHECK(mapper_read(&guest, wide[at] + 4) == 0x12345678u);
    mapper_write(&guest, wide[at] + 4, 1);
    CHECK(mapper_read(&guest, wide[at]) == 0x123456789abcdef0ull);
    mapper_write(&guest, wide[at], 0x80000000u); /* as an access of 4 bytes comes: its high half becomes 0 */
    CHECK(mapper_read(&guest, wide[at]) == 0x80000000u && mapper_read(&guest, wide[at] + 4) == 0);
  }
  mapper_write(&guest, IOSFC_CONSUMER, 7);
  CHECK(mapper_read(&guest, IOSFC_CONSUMER) == 0 && mapper_read(&guest, IOSFC_STATUS) == 0);
  mapper_write(&guest, IOSFC_STATUS, UINT64_MAX);
  CHECK(mapper_read(&guest, IOSFC_STATUS) == 0);
  mapper_write(&guest, IOSFC_WINDOW_LENGTH - 4, 5);
  CHECK(mapper_read(&guest, IOSFC_WINDOW_LENGTH - 4) == 0 && mapper_read(&guest, 0) == 0);
  CHECK(pvg_mmio_read(host.device, PVG_WINDOW_IOSFC, IOSFC_STATUS + 2, value) == PVG_E_ARGUMENT);
  CHECK(pvg_mmio_write(host.device, PVG_WINDOW_IOSFC, IOSFC_WINDOW_LENGTH, 0) == PVG_E_ARGUMENT);
  CHECK(pvg_mmio_write(host.device, PVG_WINDOW_IOSFC, UINT64_MAX - 3, 0) == PVG_E_ARGUMENT);
  CHECK(count(&host, PVG_UPCALL_IOSFC_MAP) == 0 && count(&host, PVG_UPCALL_IOSFC_UNMAP) == 0);
  stage_close(&host, &guest);

  struct host without = {0};
  stage_open(&without, &guest);
  CHECK(pvg_mmio_length(without.device, PVG_WINDOW_IOSFC) == PVG_E_UNSUPPORTED);
  CHECK(pvg_mmio_read(without.device, PVG_WINDOW_IOSFC, IOSFC_STATUS, value) == PVG_E_UNSUPPORTED);
  CHECK(pvg_mmio_write(without.device, PVG_WINDOW_IOSFC, IOSFC_STATUS, 1) == PVG_E_UNSUPPORTED);
  stage_close(&without, &guest);
}

struct words {
  uint64_t at[6];
};

/* Makes the access that lies in the thread's transfer, and compares the words of `posted` afterwards. */
static void check_carried(uint32_t device, struct words access, int32_t status, struct words answer) {
  struct pvg_transfer *transfer = (struct pvg_transfer *)(uintptr_t)pvg_thread_transfer();
  memcpy(transfer->taken[0].words, &access, sizeof access);
  memset(&transfer->posted, 0xff, sizeof transfer->posted);
  CHECK(pvg_mmio_carry(device) == status);
  CHECK(memcmp(transfer->posted.words, &answer, sizeof answer) == 0);
  CHECK(transfer->posted.kind == UINT32_MAX && transfer->posted.id == UINT32_MAX && transfer->posted.reserved == UINT32_MAX);
}

static void *carry_without_transfer(void *device) {
  CHECK(pvg_mmio_carry(*(uint32_t *)device) == PVG_E_ARGUMENT);
  return NULL;
}

/* What a transfer says is written and read as it says. */
static void test_carried(void) {
  struct host host = {.config = {.iosfc = 1}};
  struct guest guest;
  stage_open(&host, &guest);
  const struct words nothing = {{1}}, refused = {{0}};
  check_carried(host.device, (struct words){{1, PVG_WINDOW_IOSFC, 8, IOSFC_TABLE, 0x9abcdef0u, 0x12345678u}}, PVG_OK, nothing);
  CHECK(mapper_read(&guest, IOSFC_TABLE) == 0x123456789abcdef0ull);
  check_carried(host.device, (struct words){{0, PVG_WINDOW_IOSFC, 8, IOSFC_TABLE}}, PVG_OK, (struct words){{1, 0x9abcdef0u, 0x12345678u}});
  check_carried(host.device, (struct words){{0, PVG_WINDOW_IOSFC, 4, IOSFC_TABLE}}, PVG_OK, (struct words){{1, 0x9abcdef0u, 0}});
  check_carried(host.device, (struct words){{1, PVG_WINDOW_GFX, 4, REG_FIFO_LENGTH, 77}}, PVG_OK, nothing);
  check_carried(host.device, (struct words){{0, PVG_WINDOW_GFX, 4, REG_FIFO_LENGTH}}, PVG_OK, (struct words){{1, 77, 0}});
  check_carried(host.device, (struct words){{1, PVG_WINDOW_IOSFC, 8, UINT64_MAX - 3, 1}}, PVG_E_ARGUMENT, refused);
  check_carried(host.device, (struct words){{0, 2, 4, 0}}, PVG_E_UNSUPPORTED, refused);
  struct pvg_transfer *transfer = (struct pvg_transfer *)(uintptr_t)pvg_thread_transfer();
  transfer->to = 1; /* what is to be posted isn't written over */
  transfer->posted.words[0] = 5;
  CHECK(pvg_mmio_carry(host.device) == PVG_E_ARGUMENT && transfer->posted.words[0] == 5);
  transfer->to = 0;
  pthread_t other;
  CHECK(pthread_create(&other, NULL, carry_without_transfer, &host.device) == 0 && pthread_join(other, NULL) == 0);
  stage_close(&host, &guest);
}

/* ---- mapping ---- */

static void test_map_and_unmap(void) {
  struct host host = {0};
  struct guest guest;
  stage_mapper(&host, &guest, 4);
  CHECK(count(&host, PVG_UPCALL_IOSFC_MAP) == 0); /* neither ring nor table before they are needed */
  put_u32(guest.memory + SURFACES, 0xcafe0001u);
  put_u32(guest.memory + SURFACES + 4, 0x5a5a5a5au);
  CHECK(map_page(&guest, 5) == IOSFC_OK && table_says(&guest, 5, PAGE, 0xcafe0001u, 1));
  CHECK(count(&host, PVG_UPCALL_IOSFC_MAP) == 3 && count(&host, PVG_UPCALL_IOSFC_UNMAP) == 0);
  CHECK(mapper_read(&guest, IOSFC_STATUS) == IOSFC_STATUS_DONE);
  AWAIT(count(&host, PVG_UPCALL_IOSFC_INTERRUPT) == 1); /* posted before the write completed, but served when the host likes */
  /* Three bytes at an odd address, in the last place of the table. */
  CHECK(run_entry(&guest, IOSFC_OP_MAP, IOSFC_SURFACES - 1, RAM_GPA + SURFACES + 1, 3, IOSFC_READ_ONLY) == IOSFC_OK);
  CHECK(table_says(&guest, IOSFC_SURFACES - 1, 3, 0xcafe00u, 1));
  CHECK(unmap_surface(&guest, 5) == IOSFC_OK && table_says(&guest, 5, 0, 0, 1));
  CHECK(map_page(&guest, 5) == IOSFC_OK && table_says(&guest, 5, PAGE, 0xcafe0001u, 2));
  CHECK(unmap_surface(&guest, 5) == IOSFC_OK && unmap_surface(&guest, IOSFC_SURFACES - 1) == IOSFC_OK);
  CHECK(count(&host, PVG_UPCALL_IOSFC_MAP) == 5 && count(&host, PVG_UPCALL_IOSFC_UNMAP) == 3);
  /* The interrupt comes again only once the guest has cleared the status. What was posted before an answered upcall was served. */
  CHECK(count(&host, PVG_UPCALL_IOSFC_INTERRUPT) == 1);
  mapper_write(&guest, IOSFC_STATUS, IOSFC_STATUS_DONE);
  CHECK(mapper_read(&guest, IOSFC_STATUS) == 0 && map_page(&guest, 6) == IOSFC_OK);
  AWAIT(count(&host, PVG_UPCALL_IOSFC_INTERRUPT) == 2);
  /* Nothing new is no news. */
  mapper_write(&guest, IOSFC_STATUS, IOSFC_STATUS_DONE);
  mapper_write(&guest, IOSFC_PRODUCER, mapper_read(&guest, IOSFC_PRODUCER));
  CHECK(mapper_read(&guest, IOSFC_STATUS) == 0);
  mapper_write(&guest, IOSFC_TABLE, RAM_GPA + MAPPER_TABLE);
  CHECK(count(&host, PVG_UPCALL_IOSFC_INTERRUPT) == 2);
  stage_close(&host, &guest);
}

/* What the host is asked for, and that a write completes with the last answer, while others complete at once. */
static void test_the_write_waits(void) {
  struct host host = {0};
  struct guest guest;
  struct access access;
  stage_mapper(&host, &guest, 8);
  CHECK(map_page(&guest, 1) == IOSFC_OK);
  atomic_store(&host.hold, 1u << PVG_UPCALL_IOSFC_MAP | 1u << PVG_UPCALL_IOSFC_UNMAP);
  put_entry(&guest, 1, IOSFC_OP_UNMAP, 1, 0, 0, 0);
  put_entry(&guest, 2, IOSFC_OP_MAP, 2, RAM_GPA + SURFACES + PAGE, 2 * PAGE, IOSFC_READ_ONLY);
  begin_write(&access, &guest, PVG_WINDOW_IOSFC, IOSFC_PRODUCER, 3);
  AWAIT(atomic_load(&host.held_count) == 1);
  const struct pvg_record *held = host.held;
  CHECK(held[0].kind == PVG_UPCALL_IOSFC_UNMAP && held[0].thread == 7);
  CHECK(held[0].words[0] == pvg_ram_address(host.ram) + SURFACES && mapper_read(&guest, IOSFC_CONSUMER) == 1);
  CHECK(host_answer(&host, &held[0]) == PVG_OK);
  AWAIT(atomic_load(&host.held_count) == 2);
  CHECK(held[1].kind == PVG_UPCALL_IOSFC_MAP && held[1].words[0] == RAM_GPA + SURFACES + PAGE);
  CHECK(held[1].words[1] == 2 * PAGE && held[1].words[2] == 1 && mapper_read(&guest, IOSFC_CONSUMER) == 2);
  guest_write(&guest, REG_MAIN_KICK, 1); /* the other window's accesses go past */
  STAYS(!atomic_load(&access.done));
  /* What the guest does to the entry now is too late: it was read. */
  put_entry(&guest, 2, IOSFC_OP_MAP, 3, RAM_GPA, 77, 0);
  CHECK(host_answer(&host, &held[1]) == PVG_OK);
  pthread_join(access.thread, NULL);
  CHECK(access.result == PVG_OK && mapper_read(&guest, IOSFC_CONSUMER) == 3);
  CHECK(table_says(&guest, 2, 2 * PAGE, 0, 1) && table_says(&guest, 3, 0, 0, 0));
  CHECK(get_u32(entry_at(&guest, 1) + 28) == IOSFC_OK && get_u32(entry_at(&guest, 2) + 28) == IOSFC_OK);
  stage_close(&host, &guest);
}

/* ---- ring and table ---- */

/* They are mapped when there is an entry, and unmapped by the write that says that they are elsewhere, before it completes. */
static void test_ring_and_table_move(void) {
  struct host host = {0};
  struct guest guest;
  stage_mapper(&host, &guest, 2);
  uint8_t *table = guest.memory + MAPPER_TABLE;
  for (uint32_t at = 0; at < 5; at++) CHECK(map_page(&guest, at) == IOSFC_OK); /* more than twice around */
  CHECK(count(&host, PVG_UPCALL_IOSFC_MAP) == 7);
  mapper_write(&guest, IOSFC_TABLE, RAM_GPA + MAPPER_TABLE + 0x100000);
  CHECK(count(&host, PVG_UPCALL_IOSFC_UNMAP) == 1 && mapper_read(&guest, IOSFC_CONSUMER) == 5);
  CHECK(map_page(&guest, 5) == IOSFC_OK && get_u32(table + 5 * IOSFC_TABLE_ENTRY_SIZE) == 0);
  CHECK(get_u32(table + 0x100000 + 5 * IOSFC_TABLE_ENTRY_SIZE) == PAGE && count(&host, PVG_UPCALL_IOSFC_MAP) == 9);
  mapper_write(&guest, IOSFC_RING_CAPACITY, 8);
  CHECK(count(&host, PVG_UPCALL_IOSFC_UNMAP) == 2 && mapper_read(&guest, IOSFC_CONSUMER) == 6);
  CHECK(map_page(&guest, 6) == IOSFC_OK && count(&host, PVG_UPCALL_IOSFC_MAP) == 11);
  mapper_write(&guest, IOSFC_RING_BASE, RAM_GPA + MAPPER_RING);
  CHECK(count(&host, PVG_UPCALL_IOSFC_UNMAP) == 3);
  CHECK(mapper_read(&guest, IOSFC_PRODUCER) == 0 && mapper_read(&guest, IOSFC_CONSUMER) == 0);
  /* What is written twice is unmapped once; surfaces stay. */
  mapper_write(&guest, IOSFC_RING_BASE, RAM_GPA + MAPPER_RING);
  CHECK(count(&host, PVG_UPCALL_IOSFC_UNMAP) == 3);
  CHECK(map_page(&guest, 6) == IOSFC_FAILED && unmap_surface(&guest, 6) == IOSFC_OK);
  stage_close(&host, &guest);
}

/* A guest that starts the ring anew while an entry of the old one is in the host's hands. */
static void test_restart_meanwhile(void) {
  struct host host = {0};
  struct guest guest;
  struct access kick, restart;
  stage_mapper(&host, &guest, 4);
  CHECK(map_page(&guest, 0) == IOSFC_OK);
  atomic_store(&host.hold, 1u << PVG_UPCALL_IOSFC_MAP);
  put_entry(&guest, 1, IOSFC_OP_MAP, 1, RAM_GPA + SURFACES, PAGE, 0);
  put_entry(&guest, 2, IOSFC_OP_MAP, 2, RAM_GPA + SURFACES, PAGE, 0);
  begin_write(&kick, &guest, PVG_WINDOW_IOSFC, IOSFC_PRODUCER, 3);
  AWAIT(atomic_load(&host.held_count) == 1);
  begin_write(&restart, &guest, PVG_WINDOW_IOSFC, IOSFC_RING_BASE, RAM_GPA + MAPPER_RING);
  AWAIT(mapper_read(&guest, IOSFC_PRODUCER) == 0);
  atomic_store(&host.hold, 0);
  CHECK(host_answer(&host, &host.held[0]) == PVG_OK);
  pthread_join(kick.thread, NULL);
  pthread_join(restart.thread, NULL);
  CHECK(kick.result == PVG_OK && restart.result == PVG_OK && mapper_read(&guest, IOSFC_CONSUMER) == 0);
  /* The first was carried out, where it was; the second is gone with the ring. */
  CHECK(get_u32(entry_at(&guest, 1) + 28) == IOSFC_OK && get_u32(entry_at(&guest, 2) + 28) == 0);
  CHECK(table_says(&guest, 1, PAGE, 0, 1) && table_says(&guest, 2, 0, 0, 0) && count(&host, PVG_UPCALL_IOSFC_UNMAP) == 1);
  CHECK(map_page(&guest, 2) == IOSFC_OK);
  stage_close(&host, &guest);
}

/* The producer has 32 bits, and one entry is enough of a ring. */
static void test_small_ring(void) {
  struct host host = {0};
  struct guest guest;
  stage_mapper(&host, &guest, 1);
  put_entry(&guest, 0, IOSFC_OP_UNMAP, 0, 0, 0, 0);
  mapper_write(&guest, IOSFC_PRODUCER, (1ull << 32) + 1);
  CHECK(mapper_read(&guest, IOSFC_PRODUCER) == 1 && mapper_read(&guest, IOSFC_CONSUMER) == 1);
  stage_close(&host, &guest);
}

/* ---- many ---- */

/* Every surface there can be, each with a reference of its own, in batches as large as the ring. */
static void test_many(void) {
  struct host host = {0};
  struct guest guest;
  stage_mapper(&host, &guest, IOSFC_RING_MAX);
  for (uint32_t at = 0; at < IOSFC_SURFACES; at++) {
    put_entry(&guest, at, IOSFC_OP_MAP, at, RAM_GPA + SURFACES + at % 2048 * PAGE, PAGE, 0);
  }
  mapper_write(&guest, IOSFC_PRODUCER, IOSFC_SURFACES);
  CHECK(count(&host, PVG_UPCALL_IOSFC_MAP) == IOSFC_SURFACES + 2);
  for (uint32_t at = 0; at < IOSFC_SURFACES; at++) {
    CHECK(get_u32(entry_at(&guest, at) + 28) == IOSFC_OK && table_says(&guest, at, PAGE, 0, 1));
  }
  CHECK(map_page(&guest, IOSFC_SURFACES / 2) == IOSFC_FAILED);
  mapper_write(&guest, IOSFC_RING_BASE, RAM_GPA + MAPPER_RING);
  for (uint32_t at = 0; at < IOSFC_SURFACES; at++) put_entry(&guest, at, IOSFC_OP_UNMAP, IOSFC_SURFACES - 1 - at, 0, 0, 0);
  mapper_write(&guest, IOSFC_PRODUCER, IOSFC_SURFACES);
  CHECK(count(&host, PVG_UPCALL_IOSFC_UNMAP) == IOSFC_SURFACES + 1 && count(&host, PVG_UPCALL_IOSFC_INTERRUPT) == 1);
  for (uint32_t at = 0; at < IOSFC_SURFACES; at++) CHECK(table_says(&guest, at, 0, 0, 1));
  stage_close(&host, &guest);
}

/* ---- the end ---- */

static void test_stop_meanwhile(bool destroy) {
  struct host host = {0};
  struct guest guest;
  struct access access;
  stage_mapper(&host, &guest, 4);
  CHECK(map_page(&guest, 0) == IOSFC_OK);
  atomic_store(&host.hold, 1u << PVG_UPCALL_IOSFC_MAP);
  put_entry(&guest, 1, IOSFC_OP_MAP, 1, RAM_GPA + SURFACES, PAGE, 0);
  begin_write(&access, &guest, PVG_WINDOW_IOSFC, IOSFC_PRODUCER, 2);
  AWAIT(atomic_load(&host.held_count) == 1);
  CHECK((destroy ? pvg_device_destroy(host.device) : pvg_device_stop(host.device)) == PVG_OK);
  pthread_join(access.thread, NULL);
  CHECK(access.result == PVG_E_CLOSED && pvg_upcall_answer(host.device, host.held[0].id, 1, 0) == PVG_E_HANDLE);
  stage_close(&host, &guest);
}

int main(void) {
  test_registers();
  test_carried();
  test_map_and_unmap();
  test_the_write_waits();
  test_ring_and_table_move();
  test_restart_meanwhile();
  test_small_ring();
  test_many();
  for (int how = 0; how < 2; how++) test_stop_meanwhile(how);
  return 0;
}
