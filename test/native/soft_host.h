/* SPDX-License-Identifier: Apache-2.0
 *
 * soft_host.h - a host for the tests of the soft PVG, in C, and where its guest has what in memory.
 *
 * The host answers upcalls on one thread and follows the display of port 0 on another, as a device would; frames of other ports it encodes
 * and doesn't look at. It doesn't know the meaning of a test: knobs say what to refuse, counters what was asked.
 */
#ifndef SOFT_HOST_H
#define SOFT_HOST_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "soft/layout.h"

#define RAM_GPA 0x40000000ull
#define RAM_LENGTH 0x1000000ull
#define PAGE_SHIFT 12u
#define PAGE (1u << PAGE_SHIFT)

/* Where things are in the guest's memory, as offsets from RAM_GPA. Task 1 shows it from CHILD_RING on. */
#define CONTROL_RING 0x10000u
#define CONTROL_LENGTH 0x10000u
#define SHARED_PAGE 0x20000u
#define DISPLAY_PAGE 0x21000u
#define CHILD_RING 0x30000u
#define CHILD_DATA 0x10000u
#define COMMANDS 0x50000u
#define PIXELS 0x60000u
#define GLYPH 0x80000u
#define TASK_LENGTH 0x100000u
#define MAPPER_RING 0x400000u
#define MAPPER_TABLE 0x600000u
#define SURFACES 0x800000u

struct host {
  struct pvg_config config;
  struct pvg_display_mode modes[4];
  uint32_t mode_count;
  bool separate;  /* every class of upcalls has a mailbox of its own, which the test takes from */
  uint32_t completion_room; /* not 0: completions have a mailbox of their own of that size, which the test takes from */
  bool unordered; /* PVG does not wait for the answer to a mode change, so a frame may overtake it */
  uint32_t group, ram, device, texture, other_texture;
  uint32_t texture_width, texture_height;
  pthread_t upcall_thread, display_thread;
  atomic_uint refuse;           /* bit n: upcalls of kind n are answered not ok */
  atomic_uint hold;             /* bit n: upcalls of kind n are kept in `held` for the test to answer */
  atomic_uint held_count;
  struct pvg_record held[16];
  atomic_ullong iosfc_address;  /* not 0: what every IOSFC_MAP is answered with */
  atomic_bool keep_frames;      /* new frames are counted, not encoded */
  atomic_uint counts[16];       /* upcalls that were served, by kind */
  atomic_uint interrupts[64];
  atomic_uint shown;            /* completed encodes */
  atomic_uint last_present;
  pthread_mutex_t lock;
  /* The last frame and the mode that PVG told of; guarded by lock. */
  uint32_t *pixels;
  uint32_t pixels_width, pixels_height;
  uint32_t mode_width, mode_height;
  struct pvg_record told[16]; /* the last of each kind that came to the display's mailbox */
};

static inline bool in_ram(uint64_t gpa, uint64_t length) {
  return gpa >= RAM_GPA && gpa - RAM_GPA <= RAM_LENGTH && length <= RAM_LENGTH - (gpa - RAM_GPA);
}

static inline bool host_map(struct host *host, const struct pvg_record *record) {
  uint64_t offset = record->words[1], pieces[2];
  for (uint32_t at = 0; at < record->words[3]; at++) {
    if (pvg_upcall_pieces(host->device, record->id, at, pieces, 1) != 1 || !in_ram(pieces[0], pieces[1])) return false;
    if (pvg_range_map((uint32_t)record->words[0], offset, host->ram, pieces[0] - RAM_GPA, pieces[1],
                      (uint32_t)record->words[2]) != PVG_OK) {
      return false;
    }
    offset += pieces[1];
  }
  return true;
}

static inline void host_mode(struct host *host, const struct pvg_record *record) {
  if (record->words[0] != 0) return;
  pthread_mutex_lock(&host->lock);
  host->mode_width = (uint32_t)record->words[1];
  host->mode_height = (uint32_t)record->words[2];
  pthread_mutex_unlock(&host->lock);
}

/* Does what the upcall asks for; whether it is ok. */
static inline bool host_serve(struct host *host, const struct pvg_record *record, uint64_t *value) {
  if (atomic_load(&host->refuse) >> record->kind & 1) return false;
  switch (record->kind) {
    case PVG_UPCALL_CREATE_TASK:
      *value = pvg_range_create(host->group, record->words[0]);
      return *value != 0;
    case PVG_UPCALL_DESTROY_TASK: return pvg_range_destroy((uint32_t)record->words[0]) == PVG_OK;
    case PVG_UPCALL_MAP_MEMORY: return host_map(host, record);
    case PVG_UPCALL_UNMAP_MEMORY:
      return pvg_range_unmap((uint32_t)record->words[0], record->words[1], record->words[2]) == PVG_OK;
    case PVG_UPCALL_READ_MEMORY:
      return in_ram(record->words[0], record->words[1]) &&
             pvg_upcall_supply_ram(host->device, record->id, 0, host->ram, record->words[0] - RAM_GPA,
                                   record->words[1]) == PVG_OK;
    case PVG_UPCALL_RAISE_INTERRUPT: atomic_fetch_add(&host->interrupts[record->words[0]], 1); return true;
    case PVG_UPCALL_MODE_CHANGE: host_mode(host, record); return true;
    case PVG_UPCALL_IOSFC_MAP:
      *value = atomic_load(&host->iosfc_address);
      if (*value != 0) return true;
      *value = pvg_ram_address(host->ram) + (record->words[0] - RAM_GPA);
      return in_ram(record->words[0], record->words[1]);
    default: return true;
  }
}

/* The result of the answer: PVG_E_HANDLE if the device was stopped meanwhile. */
static inline int32_t host_answer(struct host *host, const struct pvg_record *record) {
  uint64_t value = 0;
  bool ok = host_serve(host, record, &value);
  /* Counted before the answer, so that whoever the answer lets go finds it counted. */
  atomic_fetch_add(&host->counts[record->kind], 1);
  return record->id != 0 ? pvg_upcall_answer(host->device, record->id, ok, value) : PVG_OK;
}

static inline void *host_upcalls(void *argument) {
  struct host *host = argument;
  struct pvg_record record;
  while (pvg_mailbox_take(host->config.mailboxes[PVG_CLASS_TASK], &record, 1, -1) == 1) {
    CHECK(record.kind < 16 && record.thread != 0);
    if (atomic_load(&host->hold) >> record.kind & 1) {
      CHECK(atomic_load(&host->held_count) < 16);
      host->held[atomic_load(&host->held_count)] = record;
      atomic_fetch_add(&host->held_count, 1);
    } else {
      host_answer(host, &record);
    }
  }
  return NULL;
}

/* Makes a texture of the mode's size and starts an encode; false if PVG refuses. */
static inline bool host_encode(struct host *host, uint64_t frame) {
  pthread_mutex_lock(&host->lock);
  uint32_t width = host->mode_width, height = host->mode_height;
  pthread_mutex_unlock(&host->lock);
  if (width == 0) return false;
  if (host->texture == 0 || host->texture_width != width || host->texture_height != height) {
    if (host->texture != 0) pvg_texture_release(host->texture);
    int32_t usage = pvg_display_minimum_texture_usage(host->device, 0);
    host->texture = usage < 0 ? 0 : pvg_texture_create(host->device, width, height, (uint32_t)usage);
    host->texture_width = width;
    host->texture_height = height;
  }
  return host->texture != 0 && pvg_display_encode(host->device, 0, host->texture, 1, frame) == PVG_OK;
}

static inline void host_glyph(struct host *host, const struct pvg_record *record) {
  uint8_t *bitmap = malloc(record->words[5]);
  CHECK(bitmap != NULL);
  int32_t result = pvg_upcall_payload(host->device, record->id, bitmap, record->words[5]);
  CHECK(result == PVG_OK || result == PVG_E_HANDLE);
  free(bitmap);
  pvg_upcall_answer(host->device, record->id, 1, 0);
}

static inline void host_completed(struct host *host, const struct pvg_record *record) {
  uint64_t length = 4ull * host->texture_width * host->texture_height;
  pthread_mutex_lock(&host->lock);
  host->pixels = realloc(host->pixels, length);
  CHECK(host->pixels != NULL);
  int32_t result = pvg_texture_copy(host->texture, host->pixels, length);
  host->pixels_width = host->texture_width;
  host->pixels_height = host->texture_height;
  /* Else the next encode is in flight already, or the device is gone. Whoever sees the pixels sees what they are. */
  if (result == PVG_OK) {
    atomic_store(&host->last_present, (unsigned)record->words[3]);
    atomic_fetch_add(&host->shown, 1);
  }
  pthread_mutex_unlock(&host->lock);
}

static inline void *host_display(void *argument) {
  struct host *host = argument;
  struct pvg_record record;
  uint64_t frames = 0;
  while (pvg_mailbox_take(host->config.mailboxes[PVG_CLASS_DISPLAY], &record, 1, -1) == 1) {
    CHECK(record.kind < 16);
    pthread_mutex_lock(&host->lock);
    host->told[record.kind] = record;
    pthread_mutex_unlock(&host->lock);
    uint32_t port = (uint32_t)record.words[0];
    if (record.kind == PVG_UPCALL_NEW_FRAME && port != 0) {
      if (host->other_texture == 0) host->other_texture = pvg_texture_create(host->device, 8, 8, 4);
      pvg_display_encode(host->device, port, host->other_texture, 1, ++frames);
    } else if (record.kind == PVG_UPCALL_NEW_FRAME && !atomic_load(&host->keep_frames)) {
      host_encode(host, ++frames);
    }
    if (record.kind == PVG_UPCALL_CURSOR_GLYPH) host_glyph(host, &record);
    if (record.kind == PVG_UPCALL_FRAME_COMPLETED && port == 0) host_completed(host, &record);
    atomic_fetch_add(&host->counts[record.kind], 1);
  }
  return NULL;
}

/* Mailboxes, RAM and a device, without threads: the caller answers upcalls. */
static inline void host_open(struct host *host) {
  pthread_mutex_init(&host->lock, NULL);
  host->group = pvg_group_create();
  host->ram = pvg_ram_create(host->group, RAM_LENGTH);
  struct pvg_config *config = &host->config;
  config->version = PVG_BRIDGE_VERSION;
  config->group = host->group;
  uint32_t upcalls = pvg_mailbox_create(host->group, 64, 0), display = pvg_mailbox_create(host->group, 64, 0);
  for (uint32_t at = 0; at < PVG_CLASSES; at++) {
    config->mailboxes[at] = at == PVG_CLASS_DISPLAY || at == PVG_CLASS_COMPLETION ? display : upcalls;
    if (host->separate) config->mailboxes[at] = pvg_mailbox_create(host->group, 64, 0);
  }
  if (host->completion_room != 0) {
    config->mailboxes[PVG_CLASS_COMPLETION] = pvg_mailbox_create(host->group, host->completion_room, 0);
  }
  if (config->ports == 0) config->ports = 1;
  for (uint32_t at = 0; at < config->ports; at++) config->display_serials[at] = at + 1;
  memcpy(config->display_name, "display", 8);
  config->display_mm[0] = 400;
  config->display_mm[1] = 300;
  config->mode_change_waits = !host->unordered;
  config->page_shift = PAGE_SHIFT;
  if (config->vectors == 0) config->vectors = 2;
  if (host->mode_count == 0) {
    host->modes[0] = (struct pvg_display_mode){64, 48, 60000, 0};
    host->modes[1] = (struct pvg_display_mode){33, 21, 1000000, 0};
    host->mode_count = 2;
  }
  struct pvg_ram_range range = {RAM_GPA, RAM_LENGTH, 0, host->ram, 0};
  host->device = pvg_device_create(config, &range, 1);
  CHECK(host->device != 0);
  CHECK(pvg_display_set_modes(host->device, 0, host->modes, host->mode_count) == PVG_OK);
}

static inline void host_run(struct host *host) {
  CHECK(pthread_create(&host->upcall_thread, NULL, host_upcalls, host) == 0);
  CHECK(pthread_create(&host->display_thread, NULL, host_display, host) == 0);
}

static inline void host_join(struct host *host) {
  pthread_join(host->upcall_thread, NULL);
  pthread_join(host->display_thread, NULL);
}

static inline void host_close(struct host *host) {
  CHECK(pvg_group_destroy(host->group) == PVG_OK);
  host_join(host);
  free(host->pixels);
}

/* The last record of that kind that came to the display's mailbox. */
static inline struct pvg_record last_told(struct host *host, uint32_t kind) {
  pthread_mutex_lock(&host->lock);
  struct pvg_record record = host->told[kind];
  pthread_mutex_unlock(&host->lock);
  return record;
}

/* Of the last frame that was shown; 0 where there is none. */
static inline uint32_t pixel(struct host *host, uint32_t x, uint32_t y) {
  pthread_mutex_lock(&host->lock);
  bool inside = x < host->pixels_width && y < host->pixels_height;
  uint32_t value = inside ? host->pixels[y * host->pixels_width + x] : 0;
  pthread_mutex_unlock(&host->lock);
  return value;
}

/* Evaluates the condition again and again until it holds; build.mjs ends a test that waits for ever. */
#define AWAIT(condition)               \
  while (!(condition)) {               \
    struct timespec nap = {0, 200000}; \
    nanosleep(&nap, NULL);             \
  }

/* Holds for a while. What is wrong may take longer to show, so this can miss a fault, but never see one that isn't there. */
#define STAYS(condition)                                  \
  for (int look_again = 0; look_again < 40; look_again++) { \
    struct timespec nap = {0, 500000};                    \
    CHECK(condition);                                     \
    nanosleep(&nap, NULL);                                \
  }

#endif
