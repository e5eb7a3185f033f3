/* SPDX-License-Identifier: Apache-2.0
 *
 * displays_test.c - the displays of a device: each port for itself, and modes that change at run time.
 *
 * What one port does is looked for on all the others. Where one thing must not wait for another, the other is kept from going on by a
 * host that doesn't answer or empty a mailbox, never by time.
 */
#include "soft_ports.h"

/* ---- ports ---- */

static uint32_t colour_of(uint32_t port, uint32_t frame) { return 0xff000000u | (port + 1) << 16 | frame; }

static void check_registers(struct stage *stage) {
  struct guest *guest = &stage->guest;
  uint32_t ports = stage->host.config.ports;
  for (uint32_t port = 0; port < ports; port++) {
    select_port(guest, port);
    CHECK(guest_read(guest, REG_DISPLAY) == port && guest_read(guest, REG_PORTS) == ports);
    CHECK(guest_read(guest, REG_SERIAL) == port + 1 && guest_read(guest, REG_CONNECTED) == 1);
    CHECK(guest_read(guest, REG_MODE) == 0 && guest_read(guest, REG_MODE_COUNT) == 2 && guest_read(guest, REG_MODE_DEPTH) == 32);
    guest_write(guest, REG_MODE_SELECT, port % 2);
    uint32_t size = port == 0 ? 64u << 16 | 48 : port % 2 ? (16 + port) << 16 | (9 + port) : (40 + 8 * port) << 16 | (30 + port);
    CHECK(guest_read(guest, REG_MODE_SIZE) == size);
  }
  /* A selected mode is the port's own. */
  for (uint32_t port = 0; port < ports; port++) {
    select_port(guest, port);
    CHECK(guest_read(guest, REG_MODE_SELECT) == port % 2);
  }
  const uint32_t absent[] = {ports, PVG_PORTS_MAX, UINT32_MAX};
  for (size_t at = 0; at < 3; at++) {
    select_port(guest, absent[at]);
    CHECK(guest_read(guest, REG_DISPLAY) == absent[at] && guest_read(guest, REG_PORTS) == ports);
    guest_write(guest, REG_MODE, 0);
    for (uint32_t offset = REG_MODE_COUNT; offset <= REG_MODE_RATE; offset += 4) {
      uint32_t expected = offset == REG_MODE ? MODE_NONE : offset == REG_PORTS ? ports : 0;
      CHECK(guest_read(guest, offset) == expected);
    }
  }
}

/* Every port is drawn on a different number of times; modes, frames, counts, stamps and interrupts are its own. */
static void test_independent(uint32_t ports, bool vsync) {
  struct stage stage = {.host = {.config = {.ports = ports, .vsync = vsync}}};
  struct pen pens[PVG_PORTS_MAX];
  stage_run(&stage);
  stage_start(&stage, pens);
  check_registers(&stage);
  for (uint32_t frame = 1; frame <= ports; frame++) {
    for (uint32_t port = frame - 1; port < ports; port++) pen_frame(&pens[port], colour_of(port, frame));
    for (uint32_t port = frame - 1; port < ports; port++) AWAIT(pen_stamp(&pens[port]) == pens[port].stamp);
    for (uint32_t port = frame - 1; port < ports; port++) AWAIT(stage_present(&stage, port) == frame);
  }
  for (uint32_t port = 0; port < ports; port++) {
    uint64_t counts[2];
    CHECK(pvg_display_present_counts(stage.host.device, port, counts) == PVG_OK && counts[0] == port + 1 && counts[1] == port + 1);
    CHECK(stage_pixel(&stage, port, 0, 0) == colour_of(port, port + 1));
    uint32_t width = port == 0 ? 64 : 40 + 8 * port, height = port == 0 ? 48 : 30 + port;
    CHECK(stage_pixel(&stage, port, width - 1, height - 1) == colour_of(port, port + 1) && stage_pixel(&stage, port, width, 0) == 0);
    CHECK(get_u32(stage.guest.memory + page_of_port(port) + DISPLAY_PENDING) & DISPLAY_EVENT_PRESENT);
  }
  CHECK(guest_read(&stage.guest, REG_DISPLAY_STATUS) == (1u << ports) - 1 && guest_read(&stage.guest, REG_FAULT) == 0);
  guest_write(&stage.guest, REG_DISPLAY_STATUS, 2);
  CHECK(guest_read(&stage.guest, REG_DISPLAY_STATUS) == (((1u << ports) - 1) & ~2u));
  stage_end(&stage);
}

static void test_cursors(void) {
  struct stage stage = {.host = {.config = {.ports = 3}}};
  struct pen pens[PVG_PORTS_MAX];
  uint32_t place[2];
  stage_run(&stage);
  stage_start(&stage, pens);
  struct guest *guest = &stage.guest;
  for (uint32_t at = 0; at < 16; at++) put_u32(guest->memory + GLYPH + 4 * at, 0x01010101u * at);
  put_u32(guest->memory + page_of_port(1) + DISPLAY_CURSOR, 7u << 16 | 9);
  CONTROL(guest, OP_CURSOR_SHOW, 0, 1, 1);
  CONTROL(guest, OP_CURSOR_GLYPH, 0, 2, 4, 4, 16, 32, 1, 2, 0, (uint32_t)RAM_GPA + GLYPH, 0, 64);
  guest_kick(guest);
  AWAIT(stage_count(&stage, 1, PVG_UPCALL_CURSOR_MOVE) >= 1 && stage_count(&stage, 2, PVG_UPCALL_CURSOR_GLYPH) == 1);
  CHECK(memcmp(stage.screens[2].glyph, guest->memory + GLYPH, 64) == 0);
  /* Hidden in the page of port 2, which the blank finds. */
  put_u32(guest->memory + page_of_port(2) + DISPLAY_CURSOR_SHOW, 0);
  AWAIT(stage_count(&stage, 2, PVG_UPCALL_CURSOR_SHOW) >= 1);
  pthread_mutex_lock(&stage.lock);
  CHECK(stage.screens[1].cursor_x == 9 && stage.screens[1].cursor_y == 7 && stage.screens[1].shown == 1);
  CHECK(stage.screens[2].cursor_x == 0xffff && stage.screens[2].shown == 0);
  CHECK(stage.screens[0].shown == 1);
  pthread_mutex_unlock(&stage.lock);
  CHECK(stage_count(&stage, 0, PVG_UPCALL_CURSOR_MOVE) == 0 && stage_count(&stage, 0, PVG_UPCALL_CURSOR_SHOW) == 0);
  CHECK(pvg_display_cursor_position(stage.host.device, 1, place) == PVG_OK && place[0] == 9 && place[1] == 7);
  CHECK(pvg_display_cursor_position(stage.host.device, 0, place) == PVG_OK && place[0] == 0xffff && place[1] == 0xffff);
  stage_end(&stage);
}

/* An exec without the port's word draws on port 0; one of a port that isn't there is a fault, and so is a swap. */
static void test_packets(void) {
  struct stage stage = {.host = {.config = {.ports = 2}}};
  struct pen pens[PVG_PORTS_MAX];
  stage_run(&stage);
  stage_start(&stage, pens);
  struct guest *guest = &stage.guest;
  const uint32_t fill[8] = {DRAW_FILL, 32, 0, 0, 16384, 16384, 0xff0a0b0cu, 0};
  memcpy(guest->memory + COMMANDS, fill, sizeof fill);
  PEN(&pens[1], OP_EXEC, 0, 1, sizeof fill, COMMANDS - CHILD_RING, 0); /* through port 1's FIFO */
  PEN(&pens[1], OP_SWAP, 5, 0, 0);
  pen_doorbell(&pens[1]);
  AWAIT(pen_stamp(&pens[1]) == 5 && stage_present(&stage, 0) == 1);
  CHECK(stage_pixel(&stage, 0, 63, 47) == 0xff0a0b0cu && stage_present(&stage, 1) == 0);
  const struct { uint32_t opcode, fault, count, body[5]; } wrong[] = {
    {OP_EXEC, FAULT_DISPLAY, 5, {1, sizeof fill, COMMANDS - CHILD_RING, 0, 2}},
    {OP_EXEC, FAULT_DISPLAY, 5, {1, sizeof fill, COMMANDS - CHILD_RING, 0, UINT32_MAX}},
    {OP_SWAP, FAULT_DISPLAY, 2, {2, 0}},
    {OP_SWAP, FAULT_PACKET, 3, {0, 0, 0}},
    {OP_EXEC, FAULT_PACKET, 3, {1, sizeof fill, COMMANDS - CHILD_RING}},
  };
  for (size_t at = 0; at < sizeof wrong / sizeof *wrong; at++) {
    pen_words(&pens[0], wrong[at].opcode, 0, wrong[at].body, wrong[at].count);
    pen_doorbell(&pens[0]);
    AWAIT(guest_read(guest, REG_FAULT) == (wrong[at].fault << 16 | wrong[at].opcode));
    guest_restart(guest);
    put_u32(pen_ring(&pens[0]), 0);
    pens[0].written = 0;
    CONTROL(guest, OP_FREE_FIFO, 0, 1);
    CONTROL(guest, OP_DEFINE_FIFO, 0, 1, 1, PEN_RINGS - CHILD_RING, 0, CHILD_RING_DATA + PEN_DATA);
    guest_kick(guest);
  }
  const struct { uint32_t opcode, count, body[2]; } control[] = {
    {OP_SHARED_STATE, 2, {2, (uint32_t)(RAM_GPA >> PAGE_SHIFT)}}, {OP_ONLINE_ACK, 1, {2}}, {OP_CURSOR_SHOW, 2, {UINT32_MAX, 1}}};
  for (size_t at = 0; at < sizeof control / sizeof *control; at++) {
    control_words(guest, control[at].opcode, 0, control[at].body, control[at].count);
    guest_kick(guest);
    CHECK(guest_read(guest, REG_FAULT) == (FAULT_DISPLAY << 16 | control[at].opcode));
    guest_restart(guest);
  }
  stage_end(&stage);
}

static void test_absent_ports(void) {
  struct stage stage = {.host = {.config = {.ports = 2}}};
  stage_run(&stage);
  uint32_t device = stage.host.device, texture = pvg_texture_create(device, 4, 4, 4), place[2];
  uint64_t counts[2];
  for (uint32_t port = 2; port < 40; port = port * 3) {
    CHECK(pvg_display_set_modes(device, port, stage.host.modes, 1) == PVG_E_UNSUPPORTED);
    CHECK(pvg_display_cursor_position(device, port, place) == PVG_E_UNSUPPORTED);
    CHECK(pvg_display_minimum_texture_usage(device, port) == PVG_E_UNSUPPORTED);
    CHECK(pvg_display_present_counts(device, port, counts) == PVG_E_UNSUPPORTED);
    CHECK(pvg_display_pending_events(device, port) == PVG_E_UNSUPPORTED);
    CHECK(pvg_display_encode(device, port, texture, 1, 1) == PVG_E_UNSUPPORTED);
  }
  /* Port 1 is there and not plugged in. */
  select_port(&stage.guest, 1);
  CHECK(guest_read(&stage.guest, REG_CONNECTED) == 0 && guest_read(&stage.guest, REG_MODE_COUNT) == 0);
  CHECK(guest_read(&stage.guest, REG_SERIAL) == 2 && guest_read(&stage.guest, REG_MODE) == MODE_NONE);
  CHECK(pvg_display_encode(device, 1, texture, 1, 1) == PVG_E_REFUSED);
  stage_end(&stage);
}

/* ---- encodes and announcements ---- */

struct encode {
  struct stage *stage;
  uint32_t texture;
  pthread_t thread;
  atomic_bool done;
};

static void *encode_main(void *argument) {
  struct encode *encode = argument;
  CHECK(pvg_display_encode(encode->stage->host.device, 0, encode->texture, 1, 0) == PVG_OK);
  atomic_store(&encode->done, true);
  return NULL;
}

/* A device like the stage's, whose completions nobody takes after the first, so that its GPU stands still. */
static void use_full_completions(struct stage *stage) {
  struct host *host = &stage->host;
  struct pvg_ram_range range = {RAM_GPA, RAM_LENGTH, 0, host->ram, 0};
  CHECK(pvg_device_destroy(host->device) == PVG_OK);
  host->config.mailboxes[PVG_CLASS_COMPLETION] = pvg_mailbox_create(host->group, 1, 0);
  host->device = pvg_device_create(&host->config, &range, 1);
  CHECK(host->device != 0 && pvg_display_set_modes(host->device, 0, host->modes, host->mode_count) == PVG_OK);
}

/* Four encodes of a port are in flight at most: the fifth waits, and another port's doesn't. */
static void test_encodes_in_flight(void) {
  struct stage stage = {.host = {.config = {.ports = 2}}};
  struct pen pens[PVG_PORTS_MAX];
  stage_run(&stage);
  use_full_completions(&stage);
  atomic_store(&stage.keep_frames, true);
  stage_start(&stage, pens);
  uint32_t device = stage.host.device, texture = pvg_texture_create(device, 4, 4, 4);
  for (uint32_t port = 0; port < 2; port++) {
    pen_frame(&pens[port], 0xff123456u);
    AWAIT(pen_stamp(&pens[port]) == pens[port].stamp);
  }
  /* One is completed and stays in the mailbox, the next is stuck at it, and so are those behind. */
  struct pvg_record record;
  CHECK(pvg_display_encode(device, 0, texture, 1, 0) == PVG_OK);
  AWAIT(pvg_mailbox_depth(stage.host.config.mailboxes[PVG_CLASS_COMPLETION]) == 1);
  for (uint32_t at = 0; at < 4; at++) CHECK(pvg_display_encode(device, 0, texture, 1, 0) == PVG_OK);
  struct encode fifth = {.stage = &stage, .texture = texture};
  CHECK(pthread_create(&fifth.thread, NULL, encode_main, &fifth) == 0);
  STAYS(!atomic_load(&fifth.done));
  for (uint32_t at = 0; at < 4; at++) CHECK(pvg_display_encode(device, 1, texture, 1, 0) == PVG_OK);
  CHECK(!atomic_load(&fifth.done));
  CHECK(pvg_mailbox_take(stage.host.config.mailboxes[PVG_CLASS_COMPLETION], &record, 1, -1) == 1);
  pthread_join(fifth.thread, NULL);
  for (uint32_t at = 0; at < 9; at++) CHECK(pvg_mailbox_take(stage.host.config.mailboxes[PVG_CLASS_COMPLETION], &record, 1, -1) == 1);
  stage_end(&stage);
}

/* The one announcement stands for all presents until the host asks, unless the configuration wants each of them. */
static void test_announcements(bool every) {
  struct stage stage = {.host = {.config = {.ports = 2, .announce_every_frame = every}}, .keep_frames = true};
  struct pen pens[PVG_PORTS_MAX];
  stage_run(&stage);
  stage_start(&stage, pens);
  AWAIT(stage_count(&stage, 1, PVG_UPCALL_MODE_CHANGE) == 1 && pvg_display_pending_events(stage.host.device, 1) == 0);
  /* While the display queue waits for an answer, frames are presented behind it. */
  atomic_store(&stage.host.hold, 1u << PVG_UPCALL_MODE_CHANGE);
  select_port(&stage.guest, 0);
  guest_write(&stage.guest, REG_MODE, 1);
  AWAIT(atomic_load(&stage.host.held_count) == 1);
  for (uint32_t frame = 1; frame <= 5; frame++) pen_frame(&pens[1], frame);
  pen_frame(&pens[0], 1);
  AWAIT(pen_stamp(&pens[1]) == pens[1].stamp && pen_stamp(&pens[0]) == pens[0].stamp);
  CHECK(pvg_display_pending_events(stage.host.device, 1) == (every ? 5 : 1) && pvg_display_pending_events(stage.host.device, 0) == 2);
  stage_release(&stage);
  AWAIT(pvg_display_pending_events(stage.host.device, 1) == 0 && pvg_display_pending_events(stage.host.device, 0) == 0);
  pen_frame(&pens[1], 6);
  AWAIT(pen_stamp(&pens[1]) == pens[1].stamp && pvg_display_pending_events(stage.host.device, 1) == 0);
  AWAIT(stage_count(&stage, 1, PVG_UPCALL_NEW_FRAME) == (every ? 6 : 1) && stage_count(&stage, 0, PVG_UPCALL_NEW_FRAME) == 1);
  STAYS(stage_count(&stage, 1, PVG_UPCALL_NEW_FRAME) == (every ? 6 : 1));
  stage_end(&stage);
}

/* ---- modes ---- */

/* The host changes the list under a guest that uses it: the guest is told, and what it uses stays until it sets another mode. */
static void test_mode_lists(void) {
  struct stage stage = {.host = {.config = {.ports = 2}}};
  struct pen pens[PVG_PORTS_MAX];
  const struct pvg_display_mode used = {48, 31, 251000, 0}, others[3] = {{20, 10, 60000, 0}, used, {30, 12, 75000, 0}};
  stage_run(&stage);
  stage_start(&stage, pens);
  struct guest *guest = &stage.guest;
  uint8_t *page = guest->memory + page_of_port(1);
  uint32_t device = stage.host.device;
  put_u32(page + DISPLAY_ENABLE, DISPLAY_EVENT_MODES);
  put_u32(page + DISPLAY_PENDING, 0);
  guest_write(guest, REG_DISPLAY_STATUS, UINT32_MAX);
  uint32_t interrupts = atomic_load(&stage.host.interrupts[VECTOR_DISPLAY]);
  select_port(guest, 1);

  /* The mode in use is now the second of the list. */
  CHECK(pvg_display_set_modes(device, 1, others, 3) == PVG_OK);
  CHECK(get_u32(page + DISPLAY_PENDING) & DISPLAY_EVENT_MODES);
  CHECK(guest_read(guest, REG_DISPLAY_STATUS) == 2);
  AWAIT(atomic_load(&stage.host.interrupts[VECTOR_DISPLAY]) == interrupts + 1);
  CHECK(guest_read(guest, REG_MODE) == 1 && guest_read(guest, REG_MODE_COUNT) == 3);
  pen_frame(&pens[1], 0xff010203u);
  AWAIT(stage_present(&stage, 1) == 1);
  CHECK(stage_pixel(&stage, 1, 47, 30) == 0xff010203u && stage_pixel(&stage, 1, 48, 0) == 0);

  /* It is in two places: the old one counts. Then it is in none. */
  const struct pvg_display_mode twice[2] = {used, used};
  CHECK(pvg_display_set_modes(device, 1, twice, 2) == PVG_OK && guest_read(guest, REG_MODE) == 1);
  CHECK(pvg_display_set_modes(device, 1, others, 1) == PVG_OK && guest_read(guest, REG_MODE) == MODE_NONE);
  CHECK(get_u32(guest->memory + page_of_port(0) + DISPLAY_PENDING) % (2 * DISPLAY_EVENT_MODES) < DISPLAY_EVENT_MODES);
  pen_frame(&pens[1], 0xff040506u);
  AWAIT(stage_present(&stage, 1) == 2);
  CHECK(stage_pixel(&stage, 1, 47, 30) == 0xff040506u && stage_count(&stage, 1, PVG_UPCALL_MODE_CHANGE) == 1);
  CHECK(pvg_display_set_modes(device, 1, others, 3) == PVG_OK && guest_read(guest, REG_MODE) == 1);

  /* A write means the new list. */
  guest_write(guest, REG_MODE, 3);
  CHECK(guest_read(guest, REG_MODE) == 1);
  guest_write(guest, REG_MODE, 2);
  CHECK(guest_read(guest, REG_MODE) == 2);
  AWAIT(stage_count(&stage, 1, PVG_UPCALL_MODE_CHANGE) == 2);
  pen_frame(&pens[1], 0xff070809u);
  AWAIT(stage_present(&stage, 1) == 3);
  CHECK(stage_pixel(&stage, 1, 29, 11) == 0xff070809u && stage_pixel(&stage, 1, 30, 11) == 0);
  stage_end(&stage);
}

/* A list that was changed before the guest gave the display's page is told of when it does, and never waits for anybody. */
static void test_early_mode_lists(void) {
  struct stage stage = {.host = {.config = {.ports = 2}}};
  stage_run(&stage);
  struct guest *guest = &stage.guest;
  atomic_store(&stage.host.hold, 1u << PVG_UPCALL_MODE_CHANGE);
  guest_restart(guest);
  guest_write(guest, REG_MODE, 0);
  AWAIT(atomic_load(&stage.host.held_count) == 1);
  CHECK(pvg_display_set_modes(stage.host.device, 0, stage.host.modes, 1) == PVG_OK);
  CONTROL(guest, OP_SHARED_STATE, 0, 0, (uint32_t)((RAM_GPA + DISPLAY_PAGE) >> PAGE_SHIFT));
  guest_kick(guest);
  CHECK((get_u32(guest->memory + DISPLAY_PAGE + DISPLAY_PENDING) & ~DISPLAY_EVENT_VBL) == (DISPLAY_EVENT_ONLINE | DISPLAY_EVENT_MODES));
  stage_release(&stage);
  stage_end(&stage);
}

int main(void) {
  for (uint32_t at = 0; at < 4; at++) test_independent(at < 2 ? 2 : PVG_PORTS_MAX, at % 2);
  test_cursors();
  test_packets();
  test_absent_ports();
  test_encodes_in_flight();
  test_announcements(false);
  test_announcements(true);
  test_mode_lists();
  test_early_mode_lists();
  return 0;
}
