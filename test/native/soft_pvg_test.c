/* SPDX-License-Identifier: Apache-2.0
 *
 * soft_pvg_test.c - the software PVG against what pvg_bridge.h and layout.h promise of it.
 *
 * Each test makes a host, a guest and a device of its own. It waits for states, never for times; what one thread does while
 * another waits is arranged by not answering upcalls.
 */
#include "soft_access.h"

/* ---- drawing and showing ---- */

static void test_pixels(bool vsync, bool managed) {
  struct host host = {.config = {.vsync = vsync, .managed_textures = managed}};
  struct guest guest;
  stage_open(&host, &guest);
  guest_start(&guest, 0);
  CHECK(guest_read(&guest, REG_FAULT) == 0);
  uint32_t *source = (uint32_t *)(void *)(guest.memory + PIXELS);
  for (uint32_t at = 0; at < 16; at++) source[at] = 0x80000000u | at << 16 | at;
  const uint32_t commands[] = {
    DRAW_FILL, 32, 0, 0, 64, 48, 0xff204060u, 0,
    DRAW_COPY, 40, (uint32_t)-2, (uint32_t)-1, 4, 4, 16, 0, PIXELS - CHILD_RING, 0, /* its lower right 2 x 3 are visible */
    DRAW_BLEND, 40, 62, 46, 4, 4, 16, 0, PIXELS - CHILD_RING, 0,                    /* its upper left 2 x 2 are */
    DRAW_BLEND_FILL, 32, 10, 10, 1, 1, 0x80ff0000u, 0,
  };
  memcpy(guest.memory + COMMANDS, commands, sizeof commands);
  CHILD(&guest, OP_EXEC, 0, 1, sizeof commands, COMMANDS - CHILD_RING, 0);
  CHILD(&guest, OP_SWAP, 7, 0, 0);
  guest_doorbell(&guest);
  guest_await_stamp(&guest, 1, 7);
  AWAIT(atomic_load(&host.shown) == 1);
  CHECK(host.pixels_width == 64 && host.pixels_height == 48 && atomic_load(&host.last_present) == 1);
  CHECK(pixel(&host, 5, 20) == 0xff204060u);
  CHECK(pixel(&host, 0, 0) == source[4 + 2] && pixel(&host, 1, 2) == source[12 + 3]);
  CHECK(pixel(&host, 2, 0) == 0xff204060u);
  /* 128 of 255 of 0x20 over nothing, as layout.h has it: t = 127 * 0x20 + 128, (t + (t >> 8)) >> 8. */
  CHECK(pixel(&host, 62, 46) == 0xff102030u);
  CHECK(pixel(&host, 10, 10) == 0xff902030u);
  CHECK(get_u32(guest.memory + SHARED_PAGE + SHARED_READ + 4) == guest.child_written);
  AWAIT(atomic_load(&host.interrupts[VECTOR_GPU]) >= 1 && atomic_load(&host.interrupts[VECTOR_DISPLAY]) >= 1);
  CHECK(guest_read(&guest, REG_GPU_STATUS) == GPU_STATUS_STAMP && guest_read(&guest, REG_DISPLAY_STATUS) == 1);
  guest_write(&guest, REG_GPU_STATUS, GPU_STATUS_STAMP);
  CHECK(guest_read(&guest, REG_GPU_STATUS) == 0);
  stage_close(&host, &guest);
}

/* The host is told of one new frame until it asks for one; frames replaced meanwhile are counted, the newest is shown. */
static void test_coalescing(void) {
  struct host host = {0};
  struct guest guest;
  stage_open(&host, &guest);
  guest_start(&guest, 0);
  atomic_store(&host.keep_frames, true);
  for (uint32_t at = 1; at <= 10; at++) {
    guest_fill_frame(&guest, 0xff000000u + at);
    guest_await_stamp(&guest, 1, at);
    AWAIT(pvg_display_pending_events(host.device, 0) == 0 && atomic_load(&host.counts[PVG_UPCALL_NEW_FRAME]) == 1);
  }
  STAYS(atomic_load(&host.counts[PVG_UPCALL_NEW_FRAME]) == 1);
  uint64_t counts[2];
  CHECK(pvg_display_present_counts(host.device, 0, counts) == PVG_OK && counts[0] == 10 && counts[1] == 0);
  CHECK(host_encode(&host, 1));
  AWAIT(atomic_load(&host.shown) == 1);
  CHECK(atomic_load(&host.last_present) == 10 && pixel(&host, 3, 3) == 0xff00000au);
  CHECK(pvg_display_present_counts(host.device, 0, counts) == PVG_OK && counts[0] == 10 && counts[1] == 1);
  /* A second encode of the same frame is fine, and isn't counted. */
  CHECK(host_encode(&host, 2));
  AWAIT(atomic_load(&host.shown) == 2);
  CHECK(pvg_display_present_counts(host.device, 0, counts) == PVG_OK && counts[1] == 1);
  /* Asked for, so the next frame is announced again. */
  guest_fill_frame(&guest, 0xff0000ffu);
  AWAIT(atomic_load(&host.counts[PVG_UPCALL_NEW_FRAME]) == 2);
  stage_close(&host, &guest);
}

/* A frame in a new mode is news, whether the host has asked for the one before or not: that one is gone. */
static void test_news_of_a_mode(void) {
  struct host host = {0};
  struct guest guest;
  stage_open(&host, &guest);
  guest_start(&guest, 0);
  atomic_store(&host.keep_frames, true);
  guest_fill_frame(&guest, 0xff0000ffu);
  AWAIT(atomic_load(&host.counts[PVG_UPCALL_NEW_FRAME]) == 1);
  guest_write(&guest, REG_MODE, 1);
  guest_fill_frame(&guest, 0xff00ff00u);
  AWAIT(atomic_load(&host.counts[PVG_UPCALL_NEW_FRAME]) == 2 && atomic_load(&host.counts[PVG_UPCALL_MODE_CHANGE]) == 2);
  stage_close(&host, &guest);
}

static void test_refused_encodes(void) {
  struct host host = {.config = {.refuse_every = 3, .managed_textures = 1}};
  struct guest guest;
  stage_open(&host, &guest);
  CHECK(pvg_display_encode(host.device, 0, 12345, 1, 1) == PVG_E_HANDLE);
  atomic_store(&host.keep_frames, true);
  guest_start(&guest, 0);
  AWAIT(atomic_load(&host.counts[PVG_UPCALL_MODE_CHANGE]) == 1);
  CHECK(!host_encode(&host, 1)); /* there is no frame yet */
  guest_fill_frame(&guest, 0xff112233u);
  guest_await_stamp(&guest, 1, 1);
  uint32_t refused = 0, done = 0;
  for (uint32_t at = 0; at < 9; at++) {
    if (host_encode(&host, at)) {
      done++;
      AWAIT(atomic_load(&host.shown) == done);
    } else {
      refused++;
    }
  }
  CHECK(refused == 3);
  /* What isn't synchronised doesn't reach the RAM copy of a managed texture. */
  uint32_t other = pvg_texture_create(host.device, 8, 8, 4), pixels[64] = {1};
  CHECK(pvg_texture_managed(other) == 1);
  int32_t result = pvg_display_encode(host.device, 0, other, 0, 77);
  if (result == PVG_E_REFUSED) result = pvg_display_encode(host.device, 0, other, 0, 77);
  CHECK(result == PVG_OK);
  AWAIT(pvg_texture_copy(other, pixels, sizeof pixels) == PVG_OK);
  CHECK(pixels[0] == 0);
  CHECK(pvg_texture_copy(other, pixels, sizeof pixels - 4) == PVG_E_BOUNDS);
  CHECK(pvg_texture_release(other) == PVG_OK && pvg_texture_release(other) == PVG_E_HANDLE);
  stage_close(&host, &guest);
}

/* ---- waiting ---- */

/* The upcall that the packet with that stamp made. */
static const struct pvg_record *held_of_stamp(const struct pvg_record *held, uint32_t stamp) {
  for (int at = 0; at < 3; at++) {
    uint32_t found = held[at].kind == PVG_UPCALL_READ_MEMORY ? 3 : held[at].words[3] == 2 ? 2 : 1;
    if (found == stamp) return &held[at];
  }
  CHECK(!"every packet made an upcall");
  return NULL;
}

static void test_upcalls_during_an_access(void) {
  struct host host = {0};
  struct guest guest;
  struct access access;
  hold_three(&host, &guest, &access);
  const struct pvg_record *held = host.held;
  CHECK(held[0].thread != held[1].thread && held[0].thread != held[2].thread && held[1].thread != held[2].thread);
  CHECK(held[0].id != held[1].id && held[0].id != held[2].id && held[1].id != held[2].id);
  CHECK(!atomic_load(&access.done));

  /* Another access that needs no upcall goes past. */
  CHECK(guest_read(&guest, REG_FAULT) == 0 && guest_read(&guest, REG_VERSION) == VERSION_VALUE);
  uint64_t pieces[8];
  for (int at = 0; at < 3; at++) {
    if (held[at].kind != PVG_UPCALL_MAP_MEMORY) {
      CHECK(pvg_upcall_pieces(host.device, held[at].id, 0, pieces, 4) == PVG_E_HANDLE);
      CHECK(pvg_upcall_supply(host.device, held[at].id, 60, pieces, 5) == PVG_E_BOUNDS);
      CHECK(pvg_upcall_supply(host.device, held[at].id, UINT64_MAX, pieces, 1) == PVG_E_BOUNDS);
    } else if (held[at].words[3] == 2) {
      CHECK(held[at].words[2] == 1 && pvg_upcall_pieces(host.device, held[at].id, 0, pieces, 4) == 2);
      CHECK(pieces[2] == RAM_GPA + 9 * PAGE && pieces[3] == PAGE);
      CHECK(pvg_upcall_pieces(host.device, held[at].id, 2, pieces, 4) == 0);
      CHECK(pvg_upcall_supply(host.device, held[at].id, 0, pieces, 1) == PVG_E_HANDLE);
    }
  }
  /* Answered last packet first: stamps come in the packets' order all the same, and the access completes with the last answer. */
  for (uint32_t stamp = 3; stamp >= 1; stamp--) {
    const struct pvg_record *record = held_of_stamp(held, stamp);
    STAYS(!atomic_load(&access.done) && get_u32(guest.memory + SHARED_PAGE + SHARED_STAMP) == 0);
    CHECK(pvg_upcall_answer(host.device, record->id + 0x100, 1, 0) == PVG_E_HANDLE); /* its slot, another time */
    CHECK(host_answer(&host, record) == PVG_OK);
    CHECK(pvg_upcall_answer(host.device, record->id, 1, 0) == PVG_E_HANDLE);
  }
  pthread_join(access.thread, NULL);
  CHECK(access.result == PVG_OK && get_u32(guest.memory + SHARED_PAGE + SHARED_STAMP) == 3);
  CHECK(guest_read(&guest, REG_FAULT) == 0);
  stage_close(&host, &guest);
}

static void test_stop_with_callers_inside(int how) {
  struct host host = {0};
  struct guest guest;
  struct access access;
  hold_three(&host, &guest, &access);
  if (how == 0) {
    CHECK(pvg_device_stop(host.device) == PVG_OK && pvg_device_stop(host.device) == PVG_OK);
  } else if (how == 1) {
    CHECK(pvg_group_close(host.group, PVG_CAUSE_CLOSED) == PVG_OK);
  } else {
    CHECK(pvg_device_destroy(host.device) == PVG_OK);
    CHECK(pvg_device_destroy(host.device) == PVG_E_HANDLE);
  }
  pthread_join(access.thread, NULL);
  CHECK(access.result == PVG_E_CLOSED);
  CHECK(pvg_upcall_answer(host.device, host.held[0].id, 1, 0) == PVG_E_HANDLE);
  uint32_t value[2];
  int32_t gone = how == 2 ? PVG_E_HANDLE : PVG_E_CLOSED;
  CHECK(pvg_mmio_read(host.device, PVG_WINDOW_GFX, REG_VERSION, value) == gone);
  CHECK(pvg_device_reset(host.device) == gone);
  stage_close(&host, &guest);
}

struct encode {
  struct host *host;
  uint32_t texture;
  atomic_bool done;
};

static void *encode_main(void *argument) {
  struct encode *encode = argument;
  CHECK(pvg_display_encode(encode->host->device, 0, encode->texture, 1, 99) == PVG_OK);
  atomic_store(&encode->done, true);
  return NULL;
}

/* The write that sets a mode completes at once; the display queue, and encodes with it, wait for the host. */
static void test_mode_change_waits(void) {
  struct host host = {0};
  struct guest guest;
  stage_open(&host, &guest);
  atomic_store(&host.hold, 1u << PVG_UPCALL_MODE_CHANGE);
  guest_start(&guest, 1);
  CHECK(guest_read(&guest, REG_MODE) == 1);
  AWAIT(atomic_load(&host.held_count) == 1);
  CHECK(host.held[0].words[1] == 33 && host.held[0].words[2] == 21);
  guest_fill_frame(&guest, 0xff334455u);
  guest_await_stamp(&guest, 1, 1);
  CHECK(pvg_display_pending_events(host.device, 0) >= 2); /* the change that waits, and the frame behind it */
  struct encode encode = {.host = &host, .texture = pvg_texture_create(host.device, 33, 21, 4)};
  pthread_t encoding;
  CHECK(pthread_create(&encoding, NULL, encode_main, &encode) == 0);
  STAYS(atomic_load(&host.counts[PVG_UPCALL_NEW_FRAME]) == 0 && !atomic_load(&encode.done));
  atomic_store(&host.hold, 0);
  CHECK(host_answer(&host, &host.held[0]) == PVG_OK);
  pthread_join(encoding, NULL);
  /* The encode above completes too, into a texture that the host doesn't look at. */
  AWAIT(pixel(&host, 32, 20) == 0xff334455u);
  CHECK(pixel(&host, 33, 20) == 0);
  stage_close(&host, &guest);
}

/* A child FIFO's packet waits for the stamps that it names. */
static void test_stamp_waits(void) {
  struct host host = {0};
  struct guest guest;
  stage_open(&host, &guest);
  guest_start(&guest, 0);
  CHILD(&guest, 1u << 16 | OP_SWAP, 5, 0, 9, 0, 0);
  guest_doorbell(&guest);
  CONTROL(&guest, OP_ONLINE_ACK, 8, 0);
  guest_kick(&guest);
  CHECK(get_u32(guest.memory + SHARED_PAGE + SHARED_STAMP) == 8);
  STAYS(get_u32(guest.memory + SHARED_PAGE + SHARED_STAMP + 4) == 0);
  CONTROL(&guest, OP_ONLINE_ACK, 9, 0);
  guest_kick(&guest);
  guest_await_stamp(&guest, 1, 5);
  CHECK(guest_read(&guest, REG_FAULT) == 0);
  stage_close(&host, &guest);
}

/* ---- registers, reset, arguments ---- */

static void test_registers(void) {
  struct host host = {0};
  struct guest guest;
  stage_open(&host, &guest);
  CHECK(pvg_mmio_length(host.device, PVG_WINDOW_GFX) == GFX_WINDOW_LENGTH);
  CHECK(guest_read(&guest, REG_VERSION) == VERSION_VALUE && guest_read(&guest, REG_MODE) == MODE_NONE);
  CHECK(guest_read(&guest, REG_MODE_COUNT) == 2 && guest_read(&guest, REG_CONNECTED) == 1 && guest_read(&guest, REG_PORTS) == 1);
  guest_write(&guest, REG_MODE_SELECT, 1);
  CHECK(guest_read(&guest, REG_MODE_SIZE) == (33u << 16 | 21) && guest_read(&guest, REG_MODE_RATE) == 1000000);
  CHECK(guest_read(&guest, REG_STRIDE) == 192 && guest_read(&guest, REG_STRIDE) % guest_read(&guest, REG_STRIDE_ALIGN) == 0);
  guest_write(&guest, REG_MODE_SELECT, 2);
  CHECK(guest_read(&guest, REG_MODE_SIZE) == 0);
  guest_write(&guest, REG_MODE, 2);
  CHECK(guest_read(&guest, REG_MODE) == MODE_NONE);
  for (uint32_t offset = 0; offset < GFX_WINDOW_LENGTH; offset += 4) {
    if (offset == REG_START || offset == REG_MAIN_KICK) continue;
    guest_write(&guest, offset, UINT32_MAX);
    guest_read(&guest, offset);
  }
  guest_write(&guest, REG_DISPLAY, 0); /* the loop has selected a port that isn't there */
  const uint32_t read_only[] = {REG_FIFO_READ, REG_FAULT, REG_VERSION, REG_MODE_COUNT, REG_CONNECTED, 0, 0x3ffc};
  const uint32_t values[] = {0, 0, VERSION_VALUE, 2, 1, 0, 0};
  for (int at = 0; at < 7; at++) CHECK(guest_read(&guest, read_only[at]) == values[at]);

  uint32_t value[2], device = host.device;
  CHECK(pvg_mmio_read(device, PVG_WINDOW_IOSFC, 0, value) == PVG_E_UNSUPPORTED);
  CHECK(pvg_mmio_read(device, PVG_WINDOW_GFX, 2, value) == PVG_E_ARGUMENT);
  CHECK(pvg_mmio_write(device, PVG_WINDOW_GFX, GFX_WINDOW_LENGTH, 0) == PVG_E_ARGUMENT);
  CHECK(pvg_mmio_write(device, PVG_WINDOW_GFX, UINT64_MAX - 3, 0) == PVG_E_ARGUMENT);
  CHECK(pvg_mmio_read(device, PVG_WINDOW_GFX, 0, NULL) == PVG_E_ARGUMENT);
  CHECK(pvg_mmio_read(device ^ 0x1000, PVG_WINDOW_GFX, 0, value) == PVG_E_HANDLE);
  CHECK(pvg_display_encode(device, 1, 0, 0, 0) == PVG_E_UNSUPPORTED);
  CHECK(pvg_display_pending_events(device, 1) == PVG_E_UNSUPPORTED);
  struct pvg_display_mode mode = {0, 1, 60000, 0};
  CHECK(pvg_display_set_modes(device, 0, &mode, 1) == PVG_E_ARGUMENT);
  CHECK(pvg_display_set_modes(device, 0, host.modes, 0) == PVG_E_ARGUMENT);
  CHECK(pvg_texture_create(device, 0, 1, 4) == 0 && pvg_texture_create(device, 16385, 1, 4) == 0);
  CHECK(pvg_texture_create(device, 1, 1, 0) == 0);
  CHECK(pvg_upcall_answer(device, 0, 1, 0) == PVG_E_HANDLE && pvg_upcall_answer(device, UINT32_MAX, 1, 0) == PVG_E_HANDLE);
  stage_close(&host, &guest);
}

/* After a reset the device is as new: tasks were destroyed by upcalls, and a guest can start over. */
static void test_reset(void) {
  struct host host = {.config = {.encode_delay_us = 1000}};
  struct guest guest;
  stage_open(&host, &guest);
  for (uint32_t round = 1; round <= 20; round++) {
    guest_start(&guest, round % 2);
    guest.stamp = 0;
    guest_fill_frame(&guest, 0xff000000u + round);
    guest_fill_frame(&guest, 0xff000000u + round);
    if (round % 4 == 0) {
      guest_await_stamp(&guest, 1, 2);
      AWAIT(pixel(&host, 20, 20) == 0xff000000u + round);
    }
    CHECK(pvg_device_reset(host.device) == PVG_OK);
    CHECK(atomic_load(&host.counts[PVG_UPCALL_DESTROY_TASK]) == 2 * round);
    CHECK(guest_read(&guest, REG_START) == 0 && guest_read(&guest, REG_MODE) == MODE_NONE);
    CHECK(guest_read(&guest, REG_FIFO_LENGTH) == 0 && guest_read(&guest, REG_MODE_COUNT) == 2);
  }
  CHECK(atomic_load(&host.counts[PVG_UPCALL_CREATE_TASK]) == 40);
  stage_close(&host, &guest);
}

/* A reset while an access waits for an upcall: the access completes once the host has answered, and so does the reset. */
static void *reset_main(void *argument) {
  CHECK(pvg_device_reset(((struct host *)argument)->device) == PVG_OK);
  return NULL;
}

static void test_reset_during_an_access(void) {
  struct host host = {0};
  struct guest guest;
  struct access access;
  pthread_t resetting;
  hold_three(&host, &guest, &access);
  CHECK(pthread_create(&resetting, NULL, reset_main, &host) == 0);
  atomic_store(&host.hold, 0);
  for (int at = 0; at < 3; at++) CHECK(host_answer(&host, &host.held[at]) == PVG_OK);
  pthread_join(access.thread, NULL);
  pthread_join(resetting, NULL);
  CHECK(access.result == PVG_OK && guest_read(&guest, REG_START) == 0);
  CHECK(atomic_load(&host.counts[PVG_UPCALL_DESTROY_TASK]) == 3);
  stage_close(&host, &guest);
}

static void test_cursor(void) {
  struct host host = {0};
  struct guest guest;
  stage_open(&host, &guest);
  guest_start(&guest, 0);
  uint32_t place[2];
  CHECK(pvg_display_cursor_position(host.device, 0, place) == PVG_OK && place[0] == 0xffff && place[1] == 0xffff);
  CONTROL(&guest, OP_CURSOR_GLYPH, 0, 0, 4, 4, 16, 32, 1, 2, 0, (uint32_t)RAM_GPA + GLYPH, 0, 64);
  put_u32(guest.memory + DISPLAY_PAGE + DISPLAY_CURSOR, 30u << 16 | 40);
  CONTROL(&guest, OP_CURSOR_SHOW, 0, 0, 0);
  guest_kick(&guest);
  AWAIT(atomic_load(&host.counts[PVG_UPCALL_CURSOR_GLYPH]) == 1);
  AWAIT(atomic_load(&host.counts[PVG_UPCALL_CURSOR_MOVE]) >= 1 && atomic_load(&host.counts[PVG_UPCALL_CURSOR_SHOW]) >= 1);
  CHECK(pvg_display_cursor_position(host.device, 0, place) == PVG_OK && place[0] == 40 && place[1] == 30);
  /* The records say where the cursor was when the host was told. */
  struct pvg_record move = last_told(&host, PVG_UPCALL_CURSOR_MOVE), show = last_told(&host, PVG_UPCALL_CURSOR_SHOW);
  CHECK(move.words[0] == 0 && move.words[1] == 40 && move.words[2] == 30);
  CHECK(show.words[0] == 0 && show.words[1] == 0 && show.words[2] == 40 && show.words[3] == 30);
  stage_close(&host, &guest);
}

int main(void) {
  for (int at = 0; at < 4; at++) test_pixels(at & 1, at & 2);
  test_coalescing();
  test_news_of_a_mode();
  test_refused_encodes();
  test_upcalls_during_an_access();
  for (int how = 0; how < 3; how++) test_stop_with_callers_inside(how);
  test_mode_change_waits();
  test_stamp_waits();
  test_registers();
  test_reset();
  test_reset_during_an_access();
  test_cursor();
  return 0;
}
