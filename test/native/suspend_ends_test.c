/* SPDX-License-Identifier: Apache-2.0
 *
 * suspend_ends_test.c - what is in flight when a device is suspended, what is refused from then on, and ends in the middle of it all.
 *
 * Upcalls that a suspend or a resume needs are held until the test has looked; then they are answered, refused, or the device is stopped.
 */
#include "soft_mapper.h"
#include "soft_suspend.h"

/* ---- calls on threads of their own ---- */

struct call {
  struct stage *stage;
  const struct state *state; /* to resume from; NULL: to suspend */
  pthread_t thread;
  atomic_bool done;
  int32_t result;
};

static void *call_main(void *argument) {
  struct call *call = argument;
  uint32_t device = call->stage->host.device;
  call->result = call->state == NULL ? pvg_device_suspend(device) : pvg_device_resume(device, call->state->bytes, call->state->length);
  atomic_store(&call->done, true);
  return NULL;
}

static void begin_call(struct call *call, struct stage *stage, const struct state *state) {
  *call = (struct call){.stage = stage, .state = state};
  CHECK(pthread_create(&call->thread, NULL, call_main, call) == 0);
}

static int32_t end_call(struct call *call) {
  pthread_join(call->thread, NULL);
  return call->result;
}

static void check_closed(struct stage *stage, uint32_t texture) {
  uint32_t device = stage->host.device, value[2];
  CHECK(pvg_mmio_read(device, PVG_WINDOW_GFX, REG_VERSION, value) == PVG_E_CLOSED);
  CHECK(pvg_mmio_write(device, PVG_WINDOW_GFX, REG_MAIN_KICK, 1) == PVG_E_CLOSED);
  CHECK(pvg_mmio_write(device, PVG_WINDOW_IOSFC, IOSFC_PRODUCER, 1) == PVG_E_CLOSED);
  CHECK(pvg_device_reset(device) == PVG_E_CLOSED);
  CHECK(pvg_display_set_modes(device, 0, stage->host.modes, 1) == PVG_E_CLOSED);
  CHECK(pvg_display_encode(device, 0, texture, 1, 1) == PVG_E_REFUSED);
}

/* ---- in flight ---- */

static void open_stage(struct stage *stage, struct pen *pens) {
  *stage = (struct stage){.host = {.config = {.ports = 2, .iosfc = 1}}};
  stage_run(stage);
  stage_start(stage, pens);
}

/* A kick whose packets need the host: it and all its packets are carried out to the end, and its interrupt comes on the other device. */
static void test_access_in_flight(void) {
  struct stage stage, next;
  struct pen pens[PVG_PORTS_MAX];
  struct access access;
  struct call suspend, again;
  open_stage(&stage, pens);
  struct guest *guest = &stage.guest;
  uint32_t texture = pvg_texture_create(stage.host.device, 4, 4, 4);
  guest_write(guest, REG_GPU_STATUS, UINT32_MAX);
  uint32_t interrupts = atomic_load(&stage.host.interrupts[VECTOR_GPU]);
  put_u32(guest->memory + 7 * PAGE, 0x5eed5eed);
  atomic_store(&stage.host.hold, HOLD_MEMORY);
  CONTROL(guest, OP_MAP, 1, 1, 0, PIXELS - CHILD_RING, 0, 1, 0, (uint32_t)RAM_GPA + 7 * PAGE, 0, PAGE, 0);
  CONTROL(guest, OP_CURSOR_GLYPH, 2, 1, 4, 4, 16, 32, 1, 2, 0, (uint32_t)RAM_GPA + GLYPH, 0, 64);
  CONTROL(guest, OP_ONLINE_ACK, 3, 0);
  begin_kick(&access, guest);
  AWAIT(atomic_load(&stage.host.held_count) == 2);
  begin_call(&suspend, &stage, NULL);
  AWAIT(pvg_mmio_read(stage.host.device, PVG_WINDOW_GFX, REG_VERSION, (uint32_t[2]){0}) == PVG_E_CLOSED);
  begin_call(&again, &stage, NULL);
  check_closed(&stage, texture);
  uint64_t length;
  CHECK(pvg_device_state(stage.host.device, NULL, 0, &length) == PVG_E_REFUSED);
  STAYS(!atomic_load(&suspend.done) && !atomic_load(&again.done) && !atomic_load(&access.done));
  stage_release(&stage);
  CHECK(end_call(&suspend) == PVG_OK && end_call(&again) == PVG_OK);
  pthread_join(access.thread, NULL);
  CHECK(access.result == PVG_OK && get_u32(guest->memory + SHARED_PAGE + SHARED_STAMP) == 3);
  check_closed(&stage, texture);
  CHECK(pvg_device_suspend(stage.host.device) == PVG_OK);
  STAYS(atomic_load(&stage.host.interrupts[VECTOR_GPU]) == interrupts);
  stage_move(&stage, &next, pens);
  AWAIT(atomic_load(&next.host.interrupts[VECTOR_GPU]) == 1 && stage_count(&next, 1, PVG_UPCALL_CURSOR_GLYPH) == 1);
  CHECK(guest_read(&next.guest, REG_GPU_STATUS) == GPU_STATUS_STAMP && guest_read(&next.guest, REG_FIFO_READ) == next.guest.written);
  const uint32_t copy[10] = {DRAW_COPY, 40, 0, 0, 1, 1, 4, 0, PIXELS - CHILD_RING, 0};
  pen_draw(&pens[0], copy, 10);
  pen_swap(&pens[0]);
  pen_doorbell(&pens[0]);
  AWAIT(stage_present(&next, 0) == 1);
  CHECK(stage_pixel(&next, 0, 0, 0) == 0x5eed5eed);
  stage_end(&next);
}

/* Encodes in flight complete before the suspend does, exactly once each. Nobody takes their completions, so they can be counted. */
static void test_encodes_in_flight(void) {
  struct stage stage = {.host = {.config = {.ports = 1, .iosfc = 1, .encode_delay_us = 3000}}, .keep_frames = true};
  struct pen pens[PVG_PORTS_MAX];
  stage_run(&stage);
  struct host *host = &stage.host;
  struct pvg_ram_range range = {RAM_GPA, RAM_LENGTH, 0, host->ram, 0};
  uint32_t completions = host->config.mailboxes[PVG_CLASS_COMPLETION] = pvg_mailbox_create(host->group, 8, 0);
  CHECK(pvg_device_destroy(host->device) == PVG_OK);
  host->device = pvg_device_create(&host->config, &range, 1);
  CHECK(pvg_display_set_modes(host->device, 0, host->modes, host->mode_count) == PVG_OK);
  stage_start(&stage, pens);
  AWAIT(pvg_display_pending_events(stage.host.device, 0) == 0);
  pen_frame(&pens[0], 0xff313233u);
  AWAIT(pen_stamp(&pens[0]) == pens[0].stamp);
  for (uint32_t at = 0; at < 4; at++) CHECK(stage_encode(&stage, 0) == PVG_OK);
  CHECK(pvg_device_suspend(stage.host.device) == PVG_OK);
  CHECK(pvg_mailbox_depth(completions) == 4);
  check_closed(&stage, stage.screens[0].texture);
  stage_end(&stage);
}

/* A packet that waits for a stamp is not begun; it and those behind it are carried out by the other device, without a doorbell. */
static void test_packets_behind_a_stamp(void) {
  struct stage stage, next;
  struct pen pens[PVG_PORTS_MAX];
  open_stage(&stage, pens);
  CONTROL(&stage.guest, OP_ONLINE_ACK, 30, 0);
  guest_kick(&stage.guest);
  PEN(&pens[0], 1u << 16 | OP_EXEC, 70, 0, 44, 1, 0, 0, 0, 0);
  PEN(&pens[0], OP_SWAP, 71, 0, 0);
  pen_doorbell(&pens[0]);
  pen_frame(&pens[1], 0xff010101u);
  AWAIT(stage_present(&stage, 1) == 1 && pen_stamp(&pens[1]) == pens[1].stamp);
  CHECK(pvg_device_suspend(stage.host.device) == PVG_OK); /* the channel has looked at its ring for the last time */
  PEN(&pens[1], 1u << 16 | OP_SWAP, 72, 0, 30, 1, 0); /* published, and nobody was told; its stamp is there already */
  pen_publish(&pens[1]);
  stage_move(&stage, &next, pens);
  STAYS(pen_stamp(&pens[0]) == 0 && pen_read(&pens[0]) == 0 && pen_stamp(&pens[1]) == 2);
  pen_doorbell(&pens[1]);
  AWAIT(pen_stamp(&pens[1]) == 72);
  CHECK(pen_stamp(&pens[0]) == 0);
  CONTROL(&next.guest, OP_ONLINE_ACK, 44, 0);
  guest_kick(&next.guest);
  AWAIT(pen_stamp(&pens[0]) == 71 && pen_read(&pens[0]) == pens[0].written);
  stage_end(&next);
}

/* A device like the stage's whose interrupts go to a mailbox of their own, with room for one, that nobody empties. */
static uint32_t use_full_interrupts(struct stage *stage) {
  struct host *host = &stage->host;
  struct pvg_ram_range range = {RAM_GPA, RAM_LENGTH, 0, host->ram, 0};
  host->config.mailboxes[PVG_CLASS_INTERRUPT] = pvg_mailbox_create(host->group, 1, 0);
  CHECK(pvg_device_destroy(host->device) == PVG_OK);
  host->device = pvg_device_create(&host->config, &range, 1);
  CHECK(pvg_display_set_modes(host->device, 0, host->modes, host->mode_count) == PVG_OK);
  return host->config.mailboxes[PVG_CLASS_INTERRUPT];
}

static bool waits_for_room(struct stage *stage, uint32_t kind) {
  struct pvg_wait waits[32];
  int32_t count = pvg_device_waits(stage->host.device, waits, 32);
  bool found = false;
  for (int32_t at = 0; at < count; at++) found = found || (waits[at].what == PVG_WAIT_UPCALL && waits[at].target == kind);
  return found;
}

/* The interrupt of a blank, on its way to a host that has no room for it, arrives before the suspend is over. */
static void test_interrupt_in_flight(void) {
  struct stage stage = {.host = {.config = {.ports = 1}}};
  struct pen pens[PVG_PORTS_MAX];
  struct call suspend;
  struct pvg_record record;
  stage_run(&stage);
  uint32_t interrupts = use_full_interrupts(&stage);
  stage_start(&stage, pens);
  CONTROL(&stage.guest, OP_ONLINE_ACK, 1, 0);
  guest_kick(&stage.guest); /* the stamp's interrupt fills the mailbox */
  put_u32(stage.guest.memory + page_of_port(0) + DISPLAY_ENABLE, DISPLAY_EVENT_VBL);
  AWAIT(waits_for_room(&stage, PVG_UPCALL_RAISE_INTERRUPT));
  begin_call(&suspend, &stage, NULL);
  STAYS(!atomic_load(&suspend.done));
  CHECK(pvg_mailbox_take(interrupts, &record, 1, -1) == 1 && record.words[0] == VECTOR_GPU);
  CHECK(end_call(&suspend) == PVG_OK && pvg_mailbox_depth(interrupts) == 1);
  stage_end(&stage);
}

/* While there is no room for one more bitmap, a glyph waits in the queue, and is told by the other device. */
static void test_glyph_without_room(void) {
  struct stage stage, next;
  struct pen pens[PVG_PORTS_MAX];
  open_stage(&stage, pens);
  struct guest *guest = &stage.guest;
  atomic_store(&stage.keep_glyphs, true);
  for (uint32_t glyph = 1; glyph <= 65; glyph++) {
    for (uint32_t at = 0; at < 16; at++) put_u32(guest->memory + GLYPH + 4 * at, glyph << 8 | at);
    CONTROL(guest, OP_CURSOR_GLYPH, 0, 1, 4, 4, 16, 32, 1, 2, 0, (uint32_t)RAM_GPA + GLYPH, 0, 64);
    guest_kick(guest);
    if (glyph < 65) AWAIT(stage_count(&stage, 1, PVG_UPCALL_CURSOR_GLYPH) == glyph);
  }
  AWAIT(pvg_display_pending_events(stage.host.device, 1) == 65);
  stage_move(&stage, &next, pens);
  AWAIT(stage_count(&next, 1, PVG_UPCALL_CURSOR_GLYPH) == 1);
  CHECK(memcmp(next.screens[1].glyph, next.guest.memory + GLYPH, 64) == 0);
  stage_end(&next);
}

/* ---- the mapper ---- */

/* Page n of the surfaces, read-only if n is odd. */
static void map_numbered(struct guest *guest, uint32_t surface) {
  CHECK(run_entry(guest, IOSFC_OP_MAP, surface, RAM_GPA + SURFACES + surface * PAGE, PAGE, surface & 1) == IOSFC_OK);
}

/* A write to the mapper is an access like any other: the suspend waits until the host has answered what it needs. */
static void test_mapper_in_flight(void) {
  struct stage stage;
  struct access access;
  struct call suspend;
  open_stage(&stage, (struct pen[PVG_PORTS_MAX]){{0}});
  mapper_start(&stage.guest, 16);
  atomic_store(&stage.host.hold, 1u << PVG_UPCALL_IOSFC_MAP);
  begin_write(&access, &stage.guest, PVG_WINDOW_IOSFC, IOSFC_PRODUCER, 1);
  AWAIT(atomic_load(&stage.host.held_count) == 1);
  begin_call(&suspend, &stage, NULL);
  STAYS(!atomic_load(&suspend.done) && !atomic_load(&access.done));
  stage_release(&stage);
  CHECK(end_call(&suspend) == PVG_OK);
  pthread_join(access.thread, NULL);
  CHECK(access.result == PVG_OK);
  stage_end(&stage);
}

static void test_mapper(void) {
  struct stage stage, next;
  open_stage(&stage, (struct pen[PVG_PORTS_MAX]){{0}});
  mapper_start(&stage.guest, 16);
  for (uint32_t surface = 0; surface < 20; surface++) map_numbered(&stage.guest, surface * 3);
  for (uint32_t surface = 0; surface < 5; surface++) CHECK(unmap_surface(&stage.guest, surface * 6) == IOSFC_OK);
  uint64_t before[6], consumer = mapper_read(&stage.guest, IOSFC_CONSUMER);
  for (uint32_t at = 0; at < 6; at++) before[at] = mapper_read(&stage.guest, IOSFC_RING_BASE + 8 * at);
  stage_move(&stage, &next, NULL);
  for (uint32_t at = 0; at < 6; at++) CHECK(mapper_read(&next.guest, IOSFC_RING_BASE + 8 * at) == before[at]);
  CHECK(atomic_load(&next.host.counts[PVG_UPCALL_IOSFC_MAP]) == 2 + 15 && consumer == 25);
  for (uint32_t surface = 0; surface < 20; surface++) {
    /* Alive and mapped exactly if it was, and counted on from where it was. */
    if (surface % 2 == 1 || surface >= 10) CHECK(unmap_surface(&next.guest, surface * 3) == IOSFC_OK);
    map_numbered(&next.guest, surface * 3);
    CHECK(get_u32(next.guest.memory + MAPPER_TABLE + 16 * surface * 3 + 12) == 2);
  }
  mapper_write(&next.guest, IOSFC_RING_BASE, 0);
  CHECK(atomic_load(&next.host.counts[PVG_UPCALL_IOSFC_UNMAP]) == 15 + 1);
  stage_end(&next);
}

/* ---- ends ---- */

static int32_t end_device(struct stage *stage, int how) {
  if (how == 0) return pvg_device_stop(stage->host.device);
  return how == 1 ? pvg_device_destroy(stage->host.device) : pvg_group_close(stage->host.group, PVG_CAUSE_CLOSED);
}

static void test_end_during_suspend(int how) {
  struct stage stage;
  struct access access;
  struct call suspend;
  open_stage(&stage, (struct pen[PVG_PORTS_MAX]){{0}});
  atomic_store(&stage.host.hold, HOLD_MEMORY);
  CONTROL(&stage.guest, OP_MAP, 1, 1, 0, 0, 0, 1, 0, (uint32_t)RAM_GPA, 0, PAGE, 0);
  begin_kick(&access, &stage.guest);
  AWAIT(atomic_load(&stage.host.held_count) == 1);
  begin_call(&suspend, &stage, NULL);
  AWAIT(pvg_mmio_read(stage.host.device, PVG_WINDOW_GFX, REG_VERSION, (uint32_t[2]){0}) == PVG_E_CLOSED);
  CHECK(end_device(&stage, how) == PVG_OK);
  CHECK(end_call(&suspend) == PVG_E_CLOSED);
  pthread_join(access.thread, NULL);
  CHECK(access.result == PVG_E_CLOSED);
  uint64_t length;
  CHECK(pvg_device_state(stage.host.device, NULL, 0, &length) == (how == 1 ? PVG_E_HANDLE : PVG_E_REFUSED));
  stage_end(&stage);
}

/* A suspended device with tasks, a mapper, frames and untold events, and a stage to go on in. */
static struct state make_state(struct stage *stage, struct stage *next) {
  struct pen pens[PVG_PORTS_MAX];
  open_stage(stage, pens);
  mapper_start(&stage->guest, 16);
  map_numbered(&stage->guest, 5);
  atomic_store(&stage->keep_frames, true);
  pen_frame(&pens[1], 0xff242526u);
  AWAIT(pen_stamp(&pens[1]) == pens[1].stamp);
  CHECK(pvg_device_suspend(stage->host.device) == PVG_OK);
  struct state state = take_state(stage->host.device);
  stage_follow(next, stage);
  return state;
}

/* Stopped, destroyed or closed while the host is asked for the first task, a mapping or a surface; or the host refuses it. */
static void test_end_during_resume(uint32_t kind, int how) {
  struct stage stage, next;
  struct call resume;
  struct state state = make_state(&stage, &next);
  stage_end(&stage);
  if (how == 3) {
    atomic_store(&next.host.refuse, 1u << kind);
    begin_call(&resume, &next, &state);
    CHECK(end_call(&resume) == PVG_E_REFUSED);
    atomic_store(&next.host.refuse, 0);
    check_closed(&next, pvg_texture_create(next.host.device, 4, 4, 4));
    CHECK(pvg_device_resume(next.host.device, state.bytes, state.length) == PVG_E_ARGUMENT);
    CHECK(pvg_device_suspend(next.host.device) == PVG_E_CLOSED);
  } else {
    atomic_store(&next.host.hold, 1u << kind);
    begin_call(&resume, &next, &state);
    AWAIT(atomic_load(&next.host.held_count) == 1);
    check_closed(&next, pvg_texture_create(next.host.device, 4, 4, 4));
    CHECK(pvg_device_suspend(next.host.device) == PVG_E_CLOSED);
    STAYS(!atomic_load(&resume.done));
    CHECK(end_device(&next, how) == PVG_OK);
    CHECK(end_call(&resume) == PVG_E_CLOSED);
  }
  free(state.bytes);
  stage_end(&next);
}

/* ---- arguments ---- */

static void test_arguments(void) {
  struct stage stage, next, other;
  struct state state = make_state(&stage, &next);
  uint64_t length;
  CHECK(pvg_device_state(stage.host.device, state.bytes, state.length, NULL) == PVG_E_ARGUMENT);
  CHECK(pvg_device_state(next.host.device, NULL, 0, &length) == PVG_E_REFUSED);
  CHECK(pvg_device_state(1, NULL, 0, &length) == PVG_E_HANDLE && pvg_device_suspend(1) == PVG_E_HANDLE);
  CHECK(pvg_device_resume(1, state.bytes, state.length) == PVG_E_HANDLE);
  CHECK(pvg_device_resume(next.host.device, NULL, state.length) == PVG_E_ARGUMENT);
  CHECK(pvg_device_resume(stage.host.device, state.bytes, state.length) == PVG_E_ARGUMENT); /* not new, but suspended */
  /* Other windows, ports or pages; and a device that is in use. */
  for (int what = 0; what < 5; what++) {
    stage_follow(&other, &stage);
    struct pvg_config config = other.host.config;
    struct pvg_ram_range range = {RAM_GPA, RAM_LENGTH, 0, other.host.ram, 0};
    if (what == 0) config.iosfc = 0;
    if (what == 1) config.display_serials[config.ports++] = 99;
    if (what == 2) config.page_shift = 14;
    uint32_t device = pvg_device_create(&config, &range, 1);
    if (what == 3) CHECK(pvg_display_set_modes(device, 0, stage.host.modes, 1) == PVG_OK);
    if (what == 3) CHECK(pvg_mmio_write(device, PVG_WINDOW_GFX, REG_MODE, 0) == PVG_OK);
    if (what == 4) CHECK(pvg_mmio_write(device, PVG_WINDOW_GFX, REG_MAIN_KICK, 0) == PVG_OK); /* has faulted */
    CHECK(pvg_device_resume(device, state.bytes, state.length) == PVG_E_ARGUMENT);
    CHECK(atomic_load(&other.host.counts[PVG_UPCALL_CREATE_TASK]) == 0);
    CHECK(pvg_device_destroy(device) == PVG_OK);
    stage_end(&other);
  }
  stage_end(&stage);
  CHECK(pvg_device_resume(next.host.device, state.bytes, state.length) == PVG_OK);
  CHECK(pvg_device_resume(next.host.device, state.bytes, state.length) == PVG_E_ARGUMENT);
  free(state.bytes);
  stage_end(&next);
}

int main(void) {
  test_access_in_flight();
  test_encodes_in_flight();
  test_packets_behind_a_stamp();
  test_interrupt_in_flight();
  test_glyph_without_room();
  test_mapper_in_flight();
  test_mapper();
  for (int how = 0; how < 3; how++) test_end_during_suspend(how);
  for (int how = 0; how < 4; how++) {
    test_end_during_resume(PVG_UPCALL_CREATE_TASK, how);
    test_end_during_resume(PVG_UPCALL_MAP_MEMORY, how);
    test_end_during_resume(PVG_UPCALL_IOSFC_MAP, how);
  }
  test_arguments();
  return 0;
}
