/* SPDX-License-Identifier: Apache-2.0
 *
 * soft_ports.h - for the tests of several displays: a screen for every port, and a guest that draws on each through a FIFO of its own.
 *
 * The host of soft_host.h serves guest memory; what is about displays comes here first. Every screen follows its port: mode, frames, cursor,
 * glyphs. A pen is the guest's way to one port: child FIFO port + 1, whose ring and commands lie in task 1.
 */
#ifndef SOFT_PORTS_H
#define SOFT_PORTS_H

#include "soft_guest.h"

/* Offsets from RAM_GPA; so many bytes a port. */
#define PEN_RINGS 0xd0000u
#define PEN_RING_SPACE 0x2000u
#define PEN_DATA 0x1000u
#define PEN_COMMANDS 0xe0000u
#define PEN_COMMANDS_SPACE 0x8000u
#define PRESENTS 256

struct screen {
  uint32_t texture, texture_width, texture_height;
  uint32_t mode_width, mode_height; /* guarded by stage.lock, as all below that isn't atomic */
  uint32_t *pixels;
  uint64_t present;           /* the latest that was shown */
  uint64_t sums[PRESENTS];    /* of the pixels of each present that was shown, 0: it wasn't */
  uint32_t cursor_x, cursor_y, shown; /* as the host was told */
  uint8_t glyph[4096];
  atomic_uint encodes;        /* begun and not completed; only the last of them has the texture as it left it */
  atomic_uint counts[16];     /* display events, by kind */
};

struct stage {
  struct host host;
  struct guest guest;
  struct screen screens[PVG_PORTS_MAX];
  pthread_mutex_t lock;
  atomic_bool keep_frames; /* new frames are counted, not encoded */
  atomic_bool keep_glyphs; /* glyphs are counted, not answered */
  atomic_bool ending;      /* the device may be gone, and what it told before comes too late */
  atomic_bool accept_maps; /* mappings are answered ok, and nothing is mapped */
  uint32_t ranges[256];    /* that tasks were given, in order */
  atomic_uint range_count;
};

/* ---- the host's side ---- */

/* Sums words, each at its place, so that no two frames of the tests have the same. */
static inline uint64_t sum_of(const uint32_t *words, uint64_t count) {
  uint64_t sum = count;
  for (uint64_t at = 0; at < count; at++) sum = (sum ^ words[at]) * 0x9e3779b97f4a7c15ull + at;
  return sum | 1;
}

static inline int32_t stage_encode(struct stage *stage, uint32_t port) {
  struct screen *screen = &stage->screens[port];
  uint32_t device = stage->host.device;
  pthread_mutex_lock(&stage->lock);
  uint32_t width = screen->mode_width, height = screen->mode_height;
  pthread_mutex_unlock(&stage->lock);
  if (width == 0) return PVG_E_REFUSED;
  if (screen->texture == 0 || screen->texture_width != width || screen->texture_height != height) {
    if (screen->texture != 0) pvg_texture_release(screen->texture);
    screen->texture = pvg_texture_create(device, width, height, 4);
    screen->texture_width = width;
    screen->texture_height = height;
  }
  if (screen->texture == 0) return PVG_E_CLOSED;
  atomic_fetch_add(&screen->encodes, 1);
  int32_t result = pvg_display_encode(device, port, screen->texture, 1, port);
  if (result != PVG_OK) atomic_fetch_sub(&screen->encodes, 1);
  return result;
}

static inline void stage_completed(struct stage *stage, const struct pvg_record *record) {
  struct screen *screen = &stage->screens[record->words[0]];
  uint64_t count = (uint64_t)screen->texture_width * screen->texture_height, present = record->words[3];
  CHECK(record->words[1] == record->words[0] && record->words[2] == 0);
  if (atomic_fetch_sub(&screen->encodes, 1) != 1) return;
  pthread_mutex_lock(&stage->lock);
  screen->pixels = realloc(screen->pixels, 4 * count);
  CHECK(screen->pixels != NULL);
  if (pvg_texture_copy(screen->texture, screen->pixels, 4 * count) == PVG_OK) {
    screen->sums[present % PRESENTS] = sum_of(screen->pixels, count);
    screen->present = present;
  }
  pthread_mutex_unlock(&stage->lock);
}

static inline void stage_glyph(struct stage *stage, const struct pvg_record *record) {
  struct screen *screen = &stage->screens[record->words[0]];
  CHECK(record->words[5] <= sizeof screen->glyph);
  pthread_mutex_lock(&stage->lock);
  int32_t got = pvg_upcall_payload(stage->host.device, record->id, screen->glyph, record->words[5]);
  CHECK(got == PVG_OK || (got == PVG_E_HANDLE && atomic_load(&stage->ending)));
  pthread_mutex_unlock(&stage->lock);
  pvg_upcall_answer(stage->host.device, record->id, 1, 0);
}

static inline void stage_display_event(struct stage *stage, const struct pvg_record *record) {
  CHECK(record->words[0] < stage->host.config.ports);
  struct screen *screen = &stage->screens[record->words[0]];
  pthread_mutex_lock(&stage->lock);
  if (record->kind == PVG_UPCALL_CURSOR_SHOW) screen->shown = (uint32_t)record->words[1];
  if (record->kind == PVG_UPCALL_CURSOR_MOVE) {
    screen->cursor_x = (uint32_t)record->words[1];
    screen->cursor_y = (uint32_t)record->words[2];
  }
  pthread_mutex_unlock(&stage->lock);
  if (record->kind == PVG_UPCALL_CURSOR_GLYPH && !atomic_load(&stage->keep_glyphs)) stage_glyph(stage, record);
  if (record->kind == PVG_UPCALL_FRAME_COMPLETED) stage_completed(stage, record);
  if (record->kind == PVG_UPCALL_NEW_FRAME && !atomic_load(&stage->keep_frames)) stage_encode(stage, (uint32_t)record->words[0]);
  atomic_fetch_add(&screen->counts[record->kind], 1);
}

static inline void *stage_display_main(void *argument) {
  struct stage *stage = argument;
  struct pvg_record record;
  while (pvg_mailbox_take(stage->host.config.mailboxes[PVG_CLASS_DISPLAY], &record, 1, -1) == 1) {
    stage_display_event(stage, &record);
  }
  return NULL;
}

/* What the upcall thread does with a record that isn't held; tests call it for one that was. */
static inline int32_t stage_answer(struct stage *stage, const struct pvg_record *record) {
  if (record->kind == PVG_UPCALL_MODE_CHANGE) {
    CHECK(record->words[0] < stage->host.config.ports);
    struct screen *screen = &stage->screens[record->words[0]];
    pthread_mutex_lock(&stage->lock);
    screen->mode_width = (uint32_t)record->words[1];
    screen->mode_height = (uint32_t)record->words[2];
    pthread_mutex_unlock(&stage->lock);
    atomic_fetch_add(&screen->counts[record->kind], 1);
  }
  if (record->kind == PVG_UPCALL_MAP_MEMORY && atomic_load(&stage->accept_maps)) {
    atomic_fetch_add(&stage->host.counts[record->kind], 1);
    return pvg_upcall_answer(stage->host.device, record->id, 1, 0);
  }
  if (record->kind != PVG_UPCALL_CREATE_TASK) return host_answer(&stage->host, record);
  uint64_t range = 0;
  bool ok = host_serve(&stage->host, record, &range);
  if (ok) stage->ranges[atomic_load(&stage->range_count) % 256] = (uint32_t)range;
  atomic_fetch_add(&stage->range_count, ok);
  atomic_fetch_add(&stage->host.counts[record->kind], 1);
  return pvg_upcall_answer(stage->host.device, record->id, ok, range);
}

static inline void *stage_upcalls_main(void *argument) {
  struct stage *stage = argument;
  struct host *host = &stage->host;
  struct pvg_record record;
  while (pvg_mailbox_take(host->config.mailboxes[PVG_CLASS_TASK], &record, 1, -1) == 1) {
    CHECK(record.kind < 16 && record.thread != 0);
    if (atomic_load(&host->hold) >> record.kind & 1) {
      CHECK(atomic_load(&host->held_count) < 16);
      host->held[atomic_load(&host->held_count)] = record;
      atomic_fetch_add(&host->held_count, 1);
    } else {
      stage_answer(stage, &record);
    }
  }
  return NULL;
}

/* Answers what is held, in order, and holds nothing more. */
static inline void stage_release(struct stage *stage) {
  uint32_t held = atomic_load(&stage->host.held_count);
  atomic_store(&stage->host.hold, 0);
  for (uint32_t at = 0; at < held; at++) stage_answer(stage, &stage->host.held[at]);
  atomic_store(&stage->host.held_count, 0);
}

/* Whole numbers at a moment; pixels 0 where there are none. */
static inline uint32_t stage_pixel(struct stage *stage, uint32_t port, uint32_t x, uint32_t y) {
  struct screen *screen = &stage->screens[port];
  pthread_mutex_lock(&stage->lock);
  bool inside = screen->pixels != NULL && x < screen->texture_width && y < screen->texture_height;
  uint32_t value = inside ? screen->pixels[y * screen->texture_width + x] : 0;
  pthread_mutex_unlock(&stage->lock);
  return value;
}

static inline uint64_t stage_present(struct stage *stage, uint32_t port) {
  pthread_mutex_lock(&stage->lock);
  uint64_t present = stage->screens[port].present;
  pthread_mutex_unlock(&stage->lock);
  return present;
}

static inline uint32_t stage_count(struct stage *stage, uint32_t port, uint32_t kind) {
  return atomic_load(&stage->screens[port].counts[kind]);
}

/* A host without a display plugged in but in port 0, and its guest. */
static inline void stage_run(struct stage *stage) {
  pthread_mutex_init(&stage->lock, NULL);
  host_open(&stage->host);
  guest_open(&stage->guest, &stage->host);
  for (uint32_t port = 0; port < PVG_PORTS_MAX; port++) {
    stage->screens[port].cursor_x = stage->screens[port].cursor_y = 0xffff;
    stage->screens[port].shown = 1;
  }
  CHECK(pthread_create(&stage->host.upcall_thread, NULL, stage_upcalls_main, stage) == 0);
  CHECK(pthread_create(&stage->host.display_thread, NULL, stage_display_main, stage) == 0);
}

static inline void stage_end(struct stage *stage) {
  atomic_store(&stage->ending, true);
  guest_close(&stage->guest);
  host_close(&stage->host);
  for (uint32_t port = 0; port < PVG_PORTS_MAX; port++) free(stage->screens[port].pixels);
  pthread_mutex_destroy(&stage->lock);
}

/* ---- the guest's side ---- */

struct pen {
  struct guest *guest;
  uint32_t port, written, stamp;
};

static inline uint32_t page_of_port(uint32_t port) { return DISPLAY_PAGE + port * PAGE; }

static inline uint8_t *pen_ring(const struct pen *pen) { return pen->guest->memory + PEN_RINGS + pen->port * PEN_RING_SPACE; }

static inline void select_port(struct guest *guest, uint32_t port) { guest_write(guest, REG_DISPLAY, port); }

/* Plugs the ports in, gives each its mode, page and FIFO; port 0 keeps FIFO 1 of soft_host.h out of the way. */
static inline void stage_start(struct stage *stage, struct pen *pens) {
  struct guest *guest = &stage->guest;
  uint32_t ports = stage->host.config.ports;
  for (uint32_t port = 1; port < ports; port++) {
    const struct pvg_display_mode modes[2] = {{40 + 8 * port, 30 + port, 250000 + 1000 * port, 0}, {16 + port, 9 + port, 500000, 0}};
    CHECK(pvg_display_set_modes(stage->host.device, port, modes, 2) == PVG_OK);
  }
  guest_start(guest, 0);
  CONTROL(guest, OP_FREE_FIFO, 0, 1);
  for (uint32_t port = 0; port < ports; port++) {
    uint8_t *page = guest->memory + page_of_port(port);
    put_u32(page + DISPLAY_CURSOR, 0xffffffffu);
    put_u32(page + DISPLAY_CURSOR_SHOW, 1);
    put_u32(page + DISPLAY_ENABLE, DISPLAY_EVENT_PRESENT | DISPLAY_EVENT_MODES);
    select_port(guest, port);
    guest_write(guest, REG_MODE, 0);
    pens[port] = (struct pen){.guest = guest, .port = port};
    put_u32(pen_ring(&pens[port]), 0);
    CONTROL(guest, OP_SHARED_STATE, 0, port, (uint32_t)((RAM_GPA + page_of_port(port)) >> PAGE_SHIFT));
    CONTROL(guest, OP_ONLINE_ACK, 0, port);
    CONTROL(guest, OP_DEFINE_FIFO, 0, port + 1, 1, PEN_RINGS + port * PEN_RING_SPACE - CHILD_RING, 0, CHILD_RING_DATA + PEN_DATA);
  }
  guest_kick(guest);
  CHECK(guest_read(guest, REG_FAULT) == 0);
}

static inline void pen_words(struct pen *pen, uint32_t opcode, uint32_t stamp, const uint32_t *body, uint32_t count) {
  pen->written = put_packet(pen_ring(pen) + CHILD_RING_DATA, PEN_DATA, pen->written, opcode, stamp, body, count);
}

#define PEN(pen, opcode, stamp, ...) pen_words(pen, opcode, stamp, WORDS(__VA_ARGS__))

static inline void pen_publish(struct pen *pen) { put_u32(pen_ring(pen), pen->written); }

static inline void pen_doorbell(struct pen *pen) {
  pen_publish(pen);
  guest_write(pen->guest, REG_CHILD_DOORBELL, pen->port + 1);
}

/* Puts an exec of these commands in; they stay where they are for the next 127 stamps. */
static inline void pen_draw(struct pen *pen, const uint32_t *commands, uint32_t count) {
  uint32_t slot = PEN_COMMANDS + pen->port * PEN_COMMANDS_SPACE + 256 * (pen->stamp % 128);
  CHECK(count <= 64);
  memcpy(pen->guest->memory + slot, commands, 4 * count);
  PEN(pen, OP_EXEC, ++pen->stamp, 1, 4 * count, slot - CHILD_RING, 0, pen->port);
}

static inline void pen_swap(struct pen *pen) { PEN(pen, OP_SWAP, ++pen->stamp, pen->port, 0); }

static inline uint32_t pen_stamp(const struct pen *pen) {
  return get_u32(pen->guest->memory + SHARED_PAGE + SHARED_STAMP + 4 * (pen->port + 1));
}

static inline uint32_t pen_read(const struct pen *pen) {
  return get_u32(pen->guest->memory + SHARED_PAGE + SHARED_READ + 4 * (pen->port + 1));
}

/* A frame of one colour, with a mark. */
static inline void pen_frame(struct pen *pen, uint32_t colour) {
  const uint32_t commands[16] = {DRAW_FILL, 32, 0, 0, 16384, 16384, colour, 0, DRAW_BLEND_FILL, 32, 3, 2, 5, 4, colour * 9u, 0};
  pen_draw(pen, commands, 16);
  pen_swap(pen);
  pen_doorbell(pen);
}

#endif
