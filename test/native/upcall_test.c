/* SPDX-License-Identifier: Apache-2.0
 *
 * upcall_test.c - where upcalls go, and whom their answers wake.
 *
 * Whether a thread sleeps in an upcall is known from pvg_device_waits(), so that the counts of wake-ups can be told in advance, to the
 * last one. Nothing here waits for a time but where it is shown that time passing is not counted.
 */
#include "soft_access.h"

/* ---- classes ---- */

static const uint32_t class_of[16] = {
  [PVG_UPCALL_CREATE_TASK] = 0,     [PVG_UPCALL_DESTROY_TASK] = 0,  [PVG_UPCALL_MAP_MEMORY] = 0,   [PVG_UPCALL_UNMAP_MEMORY] = 0,
  [PVG_UPCALL_READ_MEMORY] = 1,     [PVG_UPCALL_RAISE_INTERRUPT] = 2, [PVG_UPCALL_IOSFC_MAP] = 3,  [PVG_UPCALL_IOSFC_UNMAP] = 3,
  [PVG_UPCALL_NEW_FRAME] = 4,       [PVG_UPCALL_CURSOR_GLYPH] = 4,  [PVG_UPCALL_CURSOR_SHOW] = 4,  [PVG_UPCALL_CURSOR_MOVE] = 4,
  [PVG_UPCALL_MODE_CHANGE] = 5,     [PVG_UPCALL_FRAME_COMPLETED] = 6, [PVG_UPCALL_IOSFC_INTERRUPT] = 2,
};

struct taker {
  struct host *host;
  uint32_t class;
  pthread_t thread;
};

static void *taker_main(void *argument) {
  struct taker *taker = argument;
  struct host *host = taker->host;
  struct pvg_record record;
  while (pvg_mailbox_take(host->config.mailboxes[taker->class], &record, 1, -1) == 1) {
    CHECK(record.kind >= 1 && record.kind < 16 && class_of[record.kind] == taker->class && record.reserved == 0);
    if (record.kind == PVG_UPCALL_NEW_FRAME) host_encode(host, 1);
    if (record.kind == PVG_UPCALL_CURSOR_GLYPH) {
      host_glyph(host, &record);
      record.id = 0;
    }
    host_answer(host, &record);
  }
  return NULL;
}

static void test_classes(void) {
  struct host host = {.separate = true, .config = {.iosfc = 1}};
  struct guest guest;
  struct taker takers[PVG_CLASSES];
  host_open(&host);
  for (uint32_t at = 0; at < PVG_CLASSES; at++) {
    takers[at] = (struct taker){.host = &host, .class = at};
    CHECK(pthread_create(&takers[at].thread, NULL, taker_main, &takers[at]) == 0);
  }
  guest_open(&guest, &host);
  guest_start(&guest, 0);
  AWAIT(pvg_display_pending_events(host.device, 0) == 0); /* the mode is known, so a frame can be encoded */
  put_u32(guest.memory + DISPLAY_PAGE + DISPLAY_CURSOR, 3u << 16 | 4);
  CONTROL(&guest, OP_CURSOR_GLYPH, 1, 0, 4, 4, 16, 32, 1, 2, 0, (uint32_t)RAM_GPA + GLYPH, 0, 64);
  CONTROL(&guest, OP_CURSOR_SHOW, 0, 0, 0);
  CONTROL(&guest, OP_UNMAP, 0, 1, 0, TASK_LENGTH - PAGE, 0, PAGE, 0);
  guest_kick(&guest);
  guest_fill_frame(&guest, 0xff123456u);
  const uint32_t entry[8] = {IOSFC_OP_MAP, 3, (uint32_t)RAM_GPA, 0, PAGE, 0, 0, 0};
  memcpy(guest.memory + MAPPER_RING, entry, sizeof entry);
  const uint64_t writes[][2] = {{IOSFC_RING_BASE, RAM_GPA + MAPPER_RING}, {IOSFC_RING_CAPACITY, 1},
                                {IOSFC_TABLE, RAM_GPA + MAPPER_TABLE}, {IOSFC_PRODUCER, 1}, {IOSFC_RING_BASE, 0}};
  for (int at = 0; at < 5; at++) CHECK(pvg_mmio_write(host.device, PVG_WINDOW_IOSFC, writes[at][0], writes[at][1]) == PVG_OK);
  for (uint32_t kind = 1; kind < 16; kind++) AWAIT(kind == PVG_UPCALL_DESTROY_TASK || atomic_load(&host.counts[kind]) != 0);
  CHECK(pvg_device_reset(host.device) == PVG_OK && atomic_load(&host.counts[PVG_UPCALL_DESTROY_TASK]) == 2);
  guest_close(&guest);
  CHECK(pvg_group_destroy(host.group) == PVG_OK);
  for (uint32_t at = 0; at < PVG_CLASSES; at++) pthread_join(takers[at].thread, NULL);
}

/* Everything that happens on a display is told by one thread, in the order in which it happened, behind what the host has not answered. */
static void test_display_queue(void) {
  struct host host = {0};
  struct guest guest;
  struct pvg_record told[2], record;
  uint32_t mailbox, count = 0;
  host_open(&host);
  mailbox = host.config.mailboxes[PVG_CLASS_DISPLAY];
  CHECK(pthread_create(&host.upcall_thread, NULL, host_upcalls, &host) == 0);
  guest_open(&guest, &host);
  atomic_store(&host.hold, 1u << PVG_UPCALL_MODE_CHANGE);
  guest_start(&guest, 0);
  AWAIT(atomic_load(&host.held_count) == 1);
  CONTROL(&guest, OP_CURSOR_GLYPH, 0, 0, 4, 4, 16, 32, 1, 2, 0, (uint32_t)RAM_GPA + GLYPH, 0, 64);
  guest_kick(&guest);
  guest_fill_frame(&guest, 0xff123456u);
  guest_await_stamp(&guest, 1, 1);
  guest_write(&guest, REG_MODE, 1);
  CHECK(pvg_mailbox_depth(mailbox) == 0 && atomic_load(&host.held_count) == 1);
  CHECK(host_answer(&host, &host.held[0]) == PVG_OK);
  AWAIT(atomic_load(&host.held_count) == 2);
  /* Whether the cursor moved is not the point here. */
  while (pvg_mailbox_take(mailbox, &record, 1, 0) == 1) {
    if (record.kind != PVG_UPCALL_CURSOR_GLYPH && record.kind != PVG_UPCALL_NEW_FRAME) continue;
    CHECK(count < 2);
    told[count++] = record;
  }
  /* Of the frame nothing was told: it was gone with its mode. */
  CHECK(count == 1 && told[0].kind == PVG_UPCALL_CURSOR_GLYPH && told[0].thread == host.held[0].thread);
  CHECK(host.held[1].kind == PVG_UPCALL_MODE_CHANGE && host.held[1].words[1] == 33 && host.held[1].thread == host.held[0].thread);
  CHECK(host_answer(&host, &host.held[1]) == PVG_OK && pvg_upcall_answer(host.device, told[0].id, 1, 0) == PVG_OK);
  guest_close(&guest);
  CHECK(pvg_group_destroy(host.group) == PVG_OK);
  pthread_join(host.upcall_thread, NULL);
}

/* ---- wake-ups ---- */

struct counts {
  uint64_t answered, woken, in_vain;
};

static struct counts counts_of(struct host *host) {
  uint64_t counts[3];
  CHECK(pvg_upcall_wakes(host->device, counts) == PVG_OK);
  return (struct counts){counts[0], counts[1], counts[2]};
}

static bool since(struct host *host, struct counts before, uint64_t answered, uint64_t woken, uint64_t in_vain) {
  struct counts now = counts_of(host);
  return now.answered - before.answered == answered && now.woken - before.woken == woken && now.in_vain - before.in_vain == in_vain;
}

/* Two maps and a read sleep, and nothing else goes on; the maps are put before the read. */
static struct counts three_asleep(struct host *host, struct guest *guest, struct access *access) {
  hold_three(host, guest, access);
  AWAIT(sleepers(host, HOLD_MEMORY) == 3 && pvg_display_pending_events(host->device, 0) == 0);
  for (int at = 0; at < 2; at++) {
    if (host->held[at].kind != PVG_UPCALL_READ_MEMORY) continue;
    struct pvg_record read = host->held[at];
    host->held[at] = host->held[2];
    host->held[2] = read;
  }
  return counts_of(host);
}

/* Per answer: map, map, read. */
static void test_wakes(uint32_t wake, const uint64_t woken[3], const uint64_t in_vain[3]) {
  struct host host = {.config = {.wake = wake}, .unordered = true};
  struct guest guest;
  struct access access;
  struct counts before = three_asleep(&host, &guest, &access);
  uint64_t all_woken = 0, all_in_vain = 0;
  for (uint32_t at = 0; at < 3; at++) {
    CHECK(since(&host, before, at, all_woken, all_in_vain));
    CHECK(pvg_upcall_answer(host.device, host.held[at].id + 0x100, 1, 0) == PVG_E_HANDLE); /* wakes nobody */
    CHECK(host_answer(&host, &host.held[at]) == PVG_OK);
    all_woken += woken[at];
    all_in_vain += in_vain[at];
    AWAIT(counts_of(&host).woken - before.woken >= all_woken);
  }
  pthread_join(access.thread, NULL);
  STAYS(since(&host, before, 3, all_woken, all_in_vain));
  stage_close(&host, &guest);
}

/* Threads look up now and then whether anybody is left to answer them. That, and the stop, is no wake-up by an answer. */
static void test_what_is_not_counted(uint32_t wake) {
  struct host host = {.config = {.wake = wake}, .unordered = true};
  struct guest guest;
  struct access access;
  struct counts before = three_asleep(&host, &guest, &access);
  nanosleep(&(struct timespec){0, 600000000}, NULL);
  CHECK(since(&host, before, 0, 0, 0) && sleepers(&host, HOLD_MEMORY) == 3);
  CHECK(pvg_device_stop(host.device) == PVG_OK);
  pthread_join(access.thread, NULL);
  CHECK(access.result == PVG_E_CLOSED && since(&host, before, 0, 0, 0));
  CHECK(pvg_upcall_wakes(host.device, NULL) == PVG_E_ARGUMENT && pvg_upcall_wakes(0, (uint64_t[3]){0}) == PVG_E_HANDLE);
  stage_close(&host, &guest);
}

/* A glyph's answer makes room for a glyph, and wakes nobody who waits for an answer. */
static void test_glyphs_are_not_counted(void) {
  struct host host = {.config = {.wake = PVG_WAKE_ALL}, .unordered = true};
  struct guest guest;
  struct access access;
  struct pvg_record glyphs[65];
  uint32_t taken = 0;
  host_open(&host);
  CHECK(pthread_create(&host.upcall_thread, NULL, host_upcalls, &host) == 0);
  guest_open(&guest, &host);
  guest_start(&guest, 0);
  while (taken < 64) {
    CONTROL(&guest, OP_CURSOR_GLYPH, 0, 0, 4, 4, 16, 32, 1, 2, 0, (uint32_t)RAM_GPA + GLYPH, 0, 64);
    guest_kick(&guest);
    do {
      CHECK(pvg_mailbox_take(host.config.mailboxes[PVG_CLASS_DISPLAY], &glyphs[taken], 1, -1) == 1);
    } while (glyphs[taken].kind != PVG_UPCALL_CURSOR_GLYPH);
    taken++;
  }
  CONTROL(&guest, OP_CURSOR_GLYPH, 0, 0, 4, 4, 16, 32, 1, 2, 0, (uint32_t)RAM_GPA + GLYPH, 0, 64);
  guest_kick(&guest);
  AWAIT(pvg_display_pending_events(host.device, 0) == 65); /* 64 that are out, and one for which there is no room */
  atomic_store(&host.hold, HOLD_MEMORY);
  CONTROL(&guest, OP_MAP, 0, 1, 0, 0, 0, 1, 0, (uint32_t)RAM_GPA + CHILD_RING, 0, PAGE, 0);
  begin_kick(&access, &guest);
  AWAIT(atomic_load(&host.held_count) == 1 && sleepers(&host, HOLD_MEMORY) == 1);
  struct counts before = counts_of(&host);
  CHECK(pvg_upcall_answer(host.device, glyphs[0].id, 1, 0) == PVG_OK);
  CHECK(pvg_mailbox_take(host.config.mailboxes[PVG_CLASS_DISPLAY], &glyphs[64], 1, -1) == 1);
  CHECK(glyphs[64].kind == PVG_UPCALL_CURSOR_GLYPH && since(&host, before, 0, 0, 0));
  CHECK(host_answer(&host, &host.held[0]) == PVG_OK);
  pthread_join(access.thread, NULL);
  CHECK(since(&host, before, 1, 1, 0));
  guest_close(&guest);
  CHECK(pvg_group_destroy(host.group) == PVG_OK);
  pthread_join(host.upcall_thread, NULL);
}

int main(void) {
  test_classes();
  test_display_queue();
  test_wakes(PVG_WAKE_JOB, (const uint64_t[]){1, 1, 1}, (const uint64_t[]){0, 0, 0});
  test_wakes(PVG_WAKE_KIND, (const uint64_t[]){2, 1, 1}, (const uint64_t[]){1, 0, 0});
  test_wakes(PVG_WAKE_ALL, (const uint64_t[]){3, 2, 1}, (const uint64_t[]){2, 1, 0});
  for (uint32_t wake = PVG_WAKE_JOB; wake <= PVG_WAKE_ALL; wake++) test_what_is_not_counted(wake);
  test_glyphs_are_not_counted();
  return 0;
}
