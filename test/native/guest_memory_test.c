/* SPDX-License-Identifier: Apache-2.0
 *
 * guest_memory_test.c - RAMs and task ranges against every rule that pvg_bridge.h gives for them.
 *
 * Each test makes a group of its own and destroys it. What is in a range is looked at through the reference that a PVG would
 * take (pvgi_range_acquire), because nobody else may.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "internal.h"

#define PAGES 8

static uint64_t page;

static uint8_t *view(uint64_t address) { return (uint8_t *)(uintptr_t)address; }

static int open_files(void) {
  int count = 0;
  DIR *folder = opendir("/proc/self/fd");
  CHECK(folder != NULL);
  while (readdir(folder) != NULL) count++;
  closedir(folder);
  return count;
}

/* Fills page n of a RAM with the byte n + 1. */
static uint32_t make_ram(uint32_t group) {
  uint32_t ram = pvg_ram_create(group, PAGES * page);
  CHECK(ram != 0);
  uint8_t *bytes = view(pvg_ram_address(ram));
  for (uint64_t at = 0; at < PAGES * page; at++) CHECK(bytes[at] == 0);
  for (int n = 0; n < PAGES; n++) memset(bytes + n * page, n + 1, page);
  return ram;
}

/* Whether the kernel could write there for us, which needs no signal handler to find out. */
static bool writable(void *address) {
  int zeros = open("/dev/zero", O_RDONLY);
  CHECK(zeros >= 0);
  bool written = read(zeros, address, 1) == 1;
  close(zeros);
  return written;
}

static void check_page(uint32_t range, uint64_t number, uint8_t value) {
  struct pvgi_memory memory;
  CHECK(pvgi_range_acquire(range, &memory) == PVG_OK);
  for (uint64_t at = 0; at < page; at += 61) CHECK(memory.base[number * page + at] == value);
  pvgi_range_release(&memory);
}

static void test_map_is_an_alias(void) {
  uint32_t group = pvg_group_create(), ram = make_ram(group), range = pvg_range_create(group, 4 * page);
  CHECK(range != 0);
  for (uint64_t n = 0; n < 4; n++) check_page(range, n, 0);
  CHECK(pvg_range_map(range, page, ram, 5 * page, 2 * page, 0) == PVG_OK);
  check_page(range, 0, 0);
  check_page(range, 1, 6);
  check_page(range, 2, 7);
  check_page(range, 3, 0);

  /* Both ways: what is written on one side is on the other. */
  memset(view(pvg_ram_address(ram)) + 5 * page, 0x55, page);
  check_page(range, 1, 0x55);
  struct pvgi_memory memory;
  CHECK(pvgi_range_acquire(range, &memory) == PVG_OK);
  memset(memory.base + 2 * page, 0x66, page);
  pvgi_range_release(&memory);
  CHECK(view(pvg_ram_address(ram))[6 * page + 17] == 0x66);

  /* Read-only is the target's property: the RAM stays writable. */
  CHECK(pvg_range_map(range, page, ram, 0, page, 1) == PVG_OK);
  CHECK(pvg_range_map(range, 2 * page, ram, page, page, 0) == PVG_OK);
  CHECK(pvgi_range_acquire(range, &memory) == PVG_OK);
  CHECK(!writable(memory.base + page) && writable(memory.base + 2 * page + 8) && memory.base[page] == 1);
  pvgi_range_release(&memory);
  CHECK(pvg_range_map(range, 2 * page, ram, 6 * page, page, 0) == PVG_OK);

  /* A later mapping replaces; an unmap gives fresh zeros and leaves the RAM alone. */
  CHECK(pvg_range_map(range, page, ram, 0, page, 1) == PVG_OK);
  check_page(range, 1, 1);
  CHECK(pvg_range_unmap(range, page, 2 * page) == PVG_OK);
  check_page(range, 1, 0);
  check_page(range, 2, 0);
  CHECK(view(pvg_ram_address(ram))[0] == 1 && view(pvg_ram_address(ram))[6 * page] == 0x66);

  /* Fresh means: not what was written to the zero pages before. */
  CHECK(pvgi_range_acquire(range, &memory) == PVG_OK);
  memset(memory.base, 9, page);
  pvgi_range_release(&memory);
  CHECK(pvg_range_unmap(range, 0, page) == PVG_OK);
  check_page(range, 0, 0);
  CHECK(pvg_group_destroy(group) == PVG_OK);
}

static void test_bounds(void) {
  uint32_t group = pvg_group_create(), ram = make_ram(group), range = pvg_range_create(group, 4 * page);
  CHECK(pvg_range_map(range, 0, ram, 0, 4 * page, 0) == PVG_OK);
  const struct { uint64_t offset, ram_offset, length; } wrong[] = {
    {0, 0, 0},                                  /* empty */
    {1, 0, page}, {0, 1, page}, {0, 0, 1},      /* not whole pages */
    {4 * page, 0, page},                        /* behind the end */
    {3 * page, 0, 2 * page},                    /* over the end */
    {0, 7 * page, 2 * page},                    /* over the RAM's end */
    {0, 8 * page, page},
    {0, 0, 5 * page},
    {UINT64_MAX - page + 1, 0, page},           /* negative */
    {UINT64_MAX - page + 1, 0, 2 * page},       /* its end overflows to inside */
    {0, UINT64_MAX - page + 1, 2 * page},
    {page, 0, UINT64_MAX - page + 1},
  };
  for (size_t at = 0; at < sizeof wrong / sizeof *wrong; at++) {
    CHECK(pvg_range_map(range, wrong[at].offset, ram, wrong[at].ram_offset, wrong[at].length, 0) == PVG_E_BOUNDS);
    bool only_ram = wrong[at].ram_offset != 0;
    if (!only_ram) CHECK(pvg_range_unmap(range, wrong[at].offset, wrong[at].length) == PVG_E_BOUNDS);
  }
  for (uint64_t n = 0; n < 4; n++) check_page(range, n, (uint8_t)(n + 1));

  const uint64_t lengths[] = {0, 1, page - 1, page + 1, UINT64_MAX, UINT64_MAX - page + 1};
  for (size_t at = 0; at < sizeof lengths / sizeof *lengths; at++) {
    CHECK(pvg_ram_create(group, lengths[at]) == 0);
    CHECK(pvg_range_create(group, lengths[at]) == 0);
    CHECK(strstr(pvg_last_error(), "page") != NULL);
  }
  CHECK(pvg_ram_create(group, (UINT64_C(1) << 40) + page) == 0);
  CHECK(pvg_range_create(group, (UINT64_C(64) << 30) + page) == 0);
  CHECK(pvg_group_destroy(group) == PVG_OK);
}

static void test_handles(void) {
  uint32_t group = pvg_group_create(), ram = make_ram(group), range = pvg_range_create(group, page);
  const uint32_t forged[] = {0, 1, UINT32_MAX, group, range ^ 0x4000u};
  for (size_t at = 0; at < sizeof forged / sizeof *forged; at++) {
    CHECK(pvg_range_map(forged[at], 0, ram, 0, page, 0) == PVG_E_HANDLE);
    CHECK(pvg_range_map(range, 0, forged[at], 0, page, 0) == PVG_E_HANDLE);
    CHECK(pvg_range_unmap(forged[at], 0, page) == PVG_E_HANDLE);
    CHECK(pvg_range_destroy(forged[at]) == PVG_E_HANDLE);
    CHECK(pvg_range_address(forged[at]) == 0);
    CHECK(pvg_ram_destroy(forged[at]) == PVG_E_HANDLE);
    CHECK(pvg_ram_address(forged[at]) == 0);
    CHECK(pvg_ram_fd(forged[at]) == PVG_E_HANDLE);
  }
  CHECK(pvg_range_map(ram, 0, range, 0, page, 0) == PVG_E_HANDLE);
  CHECK(pvg_range_destroy(range) == PVG_OK);
  CHECK(pvg_range_destroy(range) == PVG_E_HANDLE);
  /* The next one may live in the same slot; the old handle does not reach it. */
  uint32_t other = pvg_range_create(group, page);
  CHECK(other != range && pvg_range_destroy(range) == PVG_E_HANDLE && pvg_range_address(other) != 0);
  CHECK(pvg_ram_create(0, page) == 0 && pvg_range_create(0, page) == 0);
  CHECK(pvg_group_close(group, PVG_CAUSE_CLOSED) == PVG_OK);
  CHECK(pvg_group_destroy(group) == PVG_OK);
  CHECK(pvg_range_address(other) == 0 && pvg_ram_address(ram) == 0);
  CHECK(pvg_ram_create(group, page) == 0);
}

static void test_what_outlives_what(void) {
  uint32_t group = pvg_group_create(), ram = make_ram(group), range = pvg_range_create(group, 2 * page);
  CHECK(pvg_range_map(range, 0, ram, 2 * page, page, 0) == PVG_OK);
  uint8_t *forgotten = view(pvg_ram_address(ram));

  /* A file cut short would kill whoever reads behind its end. */
  CHECK(ftruncate(pvg_ram_fd(ram), 0) != 0);
  struct pvgi_memory memory;
  CHECK(pvgi_ram_acquire(ram, &memory) == PVG_OK);
  CHECK(pvg_ram_destroy(ram) == PVG_OK);
  CHECK(forgotten[0] == 1); /* referenced: not yet */
  pvgi_ram_release(&memory);
  for (uint64_t n = 0; n < PAGES; n++) CHECK(forgotten[n * page] == 0);
  check_page(range, 0, 3);
  CHECK(pvg_range_unmap(range, 0, page) == PVG_OK);
  check_page(range, 0, 0);

  /* A range that PVG holds outlives its handle, but can't be mapped any more. */
  uint32_t second = make_ram(group);
  CHECK(pvg_range_map(range, 0, second, 0, page, 0) == PVG_OK);
  CHECK(pvgi_range_acquire(range, &memory) == PVG_OK);
  CHECK(pvg_range_destroy(range) == PVG_OK);
  CHECK(pvg_range_map(range, 0, second, page, page, 0) == PVG_E_HANDLE);
  CHECK(memory.base[0] == 1);
  CHECK(pvg_group_destroy(group) == PVG_OK);
  CHECK(memory.base[0] == 1);
  pvgi_range_release(&memory);
}

/* Ranges are mapped and unmapped while others read them: a reader sees one of the pages, never a hole. It reads as hardware
 * would, without a lock, so this one race is meant, and hidden from the thread sanitizer. */
static atomic_bool finished;
static uint32_t busy_range, busy_ram;

static void *remap(void *argument) {
  uint64_t own = (uint64_t)(uintptr_t)argument;
  for (uint64_t at = 0; at < 3000; at++) {
    CHECK(pvg_range_map(busy_range, own * page, busy_ram, (at % PAGES) * page, page, at & 1) == PVG_OK);
    if (at % 3 == 0) CHECK(pvg_range_unmap(busy_range, own * page, page) == PVG_OK);
  }
  return NULL;
}

__attribute__((no_sanitize_thread)) static void *look(void *unused) {
  (void)unused;
  struct pvgi_memory memory;
  CHECK(pvgi_range_acquire(busy_range, &memory) == PVG_OK);
  while (!atomic_load(&finished)) {
    for (uint64_t n = 0; n < 4; n++) CHECK(*(volatile uint8_t *)(memory.base + n * page) <= PAGES);
  }
  pvgi_range_release(&memory);
  return NULL;
}

static void test_mapping_under_readers(void) {
  uint32_t group = pvg_group_create();
  busy_ram = make_ram(group);
  busy_range = pvg_range_create(group, 4 * page);
  pthread_t writers[4], reader;
  CHECK(pthread_create(&reader, NULL, look, NULL) == 0);
  for (uintptr_t at = 0; at < 4; at++) CHECK(pthread_create(&writers[at], NULL, remap, (void *)at) == 0);
  for (int at = 0; at < 4; at++) pthread_join(writers[at], NULL);
  atomic_store(&finished, true);
  pthread_join(reader, NULL);
  CHECK(pvg_group_destroy(group) == PVG_OK);
}

static bool found(uint64_t address, uint64_t length, uint64_t start) {
  struct pvgi_memory memory;
  if (pvgi_ram_find(address, length, &memory) != PVG_OK) return false;
  CHECK(memory.base == view(start));
  pvgi_ram_release(&memory);
  return true;
}

/* The RAM that holds an address, and all bytes of it, is found among many, and only while it lives. */
static void test_find(void) {
  enum { COUNT = 300 };
  uint32_t group = pvg_group_create(), rams[COUNT];
  uint64_t starts[COUNT], length = 2 * page;
  for (int at = 0; at < COUNT; at++) {
    rams[at] = pvg_ram_create(group, length);
    starts[at] = pvg_ram_address(rams[at]);
    CHECK(starts[at] != 0);
  }
  for (int at = 0; at < COUNT; at++) {
    CHECK(found(starts[at], length, starts[at]) && found(starts[at] + length - 1, 1, starts[at]));
    CHECK(!found(starts[at] + length - 1, 2, 0) && !found(starts[at], length + 1, 0)); /* into the next one, mostly */
    CHECK(!found(starts[at], 0, 0) && !found(starts[at] + 1, UINT64_MAX, 0));
  }
  CHECK(!found(0, 1, 0) && !found(UINT64_MAX, 1, 0) && !found((uint64_t)(uintptr_t)starts, 1, 0));
  struct pvgi_memory kept;
  CHECK(pvgi_ram_find(starts[1] + 5, 1, &kept) == PVG_OK);
  for (int at = 1; at < COUNT; at += 2) CHECK(pvg_ram_destroy(rams[at]) == PVG_OK);
  for (int at = 0; at < COUNT; at++) CHECK(found(starts[at] + 1, 1, starts[at]) == (at % 2 == 0));
  kept.base[5] = 77; /* what was found stays until it is given back */
  CHECK(view(starts[1])[5] == 77);
  pvgi_ram_release(&kept);
  CHECK(view(starts[1])[5] == 0);
  for (int at = 0; at < 5000; at++) CHECK(pvg_ram_destroy(pvg_ram_create(group, page)) == PVG_OK); /* what is gone takes no place */
  CHECK(found(starts[0], 1, starts[0]));
  CHECK(pvg_group_destroy(group) == PVG_OK && !found(starts[0], 1, 0));
}

static void test_nothing_is_left(void) {
  int before = open_files();
  for (int round = 0; round < 200; round++) {
    uint32_t group = pvg_group_create();
    for (int at = 0; at < 8; at++) {
      uint32_t ram = pvg_ram_create(group, page), range = pvg_range_create(group, page);
      CHECK(pvg_range_map(range, 0, ram, 0, page, 0) == PVG_OK);
    }
    CHECK(pvg_group_destroy(group) == PVG_OK);
  }
  CHECK(open_files() == before);
}

int main(void) {
  page = pvg_page_size();
  test_map_is_an_alias();
  test_bounds();
  test_handles();
  test_what_outlives_what();
  test_mapping_under_readers();
  test_find();
  test_nothing_is_left();
  return 0;
}
