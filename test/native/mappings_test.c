/* SPDX-License-Identifier: Apache-2.0
 *
 * mappings_test.c - what the software PVG remembers of its tasks' mappings, seen by what a resumed device asks of its host.
 *
 * A task is compared page by page, as the host has mapped it, before and after; where the host only counts, it answers yes and maps nothing.
 */
#include "soft_suspend.h"

static uint64_t random_next(uint64_t *random) {
  *random ^= *random >> 12;
  *random ^= *random << 25;
  *random ^= *random >> 27;
  return *random * 2685821657736338717ull >> 33;
}

/* A page's first word as the task shows it, with its top bit set if it may not be written. */
static uint32_t shown_at(uint32_t range, uint32_t page) {
  uint64_t address = pvg_range_address(range) + page * PAGE;
  FILE *maps = fopen("/proc/self/maps", "r");
  CHECK(maps != NULL);
  char line[512], writable = 0;
  while (writable == 0 && fgets(line, sizeof line, maps) != NULL) {
    unsigned long long from, to;
    char flags[5];
    if (sscanf(line, "%llx-%llx %4s", &from, &to, flags) == 3 && address >= from && address < to) writable = flags[1];
  }
  fclose(maps);
  CHECK(writable == 'w' || writable == '-');
  return get_u32((const uint8_t *)(uintptr_t)address) | (writable == 'w' ? 0 : 0x80000000u);
}

/* Maps and unmaps at random; whatever the task shows in the end, it shows on the other device. */
static void test_mappings(uint64_t random) {
  struct stage stage, next;
  stage = (struct stage){.host = {.config = {.ports = 1}}};
  stage_run(&stage);
  struct guest *guest = &stage.guest;
  for (uint32_t page = 0x100; page < RAM_LENGTH / PAGE; page++) put_u32(guest->memory + page * PAGE, page);
  guest_start(guest, 0);
  CONTROL(guest, OP_DEFINE_TASK, 0, 2, 0, 64 * PAGE, 0);
  for (uint32_t step = 0; step < 300; step++) {
    uint32_t at = random_next(&random) % 64, first = random_next(&random) % (64 - at) + 1;
    /* Often what would be there if all of the task showed one piece of memory, so that neighbours can be one. */
    uint32_t gpa = 0x100 + (random_next(&random) % 2 ? at : random_next(&random) % 0x400);
    if (step % 3 == 0) {
      CONTROL(guest, OP_UNMAP, 0, 2, 0, at * PAGE, 0, first * PAGE, 0);
    } else {
      /* In two pieces, of which the second often goes on where the first ends. */
      uint32_t split = random_next(&random) % first, second = random_next(&random) % 2 ? gpa + split : 0x100 + random_next(&random) % 0x400;
      uint32_t one = (uint32_t)RAM_GPA + gpa * PAGE, two = (uint32_t)RAM_GPA + second * PAGE, flags = random_next(&random) % 2;
      if (split == 0) CONTROL(guest, OP_MAP, 0, 2, flags, at * PAGE, 0, 1, 0, one, 0, first * PAGE, 0);
      if (split != 0) {
        CONTROL(guest, OP_MAP, 0, 2, flags, at * PAGE, 0, 2, 0, one, 0, split * PAGE, 0, two, 0, (first - split) * PAGE, 0);
      }
    }
    guest_kick(guest);
    CHECK(guest_read(guest, REG_FAULT) == 0);
  }
  uint32_t shown[64];
  for (uint32_t page = 0; page < 64; page++) shown[page] = shown_at(stage.ranges[2], page);
  stage_move(&stage, &next, NULL);
  CHECK(atomic_load(&next.range_count) == 3);
  for (uint32_t page = 0; page < 64; page++) CHECK(shown_at(next.ranges[2], page) == shown[page]);
  stage_end(&next);
}

/* ---- one thing at a time ---- */

/* A stage with task 2, of 64 pages; two RAM ranges of the same RAM if `border` isn't 0, which is where they meet. */
static void open_task(struct stage *stage, uint64_t border) {
  *stage = (struct stage){.host = {.config = {.ports = 1}}};
  stage_run(stage);
  struct host *host = &stage->host;
  if (border != 0) {
    const struct pvg_ram_range ranges[2] = {{RAM_GPA, border, 0, host->ram, 0}, {RAM_GPA + border, RAM_LENGTH - border, border, host->ram, 0}};
    CHECK(pvg_device_destroy(host->device) == PVG_OK);
    host->device = pvg_device_create(&host->config, ranges, 2);
    CHECK(host->device != 0 && pvg_display_set_modes(host->device, 0, host->modes, 1) == PVG_OK);
  }
  guest_restart(&stage->guest);
  CONTROL(&stage->guest, OP_DEFINE_TASK, 0, 2, 0, 64 * PAGE, 0);
  guest_kick(&stage->guest);
}

static void map_pages(struct stage *stage, uint32_t at, uint32_t first, uint32_t count) {
  CONTROL(&stage->guest, OP_MAP, 0, 2, 0, at * PAGE, 0, 1, 0, (uint32_t)RAM_GPA + first * PAGE, 0, count * PAGE, 0);
  guest_kick(&stage->guest);
}

/* How many mappings the other device asks its host for, besides ring and shared page, which are one. */
static uint32_t mappings_after(struct stage *stage, struct stage *next) {
  stage_move(stage, next, NULL);
  return atomic_load(&next->host.counts[PVG_UPCALL_MAP_MEMORY]) - 1;
}

/* Neighbours become one, but not across the border of two ranges, since the host may refuse such a piece. */
static void test_neighbours(void) {
  struct stage stage, next;
  const struct { uint32_t second, third; uint64_t border; uint32_t expected; } cases[] = {
    {0x102, 0x104, 0, 1},          /* one behind the other, given out of order */
    {0x103, 0x105, 0, 2},          /* a gap in the guest's memory */
    {0x102, 0x104, 0x104 * PAGE, 2},
    {0x102, 0x104, 0x103 * PAGE, 3}, /* the second piece lies across, and so belongs to none */
  };
  for (size_t at = 0; at < sizeof cases / sizeof *cases; at++) {
    open_task(&stage, cases[at].border);
    map_pages(&stage, 10, 0x100, 2);
    map_pages(&stage, 14, cases[at].third, 2);
    map_pages(&stage, 12, cases[at].second, 2);
    CHECK(guest_read(&stage.guest, REG_FAULT) == 0);
    CHECK(mappings_after(&stage, &next) == cases[at].expected);
    stage_end(&next);
  }
}

/* Of a MAP that was refused nothing counts as mapped; what wasn't unmapped still is. */
static void test_refusals(void) {
  struct stage stage, next;
  open_task(&stage, 0);
  struct guest *guest = &stage.guest;
  for (uint32_t page = 0x100; page < 0x110; page++) put_u32(guest->memory + page * PAGE, page);
  map_pages(&stage, 0, 0x100, 8);
  atomic_store(&stage.host.refuse, 1u << PVG_UPCALL_MAP_MEMORY | 1u << PVG_UPCALL_UNMAP_MEMORY);
  map_pages(&stage, 2, 0x108, 2);
  CHECK(guest_read(guest, REG_FAULT) == (FAULT_MEMORY << 16 | OP_MAP));
  atomic_store(&stage.host.refuse, 0);
  guest_restart(guest);
  atomic_store(&stage.host.refuse, 1u << PVG_UPCALL_UNMAP_MEMORY);
  CONTROL(guest, OP_UNMAP, 0, 2, 0, 5 * PAGE, 0, 2 * PAGE, 0);
  guest_kick(guest);
  CHECK(guest_read(guest, REG_FAULT) == (FAULT_MEMORY << 16 | OP_UNMAP));
  CHECK(mappings_after(&stage, &next) == 2);
  for (uint32_t page = 0; page < 8; page++) {
    CHECK(shown_at(next.ranges[next.range_count - 1], page) == (page / 2 == 1 ? 0 : 0x100 + page));
  }
  stage_end(&next);
}

/* There is an end to what is remembered: a packet beyond it is a fault, without a word to the host. What is replaced counts no more. */
static void test_bound(void) {
  static struct stage stage, next;
  static uint32_t body[6 + 4 * MAP_MAX_PIECES];
  open_task(&stage, 0);
  struct guest *guest = &stage.guest;
  atomic_store(&stage.accept_maps, true);
  CONTROL(guest, OP_DEFINE_TASK, 0, 3, 0, 0x20000000, 0);
  const uint32_t head[6] = {3, 0, 0, 0, MAP_MAX_PIECES, 0};
  memcpy(body, head, sizeof head);
  for (uint32_t piece = 0; piece < MAP_MAX_PIECES; piece++) {
    body[6 + 4 * piece] = (uint32_t)RAM_GPA + piece % 2 * 2 * PAGE; /* no two are one */
    body[8 + 4 * piece] = PAGE;
  }
  for (uint32_t packet = 0; packet < 200; packet++) {
    /* The first hundred over and over at one place, then side by side until there is room for less than one. */
    body[2] = packet < 100 ? 0 : (packet - 99) * MAP_MAX_PIECES * PAGE;
    control_words(guest, OP_MAP, 0, body, 6 + 4 * MAP_MAX_PIECES);
    uint32_t before = atomic_load(&stage.host.counts[PVG_UPCALL_MAP_MEMORY]);
    guest_kick(guest);
    bool fits = packet < 100 + 62;
    CHECK((guest_read(guest, REG_FAULT) == 0) == fits);
    CHECK(atomic_load(&stage.host.counts[PVG_UPCALL_MAP_MEMORY]) == before + fits);
    if (!fits) break;
  }
  CHECK(guest_read(guest, REG_FAULT) == (FAULT_MEMORY << 16 | OP_MAP));
  CHECK(pvg_device_suspend(stage.host.device) == PVG_OK);
  struct state state = take_state(stage.host.device);
  stage_follow(&next, &stage);
  atomic_store(&next.accept_maps, true);
  CHECK(pvg_device_resume(next.host.device, state.bytes, state.length) == PVG_OK);
  CHECK(atomic_load(&next.host.counts[PVG_UPCALL_MAP_MEMORY]) == 63 * MAP_MAX_PIECES + 1);
  free(state.bytes);
  stage_end(&stage);
  stage_end(&next);
}

int main(void) {
  for (uint64_t seed = 1; seed <= 4; seed++) test_mappings(seed * 0x9e3779b97f4a7c15ull);
  test_neighbours();
  test_refusals();
  test_bound();
  return 0;
}
