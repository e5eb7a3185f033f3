/* SPDX-License-Identifier: Apache-2.0
 *
 * suspend_test.c - a device that is suspended and one that goes on from its state, against one that was never interrupted.
 *
 * What the guest sees and what the host is told and shown has to be the same. What is in flight at the suspend is arranged by not
 * answering upcalls. Mappings are in mappings_test.c, hostile states in state_test.c, ends in the middle in suspend_ends_test.c.
 */
#include "soft_access.h"
#include "soft_suspend.h"

#define FRAMES 40u

/* ---- an animation ---- */

/* One frame in two parts; the second needs the first. Pixels come from guest memory, other ones for each frame. */
static void first_part(struct pen *pen, uint32_t frame) {
  const uint32_t commands[] = {DRAW_FILL, 32, 0, 0, 16384, 16384, 0xff000000u | frame << 8 | pen->port, 0,
                               DRAW_COPY, 40, frame, 2 * pen->port, 12, 9, 64, 0, PIXELS - CHILD_RING + 64 * frame, 0};
  pen_draw(pen, commands, sizeof commands / 4);
}

static void second_part(struct pen *pen, uint32_t frame) {
  const uint32_t commands[] = {DRAW_BLEND, 40, frame - 5, 4, 14, 11, 64, 0, PIXELS - CHILD_RING + 128 * frame, 0,
                               DRAW_BLEND_FILL, 32, 7, 3, 20, 20, 0x40ff8811u * frame, 0};
  pen_draw(pen, commands, sizeof commands / 4);
  pen_swap(pen);
}

static void fill_pixels(struct guest *guest) {
  for (uint32_t at = 0; at < 0x4000; at++) put_u32(guest->memory + PIXELS + 4 * at, at * 2654435761u);
}

static void open_animation(struct stage *stage, struct pen *pens, uint32_t ports, bool vsync) {
  *stage = (struct stage){.host = {.config = {.ports = ports, .vsync = vsync}, .modes = {{64, 48, 240000, 0}}, .mode_count = 1}};
  stage_run(stage);
  fill_pixels(&stage->guest);
  stage_start(stage, pens);
}

/* The sums of all frames of all ports, of a device that nobody interrupts. */
static void draw_reference(uint64_t (*sums)[PRESENTS], uint32_t ports) {
  struct stage stage;
  struct pen pens[PVG_PORTS_MAX];
  open_animation(&stage, pens, ports, false);
  for (uint32_t frame = 1; frame <= FRAMES; frame++) {
    for (uint32_t port = 0; port < ports; port++) {
      first_part(&pens[port], frame);
      second_part(&pens[port], frame);
      pen_doorbell(&pens[port]);
      AWAIT(stage_present(&stage, port) == frame);
    }
  }
  for (uint32_t port = 0; port < ports; port++) memcpy(sums[port], stage.screens[port].sums, sizeof *sums);
  stage_end(&stage);
}

static uint32_t check_sums(struct stage *stage, uint64_t (*sums)[PRESENTS]) {
  uint32_t shown = 0;
  for (uint32_t port = 0; port < stage->host.config.ports; port++) {
    for (uint32_t present = 0; present < PRESENTS; present++) {
      uint64_t sum = stage->screens[port].sums[present];
      CHECK(sum == 0 || sum == sums[port][present]);
      shown += sum != 0;
    }
  }
  return shown;
}

/* All frames are in the rings at once; a few are shown by one device, the rest by another. Without vsync, where a device would be done
 * before it could be suspended, the packets of one frame wait for a stamp that the guest gives later. */
static void test_animation(uint32_t ports, bool vsync) {
  static uint64_t sums[PVG_PORTS_MAX][PRESENTS];
  struct stage stage, next;
  struct pen pens[PVG_PORTS_MAX];
  draw_reference(sums, ports);
  open_animation(&stage, pens, ports, vsync);
  for (uint32_t port = 0; port < ports; port++) {
    for (uint32_t frame = 1; frame <= FRAMES; frame++) {
      first_part(&pens[port], frame);
      if (frame == 20 && !vsync) PEN(&pens[port], 1u << 16 | OP_EXEC, 0, 0, 5, 1, 0, 0, 0, port);
      second_part(&pens[port], frame);
    }
    pen_doorbell(&pens[port]);
  }
  AWAIT(stage_present(&stage, 0) >= 3);
  stage_move(&stage, &next, pens);
  CONTROL(&next.guest, OP_ONLINE_ACK, 5, 0);
  guest_kick(&next.guest);
  for (uint32_t port = 0; port < ports; port++) {
    AWAIT(stage_present(&next, port) == FRAMES && pen_stamp(&pens[port]) == pens[port].stamp);
    AWAIT(pen_read(&pens[port]) == pens[port].written);
    uint64_t counts[2];
    CHECK(pvg_display_present_counts(next.host.device, port, counts) == PVG_OK && counts[0] == FRAMES);
  }
  CHECK(check_sums(&next, sums) >= ports && guest_read(&next.guest, REG_FAULT) == 0);
  stage_end(&next);
}

/* A frame is drawn half by one device and half by the other; then a resumed device is suspended, too. */
static void test_half_drawn(void) {
  static uint64_t sums[PVG_PORTS_MAX][PRESENTS];
  struct stage stage, next, last;
  struct pen pens[PVG_PORTS_MAX];
  draw_reference(sums, 2);
  open_animation(&stage, pens, 2, false);
  for (uint32_t port = 0; port < 2; port++) {
    first_part(&pens[port], 1);
    pen_doorbell(&pens[port]);
    AWAIT(pen_stamp(&pens[port]) == pens[port].stamp);
  }
  stage_move(&stage, &next, pens);
  stage_move(&next, &last, pens);
  for (uint32_t port = 0; port < 2; port++) {
    second_part(&pens[port], 1);
    pen_doorbell(&pens[port]);
    AWAIT(stage_present(&last, port) == 1);
    CHECK(last.screens[port].sums[1] == sums[port][1]);
  }
  stage_end(&last);
}

/* A swap that waits for its blank is completed by the flip on the other device: once, and not before. One behind it waits for its turn. */
static void test_waiting_swap(void) {
  struct stage stage, next;
  struct pen pens[PVG_PORTS_MAX];
  for (bool caught = false; !caught;) {
    stage = (struct stage){.host = {.config = {.ports = 2, .vsync = 1}, .modes = {{64, 48, 1000, 0}}, .mode_count = 1}};
    stage_run(&stage);
    stage_start(&stage, pens);
    pen_frame(&pens[0], 0xff112233u);
    PEN(&pens[1], OP_SWAP, 9, 0, 0); /* of the same port, through another FIFO */
    AWAIT(pen_stamp(&pens[0]) >= pens[0].stamp - 1);
    pen_doorbell(&pens[1]);
    nanosleep(&(struct timespec){0, 20000000}, NULL); /* most likely both swaps wait now; if not, the outcome is the same */
    CHECK(pvg_device_suspend(stage.host.device) == PVG_OK);
    caught = pen_stamp(&pens[0]) == pens[0].stamp - 1 && pen_stamp(&pens[1]) == 0;
    if (!caught) stage_end(&stage); /* the blank came first: a machine that stood still for a second */
  }
  uint32_t read = pen_read(&pens[0]);
  CHECK(read == pens[0].written - PACKET_HEADER_SIZE - 8 && pen_read(&pens[1]) == 0);
  STAYS(pen_stamp(&pens[0]) == pens[0].stamp - 1 && stage_present(&stage, 0) == 0);
  stage_move(&stage, &next, pens);
  CHECK(pen_stamp(&pens[1]) != 9 || pen_stamp(&pens[0]) == pens[0].stamp);
  AWAIT(pen_stamp(&pens[0]) == pens[0].stamp && pen_read(&pens[0]) == pens[0].written);
  AWAIT(stage_present(&next, 0) >= 1);
  CHECK(stage_pixel(&next, 0, 0, 0) == 0xff112233u || stage_present(&next, 0) == 2);
  AWAIT(pen_stamp(&pens[1]) == 9 && stage_present(&next, 0) == 2);
  uint64_t counts[2];
  CHECK(pvg_display_present_counts(next.host.device, 0, counts) == PVG_OK && counts[0] == 2);
  CHECK(guest_read(&next.guest, REG_FAULT) == 0);
  stage_end(&next);
}

static void *suspend_main(void *argument) {
  CHECK(pvg_device_suspend(((struct stage *)argument)->host.device) == PVG_OK);
  return NULL;
}

/* While a swap waits, the device faults on its way to rest: then the swap waits no more, and is carried out anew after START. */
static void test_waiting_swap_and_fault(void) {
  struct stage stage = {.host = {.config = {.ports = 2, .vsync = 1}, .modes = {{64, 48, 1000, 0}}, .mode_count = 1}}, next;
  struct pen pens[PVG_PORTS_MAX];
  struct access access;
  pthread_t suspending;
  stage_run(&stage);
  stage_start(&stage, pens);
  atomic_store(&stage.host.hold, 1u << PVG_UPCALL_READ_MEMORY);
  CONTROL(&stage.guest, OP_CURSOR_GLYPH, 0, 1, 4, 4, 16, 32, 1, 2, 0, (uint32_t)RAM_GPA + GLYPH, 0, 64);
  CONTROL(&stage.guest, 0x55, 0, 1);
  begin_kick(&access, &stage.guest);
  AWAIT(atomic_load(&stage.host.held_count) == 1);
  pen_frame(&pens[0], 0xff212223u);
  AWAIT(pen_stamp(&pens[0]) >= pens[0].stamp - 1);
  CHECK(pthread_create(&suspending, NULL, suspend_main, &stage) == 0);
  AWAIT(pvg_mmio_read(stage.host.device, PVG_WINDOW_GFX, REG_VERSION, (uint32_t[2]){0}) == PVG_E_CLOSED);
  nanosleep(&(struct timespec){0, 20000000}, NULL); /* most likely the channel rests before the fault; if not, the outcome is the same */
  stage_release(&stage);
  pthread_join(suspending, NULL);
  pthread_join(access.thread, NULL);
  stage_move(&stage, &next, pens);
  CHECK(guest_read(&next.guest, REG_FAULT) == (FAULT_OPCODE << 16 | 0x55));
  guest_restart(&next.guest);
  guest_write(&next.guest, REG_CHILD_DOORBELL, 1);
  AWAIT(pen_stamp(&pens[0]) == pens[0].stamp && pen_read(&pens[0]) == pens[0].written);
  CHECK(guest_read(&next.guest, REG_FAULT) == 0);
  stage_end(&next);
}

/* ---- what the host was told, and what not ---- */

/* The display queue waits for an answer to a mode change, which the suspend does not wait for; all behind it is told by the other device. */
static void test_untold_events(bool answered) {
  struct stage stage, next;
  struct pen pens[PVG_PORTS_MAX];
  stage = (struct stage){.host = {.config = {.ports = 2}}, .keep_frames = true};
  stage_run(&stage);
  stage_start(&stage, pens);
  struct guest *guest = &stage.guest;
  AWAIT(pvg_display_pending_events(stage.host.device, 1) == 0 && pvg_display_pending_events(stage.host.device, 0) == 0);
  atomic_store(&stage.host.hold, 1u << PVG_UPCALL_MODE_CHANGE);
  select_port(guest, 0);
  guest_write(guest, REG_MODE, 1);
  AWAIT(atomic_load(&stage.host.held_count) == 1);
  for (uint32_t at = 0; at < 16; at++) put_u32(guest->memory + GLYPH + 4 * at, 0x10203040u * at);
  put_u32(guest->memory + page_of_port(1) + DISPLAY_CURSOR, 21u << 16 | 5);
  put_u32(guest->memory + page_of_port(1) + DISPLAY_CURSOR_SHOW, 0);
  CONTROL(guest, OP_CURSOR_GLYPH, 0, 1, 4, 4, 16, 32, 1, 2, 0, (uint32_t)RAM_GPA + GLYPH, 0, 64);
  CONTROL(guest, OP_CURSOR_SHOW, 0, 1, 0);
  guest_kick(guest);
  pen_frame(&pens[1], 0xff445566u);
  AWAIT(pen_stamp(&pens[1]) == pens[1].stamp);
  CHECK(pvg_device_suspend(stage.host.device) == PVG_OK);
  if (answered) stage_release(&stage);
  AWAIT(pvg_display_pending_events(stage.host.device, 0) == (answered ? 0 : 1));
  CHECK(pvg_display_pending_events(stage.host.device, 1) == 4);
  put_u32(guest->memory + page_of_port(1) + DISPLAY_PENDING, 0);
  STAYS(stage_count(&stage, 1, PVG_UPCALL_CURSOR_GLYPH) == 0 && stage_count(&stage, 1, PVG_UPCALL_NEW_FRAME) == 0);
  CHECK(get_u32(guest->memory + page_of_port(1) + DISPLAY_PENDING) == 0); /* no blank */
  stage_move(&stage, &next, pens);
  AWAIT(pvg_display_pending_events(next.host.device, 0) == 0 && pvg_display_pending_events(next.host.device, 1) == 0);
  AWAIT(stage_count(&next, 1, PVG_UPCALL_NEW_FRAME) == 1 && stage_count(&next, 1, PVG_UPCALL_CURSOR_SHOW) == 1);
  AWAIT(stage_count(&next, 1, PVG_UPCALL_CURSOR_GLYPH) == 1 && stage_count(&next, 1, PVG_UPCALL_CURSOR_MOVE) == 1);
  CHECK(stage_count(&next, 0, PVG_UPCALL_MODE_CHANGE) == (answered ? 0 : 1) && stage_count(&next, 1, PVG_UPCALL_MODE_CHANGE) == 0);
  CHECK(next.screens[0].mode_width == 33 && next.screens[0].mode_height == 21);
  CHECK(memcmp(next.screens[1].glyph, next.guest.memory + GLYPH, 64) == 0);
  pthread_mutex_lock(&next.lock);
  CHECK(next.screens[1].cursor_x == 5 && next.screens[1].cursor_y == 21 && next.screens[1].shown == 0);
  pthread_mutex_unlock(&next.lock);
  CHECK(stage_encode(&next, 1) == PVG_OK);
  AWAIT(stage_present(&next, 1) == 1);
  CHECK(stage_pixel(&next, 1, 0, 0) == 0xff445566u);
  stage_end(&next);
}

/* What was told is not told again, but for a frame that the host hasn't asked for. */
static void test_told_events(bool encoded) {
  struct stage stage, next;
  struct pen pens[PVG_PORTS_MAX];
  stage = (struct stage){.host = {.config = {.ports = 2}}, .keep_frames = !encoded};
  stage_run(&stage);
  stage_start(&stage, pens);
  put_u32(stage.guest.memory + page_of_port(1) + DISPLAY_CURSOR, 3u << 16 | 4);
  put_u32(stage.guest.memory + page_of_port(1) + DISPLAY_CURSOR_SHOW, 0);
  CONTROL(&stage.guest, OP_CURSOR_SHOW, 0, 1, 0);
  guest_kick(&stage.guest);
  pen_frame(&pens[1], 0xff778899u);
  AWAIT(stage_count(&stage, 1, PVG_UPCALL_NEW_FRAME) == 1 && stage_count(&stage, 1, PVG_UPCALL_CURSOR_MOVE) == 1);
  AWAIT(stage_present(&stage, 1) == encoded && pvg_display_pending_events(stage.host.device, 1) == 0);
  stage_move(&stage, &next, pens);
  uint32_t place[2];
  CHECK(pvg_display_cursor_position(next.host.device, 1, place) == PVG_OK && place[0] == 4 && place[1] == 3);
  AWAIT(stage_count(&next, 1, PVG_UPCALL_NEW_FRAME) == !encoded);
  STAYS(stage_count(&next, 1, PVG_UPCALL_NEW_FRAME) == !encoded && stage_count(&next, 1, PVG_UPCALL_CURSOR_MOVE) == 0);
  CHECK(stage_count(&next, 1, PVG_UPCALL_CURSOR_SHOW) == 0 && stage_count(&next, 1, PVG_UPCALL_MODE_CHANGE) == 0);
  /* The host may look at the frame again whether it was told or not. */
  CHECK(stage_encode(&next, 1) == PVG_OK);
  AWAIT(stage_present(&next, 1) == 1);
  uint64_t counts[2];
  CHECK(pvg_display_present_counts(next.host.device, 1, counts) == PVG_OK && counts[0] == 1 && counts[1] == 1);
  stage_end(&next);
}

/* ---- registers ---- */

/* Of every port and one that isn't there; the last one read is the one selected before. */
static void read_all(struct guest *guest, uint32_t ports, uint32_t *values) {
  for (uint32_t port = ports + 1; port-- > 0;) {
    select_port(guest, port);
    for (uint32_t offset = 0; offset < 0x300; offset += 4) *values++ = guest_read(guest, 0x1000 + offset);
  }
}

static void test_registers(bool faulted) {
  static uint32_t before[4][0xc0], after[4][0xc0];
  struct stage stage, next;
  struct pen pens[PVG_PORTS_MAX];
  stage = (struct stage){.host = {.config = {.ports = 3}}};
  stage_run(&stage);
  stage_start(&stage, pens);
  pen_frame(&pens[2], 1);
  AWAIT(pen_stamp(&pens[2]) == pens[2].stamp);
  AWAIT(stage_present(&stage, 2) == 1);
  select_port(&stage.guest, 1);
  guest_write(&stage.guest, REG_MODE, 1);
  guest_write(&stage.guest, REG_MODE_SELECT, 7);
  guest_write(&stage.guest, REG_FIFO_BASE_PFN, 0x12345);
  const struct pvg_display_mode lost = {100, 90, 60000, 0};
  CHECK(pvg_display_set_modes(stage.host.device, 2, &lost, 1) == PVG_OK);
  if (faulted) {
    CONTROL(&stage.guest, 0x77, 0, 1);
    guest_kick(&stage.guest);
    CHECK(guest_read(&stage.guest, REG_FAULT) == (FAULT_OPCODE << 16 | 0x77));
  }
  read_all(&stage.guest, 3, *before);
  select_port(&stage.guest, 77);
  stage_move(&stage, &next, pens);
  CHECK(guest_read(&next.guest, REG_DISPLAY) == 77);
  read_all(&next.guest, 3, *after);
  CHECK(memcmp(before, after, sizeof before) == 0);
  select_port(&next.guest, 2);
  CHECK(guest_read(&next.guest, REG_MODE) == MODE_NONE && guest_read(&next.guest, REG_MODE_COUNT) == 1);
  if (faulted) {
    guest_kick(&next.guest);
    guest_restart(&next.guest);
    CHECK(guest_read(&next.guest, REG_FAULT) == 0 && guest_read(&next.guest, REG_START) == 1);
  }
  CONTROL(&next.guest, OP_ONLINE_ACK, 3, 2);
  guest_kick(&next.guest);
  CHECK(get_u32(next.guest.memory + SHARED_PAGE + SHARED_STAMP) == 3);
  stage_end(&next);
}

int main(void) {
  test_animation(1, true);
  test_animation(PVG_PORTS_MAX, true);
  test_animation(3, false);
  test_half_drawn();
  test_waiting_swap();
  test_waiting_swap_and_fault();
  test_untold_events(false);
  test_untold_events(true);
  test_told_events(false);
  test_told_events(true);
  test_registers(false);
  test_registers(true);
  return 0;
}
