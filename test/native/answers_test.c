/* SPDX-License-Identifier: Apache-2.0
 *
 * answers_test.c - upcalls that PVG's own threads answer: what pvg_bridge.h says of them, one by one and by several threads at once.
 *
 * The device makes none of the upcalls by itself here: the tests have them answered, as its threads would.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "answers.h"
#include "check.h"

#define PAGE UINT64_C(0x4000)
#define LENGTH (64 * PAGE)
#define GPA UINT64_C(0x40000000)
#define ROM_GPA UINT64_C(0x50000000)
#define REGISTERS UINT64_C(0x60000000)
#define ALL_TRACES ((1u << PVG_TRACE_EVENTS) - 1u)

static struct pvg_config config;
static uint32_t device, ram, rom;
static uint64_t base;

static int32_t publish(uint32_t flags, uint32_t ranges) {
  const struct pvg_map_region regions[] = {
    {.length = LENGTH, .ram = ram, .slot = 1, .region = 0x71, .flags = flags},
    {.length = LENGTH, .ram = rom, .slot = 2, .region = 0x72, .flags = PVG_REGION_MAPPABLE},
  };
  const struct pvg_map_range seen[] = {
    {.gpa = ROM_GPA, .length = LENGTH, .place = 1},
    {.gpa = REGISTERS, .length = LENGTH, .place = PVG_MAP_REGISTERS},
    {.gpa = REGISTERS + LENGTH, .length = LENGTH, .place = 0},
  };
  return pvg_map_publish(config.map, seen, ranges, regions, 2);
}

static void begin(uint32_t own_iosfc, uint32_t traces) {
  memset(&config, 0, sizeof config);
  config = (struct pvg_config){.version = PVG_BRIDGE_VERSION, .group = pvg_group_create(), .page_shift = 14, .vectors = 1, .iosfc = 1,
                               .ports = 1, .display_serials = {1}, .display_mm = {400, 300}, .own_tasks = 1, .own_reads = 1};
  memcpy(config.display_name, "display", 8);
  uint32_t mailbox = pvg_mailbox_create(config.group, 64, 0);
  for (uint32_t at = 0; at < PVG_CLASSES; at++) config.mailboxes[at] = mailbox;
  config.map = pvg_map_create(config.group);
  config.own_iosfc = own_iosfc;
  config.own_traces = traces;
  ram = pvg_ram_create(config.group, LENGTH);
  rom = pvg_ram_create(config.group, LENGTH);
  base = pvg_ram_address(ram);
  _Atomic int32_t *cells = (_Atomic int32_t *)(uintptr_t)pvg_map_cells(config.map);
  cells[1] = cells[2] = 0;
  CHECK(publish(PVG_REGION_MAPPABLE | PVG_REGION_WRITABLE, 3) == PVG_OK);
  device = pvg_device_create(&config, NULL, 0);
  CHECK(device != 0);
}

static void end(void) { CHECK(pvg_group_destroy(config.group) == PVG_OK); }

/* Where RAM is seen. */
static uint64_t gpa_of(uint64_t offset) { return REGISTERS + LENGTH + offset; }

static int32_t answer(uint32_t kind, const uint64_t *words, uint32_t count, uint64_t *value) {
  struct pvg_record record = {.kind = kind};
  memcpy(record.words, words, count * sizeof *words);
  return pvg_device_own_answer(device, &record, value);
}

#define ANSWER(kind, value, ...) answer((kind), (const uint64_t[]){__VA_ARGS__}, sizeof((uint64_t[]){__VA_ARGS__}) / 8, (value))

static int32_t map_surface(uint64_t gpa, uint64_t length, uint64_t read_only, uint64_t *address) {
  return ANSWER(PVG_UPCALL_IOSFC_MAP, address, gpa, length, read_only, 5, 6);
}

static int32_t unmap_surface(uint64_t address) {
  uint64_t ignored;
  return ANSWER(PVG_UPCALL_IOSFC_UNMAP, &ignored, address, 0, 0, 0, 0, 0);
}

static int32_t references(void) { return pvg_map_references(config.map, 1); }

static uint64_t alive(void) {
  uint64_t counts[2];
  CHECK(pvg_device_own_counts(device, counts) == PVG_OK);
  return counts[1];
}

/* ---- surfaces ---- */

static void test_surfaces(uint32_t own) {
  begin(own, 0);
  uint64_t address = 1, other;
  CHECK(map_surface(gpa_of(0x123), 0x1000, 0, &address) == PVG_OK && address == base + 0x123);
  CHECK(references() == 1 && alive() == 1);
  CHECK(map_surface(gpa_of(LENGTH - 1), 2, 0, &other) == PVG_E_REFUSED && other == 0);
  CHECK(map_surface(REGISTERS, 4, 1, &other) == PVG_E_REFUSED && map_surface(gpa_of(0), 0, 1, &other) == PVG_E_REFUSED);
  CHECK(map_surface(ROM_GPA, PAGE, 0, &other) == PVG_E_REFUSED && references() == 1 && alive() == 1);
  CHECK(map_surface(ROM_GPA, PAGE, 1, &other) == PVG_OK && other == pvg_ram_address(rom) && alive() == 2);
  CHECK(unmap_surface(other) == PVG_OK && unmap_surface(address) == PVG_OK);
  CHECK(references() == 0 && alive() == 0 && unmap_surface(address) == PVG_E_REFUSED);
  /* The same twice, and one beside it. */
  CHECK(map_surface(gpa_of(0), PAGE, 0, &address) == PVG_OK && map_surface(gpa_of(0), PAGE, 1, &other) == PVG_OK && other == address);
  CHECK(references() == 2);
  bool checked = own == PVG_OWN_IOSFC_CHECKED;
  CHECK(unmap_surface(address + 8) == (checked ? PVG_E_REFUSED : PVG_OK) && references() == (checked ? 2 : 1));
  CHECK(unmap_surface(address) == PVG_OK && unmap_surface(address) == (checked ? PVG_OK : PVG_E_REFUSED));
  CHECK(references() == 0 && alive() == 0);
  end();
}

/* Every byte of a page and many pages, in a scrambled order: none is forgotten or found for another. */
static void test_many_mappings(void) {
  begin(PVG_OWN_IOSFC_CHECKED, 0);
  uint64_t address;
  for (uint64_t at = 0; at < PVGI_MAPPINGS; at++) CHECK(map_surface(gpa_of(at * 7 % (LENGTH - 1)), 1, 1, &address) == PVG_OK);
  CHECK(alive() == PVGI_MAPPINGS && references() == (int32_t)PVGI_MAPPINGS);
  CHECK(map_surface(gpa_of(PVGI_MAPPINGS * 7), 1, 1, &address) == PVG_E_REFUSED && references() == (int32_t)PVGI_MAPPINGS);
  CHECK(map_surface(gpa_of(0), 1, 1, &address) == PVG_OK && unmap_surface(address) == PVG_OK);
  for (uint64_t step = 0; step < PVGI_MAPPINGS; step++) {
    uint64_t at = step * 40503 % PVGI_MAPPINGS; /* odd, and no factor of the count: each once */
    CHECK(unmap_surface(base + at * 7 % (LENGTH - 1)) == PVG_OK);
    if (step % 64 == 0) CHECK(unmap_surface(base + at * 7 % (LENGTH - 1)) == PVG_E_REFUSED);
  }
  CHECK(alive() == 0 && references() == 0);
  end();
}

/* ---- tasks ---- */

static uint64_t tasks_alive(void) {
  uint64_t counts[2];
  CHECK(pvg_device_own_counts(device, counts) == PVG_OK);
  return counts[0];
}

static int32_t map_page(uint64_t task, uint64_t offset, uint64_t gpa, uint64_t length, uint64_t read_only) {
  uint64_t ignored;
  return ANSWER(PVG_UPCALL_MAP_MEMORY, &ignored, task, offset, read_only, 1, gpa, length);
}

static int32_t unmap_page(uint64_t task, uint64_t offset, uint64_t length) {
  uint64_t ignored;
  return ANSWER(PVG_UPCALL_UNMAP_MEMORY, &ignored, task, offset, length);
}

static void test_tasks(void) {
  begin(PVG_OWN_IOSFC_NONE, 0);
  uint64_t task, ignored;
  CHECK(ANSWER(PVG_UPCALL_CREATE_TASK, &task, 8 * PAGE) == PVG_OK && task != 0 && tasks_alive() == 1);
  CHECK(map_page(task, 0, gpa_of(PAGE), PAGE, 0) == PVG_OK && map_page(task, PAGE, gpa_of(0), PAGE, 1) == PVG_OK);
  CHECK(references() == 1);
  CHECK(map_page(task, 0, ROM_GPA, PAGE, 0) == PVG_E_REFUSED && pvg_map_references(config.map, 2) == 0);
  CHECK(map_page(task, 0, ROM_GPA, PAGE, 1) == PVG_OK && pvg_map_references(config.map, 2) == 1);
  CHECK(map_page(task, 7 * PAGE, gpa_of(0), 2 * PAGE, 0) == PVG_E_REFUSED && map_page(task, UINT64_MAX, gpa_of(0), PAGE, 0) == PVG_E_REFUSED);
  CHECK(map_page(task, 0, gpa_of(0), 0, 0) == PVG_E_REFUSED && map_page(task, 8, gpa_of(0), PAGE, 0) == PVG_E_REFUSED);
  CHECK(map_page(0, 0, gpa_of(0), PAGE, 0) == PVG_E_REFUSED && map_page(task + 1, 0, gpa_of(0), PAGE, 0) == PVG_E_REFUSED);
  CHECK(references() == 1);
  CHECK(ANSWER(PVG_UPCALL_MAP_MEMORY, &ignored, task, 0, 0, 0) == PVG_OK);
  CHECK(ANSWER(PVG_UPCALL_MAP_MEMORY, &ignored, task, 0, 0, 2) == PVG_E_UNSUPPORTED);
  CHECK(ANSWER(PVG_UPCALL_READ_MEMORY, &ignored, gpa_of(0), 4) == PVG_E_UNSUPPORTED);
  CHECK(map_surface(gpa_of(0), PAGE, 1, &ignored) == PVG_E_UNSUPPORTED);
  CHECK(unmap_page(task, 0, 8 * PAGE) == PVG_OK && unmap_page(task, 0, 9 * PAGE) == PVG_E_REFUSED && unmap_page(task, PAGE, UINT64_MAX) == PVG_E_REFUSED);
  CHECK(references() == 1);
  CHECK(ANSWER(PVG_UPCALL_DESTROY_TASK, &ignored, task) == PVG_OK && references() == 0 && pvg_map_references(config.map, 2) == 0);
  CHECK(tasks_alive() == 0 && pvg_range_address((uint32_t)task) == 0);
  CHECK(ANSWER(PVG_UPCALL_DESTROY_TASK, &ignored, task) == PVG_E_REFUSED && ANSWER(PVG_UPCALL_CREATE_TASK, &task, 1) == PVG_E_REFUSED);
  for (uint32_t at = 0; at < PVGI_TASKS; at++) CHECK(ANSWER(PVG_UPCALL_CREATE_TASK, &task, PAGE) == PVG_OK);
  CHECK(ANSWER(PVG_UPCALL_CREATE_TASK, &ignored, PAGE) == PVG_E_REFUSED && tasks_alive() == PVGI_TASKS);
  end();
}

/* A region that was removed goes with the task that had the last reference on it. */
static void test_removed_under_a_task(void) {
  begin(PVG_OWN_IOSFC_NONE, 0);
  uint64_t task, ignored;
  CHECK(ANSWER(PVG_UPCALL_CREATE_TASK, &task, 8 * PAGE) == PVG_OK && map_page(task, 0, gpa_of(0), PAGE, 0) == PVG_OK);
  CHECK(publish(PVG_REGION_REMOVED, 1) == PVG_OK);
  atomic_fetch_or((_Atomic int32_t *)(uintptr_t)pvg_map_cells(config.map) + 1, 1);
  CHECK(map_page(task, 0, gpa_of(0), PAGE, 0) == PVG_E_REFUSED && pvg_ram_address(ram) != 0);
  CHECK(ANSWER(PVG_UPCALL_DESTROY_TASK, &ignored, task) == PVG_OK && pvg_ram_address(ram) == 0);
  end();
}

static void *map_again_and_again(void *argument) {
  const uint64_t *task = argument;
  for (uint32_t round = 0; round < 300; round++) {
    CHECK(map_page(*task, round % 8 * PAGE, gpa_of(round % 60 * PAGE), PAGE, round & 1) == PVG_OK);
    CHECK(unmap_page(*task, round % 8 * PAGE, PAGE) == PVG_OK);
  }
  return NULL;
}

static void test_tasks_at_once(void) {
  begin(PVG_OWN_IOSFC_NONE, ALL_TRACES);
  uint64_t task, ignored;
  pthread_t threads[3];
  CHECK(ANSWER(PVG_UPCALL_CREATE_TASK, &task, 8 * PAGE) == PVG_OK);
  for (size_t at = 0; at < 3; at++) CHECK(pthread_create(&threads[at], NULL, map_again_and_again, &task) == 0);
  for (uint32_t round = 0; round < 100; round++) CHECK(publish(PVG_REGION_MAPPABLE | PVG_REGION_WRITABLE, 3) == PVG_OK);
  for (size_t at = 0; at < 3; at++) pthread_join(threads[at], NULL);
  CHECK(references() == 1 && ANSWER(PVG_UPCALL_DESTROY_TASK, &ignored, task) == PVG_OK && references() == 0);
  end();
}

/* ---- reads ---- */

static void test_reads(void) {
  begin(PVG_OWN_IOSFC_NONE, 0);
  struct pvgi_answers *answers = pvgi_answers_create(&config);
  uint8_t bytes[64];
  struct pvgi_call call = {.kind = PVG_UPCALL_READ_MEMORY, .words = {gpa_of(PAGE - 8), 16}, .bytes = bytes, .length = sizeof bytes};
  memset((void *)(uintptr_t)(base + PAGE - 8), 7, 16);
  memset(bytes, 0, sizeof bytes);
  CHECK(answers != NULL && pvgi_answer(answers, &call, NULL) && bytes[0] == 7 && bytes[15] == 7 && bytes[16] == 0);
  const uint64_t bad[][2] = {{REGISTERS, 4}, {REGISTERS + LENGTH - 2, 4}, {gpa_of(LENGTH - 2), 4}, {ROM_GPA - 1, 2}, {gpa_of(0), 65}, {UINT64_MAX, 2}};
  for (size_t at = 0; at < sizeof bad / sizeof *bad; at++) {
    memcpy(call.words, bad[at], sizeof bad[at]);
    CHECK(!pvgi_answer(answers, &call, NULL));
  }
  call.words[0] = ROM_GPA + LENGTH - 4;
  call.words[1] = 4;
  CHECK(pvgi_answer(answers, &call, NULL));
  pvgi_answers_free(answers);
  end();
}

/* ---- traces ---- */

static void expect(const struct pvg_trace_entry *entry, uint32_t event, const uint64_t *words, uint32_t count) {
  CHECK(entry->event == event && entry->thread == pvg_thread_id() && entry->nanoseconds > UINT64_C(1600000000000000000));
  for (uint32_t at = 0; at < 8; at++) CHECK(entry->words[at] == (at < count ? words[at] : 0));
}

#define EXPECT(entry, event, ...) expect((entry), (event), (const uint64_t[]){__VA_ARGS__}, sizeof((uint64_t[]){__VA_ARGS__}) / 8)

static void test_trace_entries(void) {
  begin(PVG_OWN_IOSFC_CHECKED, ALL_TRACES);
  struct pvg_trace_entry entries[16];
  uint64_t task, address, ignored;
  CHECK(pvg_device_traces(device, entries, 16) == 0);
  CHECK(map_surface(gpa_of(8), PAGE, 1, &address) == PVG_OK && unmap_surface(address) == PVG_OK && unmap_surface(address) == PVG_E_REFUSED);
  CHECK(ANSWER(PVG_UPCALL_CREATE_TASK, &task, 8 * PAGE) == PVG_OK && map_page(task, PAGE, gpa_of(0), PAGE, 0) == PVG_OK);
  uint64_t range = pvg_range_address((uint32_t)task);
  CHECK(unmap_page(task, PAGE, PAGE) == PVG_OK && ANSWER(PVG_UPCALL_DESTROY_TASK, &ignored, task) == PVG_OK);
  CHECK(pvg_device_traces(device, entries, 2) == 2);
  EXPECT(&entries[0], PVG_TRACE_IOSFC_MAP, gpa_of(8), PAGE, 1, (uint64_t)(uintptr_t)&address, 5, 6, address);
  EXPECT(&entries[1], PVG_TRACE_IOSFC_UNMAP_REGION, address, 0x71);
  CHECK(pvg_device_traces(device, entries, 16) == 7);
  EXPECT(&entries[0], PVG_TRACE_IOSFC_UNMAP_NOTHING, address);
  EXPECT(&entries[1], PVG_TRACE_CREATE_TASK, 8 * PAGE, range);
  EXPECT(&entries[2], PVG_TRACE_MAP_MEMORY, range, 1, PAGE, 0);
  EXPECT(&entries[3], PVG_TRACE_MAP_MEMORY_RANGE, 0, gpa_of(0), PAGE);
  EXPECT(&entries[4], PVG_TRACE_REMAP, 0, base, range + PAGE);
  EXPECT(&entries[5], PVG_TRACE_UNMAP_MEMORY, range, PAGE, PAGE);
  EXPECT(&entries[6], PVG_TRACE_DESTROY_TASK, range, 1);
  CHECK(pvg_device_traces(device, NULL, 1) == PVG_E_ARGUMENT && pvg_device_traces(device + 1, entries, 1) == PVG_E_HANDLE);
  end();
}

static void test_traces_off(void) {
  begin(PVG_OWN_IOSFC_CHECKED, 1u << PVG_TRACE_CREATE_TASK);
  struct pvg_trace_entry entries[4];
  uint64_t task, address;
  CHECK(map_surface(gpa_of(8), PAGE, 1, &address) == PVG_OK && ANSWER(PVG_UPCALL_CREATE_TASK, &task, PAGE) == PVG_OK);
  CHECK(pvg_device_traces(device, entries, 4) == 1 && entries[0].event == PVG_TRACE_CREATE_TASK);
  /* Others, from now on; what the guest did wrong is noted whatever is asked for. */
  CHECK(pvg_device_set_traces(device, 1u << PVG_TRACE_IOSFC_UNMAP_REGION) == PVG_OK);
  CHECK(ANSWER(PVG_UPCALL_CREATE_TASK, &task, PAGE) == PVG_OK && unmap_surface(address) == PVG_OK && unmap_surface(address) == PVG_E_REFUSED);
  CHECK(pvg_device_traces(device, entries, 4) == 2 && entries[0].event == PVG_TRACE_IOSFC_UNMAP_REGION);
  CHECK(entries[1].event == PVG_TRACE_IOSFC_UNMAP_NOTHING);
  CHECK(pvg_device_set_traces(device, 1u << PVG_TRACE_EVENTS) == PVG_E_ARGUMENT && pvg_device_set_traces(device + 1, 0) == PVG_E_HANDLE);
  CHECK(unmap_surface(address) == PVG_E_REFUSED && pvg_device_set_traces(device, 0) == PVG_OK);
  CHECK(ANSWER(PVG_UPCALL_CREATE_TASK, &task, PAGE) == PVG_OK && pvg_device_traces(device, entries, 4) == 1);
  end();
}

#define KEPT 16384u
#define WRITERS 3u

static void *note(void *argument) {
  struct pvgi_traces *traces = argument;
  for (uint64_t at = 0; at < KEPT; at++) pvgi_traces_note(traces, PVG_TRACE_CREATE_TASK, &(uint64_t){at}, 1);
  return NULL;
}

/* Three threads write three times what there is room for, while a fourth reads or nobody does: what is not read is counted. */
static void test_lost_traces(bool reads) {
  static struct pvg_trace_entry entries[1000];
  struct pvgi_traces *traces = pvgi_traces_create();
  pthread_t threads[WRITERS];
  uint64_t kept = 0, lost = 0;
  for (uint32_t lap = 0; lap < 2; lap++) {
    for (uint32_t at = 0; at < WRITERS; at++) CHECK(pthread_create(&threads[at], NULL, note, traces) == 0);
    for (uint32_t at = 0; !reads && at < WRITERS; at++) pthread_join(threads[at], NULL);
    while (kept + lost < (lap + 1) * (uint64_t)WRITERS * KEPT) {
      int32_t count = pvgi_traces_take(traces, entries, 1000);
      for (int32_t at = 0; at < count; at++) {
        CHECK(entries[at].event == PVG_TRACE_LOST || entries[at].event == PVG_TRACE_CREATE_TASK);
        if (entries[at].event == PVG_TRACE_LOST) lost += entries[at].words[0];
        if (entries[at].event == PVG_TRACE_CREATE_TASK) kept++;
      }
    }
    for (uint32_t at = 0; reads && at < WRITERS; at++) pthread_join(threads[at], NULL);
    if (!reads) CHECK(kept == (lap + 1) * (uint64_t)KEPT);
  }
  CHECK(pvgi_traces_take(traces, entries, 1000) == 0 && kept + lost == 2 * (uint64_t)WRITERS * KEPT);
  pvgi_traces_free(traces);
}

/* ---- configurations ---- */

static void test_configurations(void) {
  begin(PVG_OWN_IOSFC_NONE, 0);
  struct pvg_config good = config;
  const struct { uint32_t *field, value; } bad[] = {
    {&config.own_iosfc, 3}, {&config.own_traces, 1u << PVG_TRACE_EVENTS}, {&config.map, 0}, {&config.map, config.group}};
  for (size_t at = 0; at < sizeof bad / sizeof *bad; at++) {
    *bad[at].field = bad[at].value;
    CHECK(pvg_device_create(&config, NULL, 0) == 0);
    config = good;
  }
  uint64_t value;
  CHECK(pvg_device_stop(device) == PVG_OK && ANSWER(PVG_UPCALL_CREATE_TASK, &value, PAGE) == PVG_E_REFUSED);
  end();
}

int main(void) {
  test_surfaces(PVG_OWN_IOSFC_PER_MAPPING);
  test_surfaces(PVG_OWN_IOSFC_CHECKED);
  test_many_mappings();
  test_tasks();
  test_removed_under_a_task();
  test_tasks_at_once();
  test_reads();
  test_trace_entries();
  test_traces_off();
  test_lost_traces(false);
  test_lost_traces(true);
  test_configurations();
  return 0;
}
