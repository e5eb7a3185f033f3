/* SPDX-License-Identifier: Apache-2.0
 *
 * memory_map_test.c - the memory map against every rule that pvg_host.h gives for it.
 *
 * The last tests are races: readers while snapshots are published and regions are gone, references given back by several threads. What
 * they must not find is a region whose RAM was destroyed; a sanitizer sees in them what a snapshot freed under a reader would be.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "check.h"
#include "internal.h"

#define LENGTH 0x10000u
#define ALL (PVG_REGION_MAPPABLE | PVG_REGION_WRITABLE)
#define GPA UINT64_C(0x40000000)

static uint32_t group, map, rams[3];
static uint64_t bases[3];

static _Atomic int32_t *cells(void) { return (_Atomic int32_t *)(uintptr_t)pvg_map_cells(map); }

static void begin(void) {
  group = pvg_group_create();
  map = pvg_map_create(group);
  CHECK(group != 0 && map != 0);
  for (int i = 0; i < 3; i++) {
    rams[i] = pvg_ram_create(group, LENGTH);
    bases[i] = pvg_ram_address(rams[i]);
    CHECK(bases[i] != 0);
    memset((void *)(uintptr_t)bases[i], i + 1, LENGTH);
  }
}

static void end(void) {
  CHECK(pvg_group_destroy(group) == PVG_OK);
  CHECK(pvg_map_destroy(map) == PVG_E_HANDLE);
}

/* Region n is RAM n in slot n + 1, called 0x70 + n. */
static struct pvg_map_region region(uint32_t n, uint32_t flags) {
  return (struct pvg_map_region){.length = LENGTH, .ram = rams[n], .slot = n + 1, .region = 0x70 + n, .flags = flags};
}

static struct pvg_map_range range(uint64_t gpa, uint64_t length, uint64_t offset, uint32_t place) {
  return (struct pvg_map_range){.gpa = gpa, .length = length, .offset = offset, .place = place};
}

/* What a host does to have a slot for a region, and to take the region away. */
static void claim(uint32_t slot) {
  int32_t expected = PVG_MAP_FREE;
  CHECK(atomic_compare_exchange_strong(&cells()[slot], &expected, 0));
}

static bool removal(uint32_t slot) { return atomic_fetch_or(&cells()[slot], 1) == 0; }

/* RAM, then a ROM of which two pieces are seen around registers, then another device's memory. */
static void publish_mixed(void) {
  const struct pvg_map_region regions[] = {region(0, ALL), region(1, PVG_REGION_MAPPABLE), region(2, 0)};
  const struct pvg_map_range ranges[] = {
    range(GPA, LENGTH, 0, 0),
    range(GPA + LENGTH, 0x4000, 0, 1),
    range(GPA + LENGTH + 0x4000, 0x1000, 0, PVG_MAP_REGISTERS),
    range(GPA + LENGTH + 0x5000, 0x2000, 0x5000, 1),
    range(UINT64_MAX - 0xfff, 0xfff, 0x100, 2),
  };
  for (uint32_t slot = 1; slot <= 3; slot++) claim(slot);
  CHECK(pvg_map_publish(map, ranges, 5, regions, 3) == PVG_OK);
}

static bool finds(uint64_t gpa, uint64_t length, bool write) {
  struct pvg_map_found found;
  int32_t status = pvg_map_lookup(map, gpa, length, write, &found);
  CHECK(status == PVG_OK || status == PVG_E_BOUNDS);
  return status == PVG_OK;
}

static void test_lookup(void) {
  begin();
  CHECK(!finds(GPA, 1, false));
  publish_mixed();
  struct pvg_map_found found;
  CHECK(pvg_map_lookup(map, GPA + LENGTH + 0x5010, 0x10, 0, &found) == PVG_OK);
  CHECK(found.address == bases[1] + 0x5010 && found.contiguous == 0x1ff0 && found.ram_offset == 0x5010);
  CHECK(found.ram == rams[1] && found.slot == 2 && found.region == 0x71 && found.flags == PVG_REGION_MAPPABLE);
  CHECK(finds(GPA, LENGTH, true) && finds(GPA + LENGTH - 1, 1, true));
  CHECK(!finds(GPA - 1, 1, false) && !finds(GPA, 0, false));
  CHECK(!finds(GPA, LENGTH + 1, false) && !finds(GPA + 1, LENGTH, false));
  CHECK(finds(GPA + LENGTH, 0x4000, false) && !finds(GPA + LENGTH, 0x4000, true) && !finds(GPA + LENGTH, 0x4001, false));
  CHECK(!finds(GPA + LENGTH + 0x4000, 4, false) && !finds(GPA + LENGTH + 0x7000, 1, false));
  CHECK(!finds(UINT64_MAX - 0x10, 4, false) && !finds(UINT64_MAX, 1, false));
  CHECK(!finds(GPA, UINT64_MAX, false) && !finds(GPA + 1, UINT64_MAX, false));
  end();
}

static void test_host_addresses(void) {
  begin();
  publish_mixed();
  struct pvg_map_found found;
  for (uint32_t n = 0; n < 3; n++) {
    CHECK(pvg_map_find_host(map, bases[n], &found) == PVG_OK && found.slot == n + 1 && found.ram == rams[n]);
    CHECK(pvg_map_find_host(map, bases[n] + LENGTH - 1, &found) == PVG_OK && found.slot == n + 1);
    CHECK(found.contiguous == 1 && found.ram_offset == LENGTH - 1 && found.address == bases[n] + LENGTH - 1);
    CHECK(pvg_map_release_host(map, bases[n], &found) == PVG_E_BOUNDS);
  }
  CHECK(pvg_map_find_host(map, 0, &found) == PVG_E_BOUNDS && pvg_map_find_host(map, UINT64_MAX, &found) == PVG_E_BOUNDS);
  CHECK(pvg_map_acquire(map, 2) == PVG_OK);
  CHECK(pvg_map_release_host(map, bases[1] + 0x123, &found) == PVG_OK && found.region == 0x71);
  CHECK(pvg_map_references(map, 2) == 0);
  end();
}

static void test_removed_regions(void) {
  begin();
  publish_mixed();
  struct pvg_map_found found;
  CHECK(pvg_map_lookup_acquire(map, GPA, 0x1000, 1, &found) == PVG_OK && pvg_map_references(map, 1) == 1);
  CHECK(pvg_map_acquire(map, 1) == PVG_OK && pvg_map_references(map, 1) == 2);
  const struct pvg_map_region left[] = {region(2, ALL), region(0, PVG_REGION_REMOVED), region(1, PVG_REGION_REMOVED)};
  CHECK(pvg_map_publish(map, NULL, 0, left, 3) == PVG_OK);
  CHECK(!removal(1) && removal(2));
  CHECK(!finds(GPA, 1, false));
  CHECK(pvg_map_find_host(map, bases[0], &found) == PVG_OK && found.flags == PVG_REGION_REMOVED);
  CHECK(pvg_map_find_host(map, bases[1], &found) == PVG_E_BOUNDS && pvg_map_release_host(map, bases[1], &found) == PVG_E_BOUNDS);
  CHECK(pvg_map_release(map, 1) == PVG_OK && pvg_ram_address(rams[0]) != 0);
  CHECK(pvg_map_release_host(map, bases[0] + 8, &found) == 1 && pvg_ram_address(rams[0]) == 0);
  CHECK(atomic_load(&cells()[1]) == PVG_MAP_FREE && pvg_map_find_host(map, bases[0], &found) == PVG_E_BOUNDS);
  CHECK(pvg_map_release(map, 1) == PVG_E_ARGUMENT && pvg_map_acquire(map, 1) == PVG_E_ARGUMENT);
  /* The slot is another region's now, which nobody reaches by the old one's address. */
  claim(1);
  struct pvg_map_region next = region(0, ALL);
  next.ram = pvg_ram_create(group, LENGTH);
  const struct pvg_map_region both[] = {next, region(2, ALL)};
  CHECK(pvg_map_publish(map, NULL, 0, both, 2) == PVG_OK);
  CHECK(pvg_map_acquire(map, 1) == PVG_OK);
  CHECK(pvg_map_find_host(map, bases[0], &found) == PVG_E_BOUNDS && pvg_map_release_host(map, bases[0], &found) == PVG_E_BOUNDS);
  CHECK(pvg_map_references(map, 1) == 1);
  /* Removed and gone is left out; on the map and gone is an error. */
  CHECK(pvg_map_publish(map, NULL, 0, left, 3) == PVG_OK);
  const struct pvg_map_region lost = region(0, ALL);
  CHECK(pvg_map_publish(map, NULL, 0, &lost, 1) == PVG_E_HANDLE);
  end();
}

static void refuses(const struct pvg_map_range *ranges, uint32_t range_count, const struct pvg_map_region *regions, uint32_t count) {
  CHECK(pvg_map_publish(map, ranges, range_count, regions, count) == PVG_E_ARGUMENT);
  CHECK(finds(GPA, LENGTH, true));
}

static void test_bad_snapshots(void) {
  begin();
  publish_mixed();
  const struct pvg_map_region good[] = {region(0, ALL), region(1, ALL)};
  struct pvg_map_region bad[] = {region(0, ALL), region(1, ALL)};
#define BAD(field, value)                                                              \
  do {                                                                                 \
    bad[1] = good[1];                                                                  \
    bad[1].field = (value);                                                            \
    refuses(NULL, 0, bad, 2);                                                          \
  } while (0)
  BAD(slot, 0);
  BAD(slot, PVG_MAP_SLOTS + 1);
  BAD(slot, 1);
  BAD(flags, 8);
  BAD(length, 0);
  BAD(length, LENGTH + 1);
  BAD(length, UINT64_MAX);
  BAD(ram_offset, 1);
  BAD(ram_offset, UINT64_MAX);
  BAD(ram, rams[0]);
  const struct pvg_map_range wrong[][2] = {
    {range(GPA, 0, 0, 0), range(GPA + LENGTH, 1, 0, 0)},
    {range(GPA, LENGTH, 0, 0), range(GPA + LENGTH - 1, 1, 0, 0)},
    {range(GPA, 1, 0, 0), range(GPA - 1, 1, 0, 0)},
    {range(GPA, 1, 0, 0), range(UINT64_MAX, 1, 0, 0)},
    {range(GPA, 1, 0, 0), range(GPA + 1, 1, 0, 2)},
    {range(GPA, 1, 0, 0), range(GPA + 1, LENGTH, 1, 1)},
    {range(GPA, 1, 0, 0), range(GPA + 1, 1, UINT64_MAX, 1)},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) refuses(wrong[i], 2, good, 2);
  refuses(NULL, 1, good, 2);
  refuses(wrong[0], 1, NULL, 2);
  refuses(wrong[0], PVG_MAP_RANGES + 1, good, 2);
  refuses(wrong[0], 1, good, PVG_MAP_SLOTS + 1);
  struct pvg_map_found found;
  CHECK(pvg_map_acquire(map, 0) == PVG_E_ARGUMENT && pvg_map_release(map, PVG_MAP_SLOTS + 1) == PVG_E_ARGUMENT);
  CHECK(pvg_map_references(map, UINT32_MAX) == PVG_E_ARGUMENT && pvg_map_references(map, 900) == 0);
  CHECK(pvg_map_lookup(map, GPA, 1, 0, NULL) == PVG_E_ARGUMENT && pvg_map_find_host(map, 1, NULL) == PVG_E_ARGUMENT);
  const uint32_t forged[] = {0, 1, group, rams[0], map ^ 1, map + (1u << 14), UINT32_MAX};
  for (size_t i = 0; i < sizeof forged / sizeof forged[0]; i++) {
    CHECK(pvg_map_lookup(forged[i], GPA, 1, 0, &found) == PVG_E_HANDLE);
    CHECK(pvg_map_publish(forged[i], NULL, 0, NULL, 0) == PVG_E_HANDLE);
    CHECK(pvg_map_acquire(forged[i], 1) == PVG_E_HANDLE && pvg_map_release_host(forged[i], bases[0], &found) == PVG_E_HANDLE);
    CHECK(pvg_map_cells(forged[i]) == 0 && pvg_map_destroy(forged[i]) == PVG_E_HANDLE);
  }
  end();
}

/* ---- races ---- */

#define ROUNDS 400

static atomic_bool over;
static atomic_uint misses, hits, lasts;

/* Takes references by guest-physical address, looks through them, and gives them back by host address or by slot. */
static void *reader_main(void *argument) {
  bool by_host = argument != NULL;
  while (!atomic_load(&over)) {
    struct pvg_map_found found, host;
    if (pvg_map_lookup_acquire(map, GPA + 0x100, 8, 1, &found) != PVG_OK) {
      atomic_fetch_add(&misses, 1);
      continue;
    }
    /* The RAM is there as long as we have the reference; once it was gone it would read as zeros. */
    CHECK(__atomic_load_n((uint64_t *)(uintptr_t)found.address, __ATOMIC_RELAXED) != 0);
    atomic_fetch_add(&hits, 1);
    int32_t status = by_host ? pvg_map_release_host(map, found.address, &host) : pvg_map_release(map, found.slot);
    CHECK(status == PVG_OK || status == 1);
    if (status == 1) atomic_fetch_add(&lasts, 1);
  }
  return NULL;
}

/* A region that comes, is found by everybody, and goes again; each time exactly one learns that it is gone. */
static void come_and_go(uint32_t slot) {
  uint32_t ram = pvg_ram_create(group, LENGTH), before = atomic_load(&lasts);
  CHECK(ram != 0);
  __atomic_store_n((uint64_t *)(uintptr_t)(pvg_ram_address(ram) + 0x100), 1, __ATOMIC_RELAXED);
  struct pvg_map_region only = {.length = LENGTH, .ram = ram, .slot = slot, .region = 5, .flags = ALL};
  const struct pvg_map_range seen = range(GPA, LENGTH, 0, 0);
  claim(slot);
  CHECK(pvg_map_publish(map, &seen, 1, &only, 1) == PVG_OK);
  uint32_t count = atomic_load(&hits);
  while (atomic_load(&hits) == count) continue;
  only.flags = PVG_REGION_REMOVED;
  CHECK(pvg_map_publish(map, NULL, 0, &only, 1) == PVG_OK);
  if (removal(slot)) {
    CHECK(pvg_ram_destroy(ram) == PVG_OK);
    atomic_store(&cells()[slot], PVG_MAP_FREE);
    CHECK(atomic_load(&lasts) == before);
    return;
  }
  while (atomic_load(&cells()[slot]) != PVG_MAP_FREE) continue;
  CHECK(pvg_ram_address(ram) == 0);
}

static void test_races(void) {
  begin();
  pthread_t readers[4];
  atomic_store(&over, false);
  for (size_t i = 0; i < 4; i++) CHECK(pthread_create(&readers[i], NULL, reader_main, i % 2 ? &over : NULL) == 0);
  for (uint32_t round = 0; round < ROUNDS; round++) come_and_go(1 + round % 2);
  atomic_store(&over, true);
  for (size_t i = 0; i < 4; i++) pthread_join(readers[i], NULL);
  CHECK(atomic_load(&hits) >= ROUNDS && atomic_load(&misses) != 0);
  end();
}

/* One map after the other in the same place, while a reader holds on to every handle. */
static void *stale_main(void *argument) {
  struct pvg_map_found found;
  atomic_uint *handle = argument;
  while (!atomic_load(&over)) {
    int32_t status = pvg_map_lookup(atomic_load(handle), GPA, LENGTH, 1, &found);
    CHECK(status == PVG_OK || status == PVG_E_HANDLE || status == PVG_E_BOUNDS);
    if (status == PVG_OK) atomic_fetch_add(&hits, 1);
  }
  return NULL;
}

static void test_destroyed_under_readers(void) {
  static atomic_uint handle;
  begin();
  pthread_t reader;
  atomic_store(&over, false);
  atomic_store(&hits, 0);
  CHECK(pthread_create(&reader, NULL, stale_main, &handle) == 0);
  const struct pvg_map_region only = region(0, ALL);
  const struct pvg_map_range seen = range(GPA, LENGTH, 0, 0);
  for (uint32_t round = 0; round < ROUNDS; round++) {
    uint32_t other = pvg_map_create(group);
    atomic_store(&handle, other);
    CHECK(pvg_map_publish(other, &seen, 1, &only, 1) == PVG_OK);
    uint32_t count = atomic_load(&hits);
    while (atomic_load(&hits) == count) continue;
    CHECK(pvg_map_destroy(other) == PVG_OK && pvg_map_destroy(other) == PVG_E_HANDLE);
  }
  atomic_store(&over, true);
  pthread_join(reader, NULL);
  end();
}

int main(void) {
  test_lookup();
  test_host_addresses();
  test_removed_regions();
  test_bad_snapshots();
  test_races();
  test_destroyed_under_readers();
  return 0;
}
