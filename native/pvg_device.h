/* SPDX-License-Identifier: Apache-2.0
 *
 * pvg_device.h - what a device has of whichever PVG is behind it: its handle, its upcalls, and the notes of who waits in it.
 *
 * A PVG's own structure begins with PVGI_DEVICE_MEMBERS, so that a pointer to it is one to a struct pvgi_device, and its textures begin with
 * PVGI_TEXTURE_MEMBERS. Functions that are named here and nowhere defined in this folder are the PVG's that the library is linked with, for a library
 * has one. upcall_lock is taken inside any lock of the PVG's; waits_lock and the tables' locks are leaves. This header knows no PVG.
 */
#ifndef PVG_DEVICE_H
#define PVG_DEVICE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "answers.h"
#include "internal.h"
#include "polling.h"

#define PVGI_UPCALLS 256
#define PVGI_GLYPHS 64
#define PVGI_RAM_RANGES 2048u /* what a map of PVG_MAP_SLOTS regions shows is in fewer, however they lie over each other */
#define PVGI_SIDE_MAX 16384u /* of a mode and a texture */
#define PVGI_MODES 128u

/* REFUSED: by the stop of the device. PAYLOAD: nobody waits, the host has yet to fetch it. */
enum pvgi_upcall_state { UPCALL_FREE = 0, UPCALL_WAITING, UPCALL_ANSWERED, UPCALL_REFUSED, UPCALL_PAYLOAD };

struct pvgi_upcall {
  enum pvgi_upcall_state state;
  uint32_t generation;
  uint32_t kind;
  uint32_t port;    /* a glyph's */
  uint32_t sleeper; /* the system's number of the thread that sleeps until it is answered, 0 before it does */
  uint32_t thread;  /* PVG's number of it */
  bool ok;
  uint64_t value;
  const uint64_t *pieces;
  uint32_t piece_count;
  uint8_t *bytes; /* destination of a read, or the payload, which is owned */
  uint64_t length;
};

/* See pvg_waits.c. On the stack of the thread that waits. */
struct pvgi_note {
  struct pvgi_note *next, **link;
  struct pvg_wait entry;
  const atomic_uint *holder; /* of the lock that is waited for; NULL: it is no lock */
};

/* `stopped` is written with upcall_lock held. Guarded by upcall_lock are the members from `rests` to `glyphs`. Upcall n waits on
 * answer_conds[n], or by kind, or all on the first, as config.wake says; answers[n] counts the answers given on that condition. */
#define PVGI_DEVICE_MEMBERS                                                                                            \
  struct pvg_config config;                                                                                            \
  uint32_t handle;                                                                                                     \
  atomic_bool stopped;                                                                                                 \
  pthread_mutex_t upcall_lock, waits_lock;                                                                             \
  bool rests; /* tells nothing more for now: a glyph that finds no room goes back */                                   \
  struct pvgi_upcall upcalls[PVGI_UPCALLS];                                                                            \
  pthread_cond_t answer_conds[PVGI_UPCALLS];                                                                           \
  uint64_t answers[PVGI_UPCALLS];                                                                                      \
  _Atomic uint32_t answer_rings[PVGI_UPCALLS]; /* change with answers[]; polled */                                     \
  struct pvgi_polling answer_polling;                                                                                  \
  uint64_t waited, woken, woken_in_vain; /* pvg_upcall_wakes() */                                                      \
  pthread_cond_t room_cond;              /* an entry became free, or a glyph's bitmap was given back */                \
  uint32_t glyphs;                                                                                                     \
  struct pvgi_note *waits; /* guarded by waits_lock */                                                                 \
  uint32_t wait_number;    /* of the latest */                                                                         \
  struct pvgi_answers *own; /* NULL if the host answers everything */

struct pvgi_device { PVGI_DEVICE_MEMBERS };

/* `in_flight`: encodes into it. */
#define PVGI_TEXTURE_MEMBERS  \
  atomic_uint refs, in_flight; \
  uint32_t device, width, height;

struct pvgi_texture { PVGI_TEXTURE_MEMBERS };

/* upcall.c: init takes a device whose config is set and whose other members are 0; false if there is no memory. */
bool pvgi_device_init(struct pvgi_device *device);
void pvgi_device_end(struct pvgi_device *device);

/* True if the upcall was answered ok; the answer's value goes to *value, which may be NULL. Waits unless own threads answer. */
bool pvgi_upcall(struct pvgi_device *device, const struct pvgi_call *call, uint64_t *value);

/* Posts a record that nobody waits for, waiting for room if need be. */
int32_t pvgi_post(struct pvgi_device *device, const struct pvg_record *record);
struct pvgi_upcall *pvgi_upcall_allocate_locked(struct pvgi_device *device, uint32_t kind, uint32_t *id);
struct pvgi_upcall *pvgi_upcall_find_locked(struct pvgi_device *device, uint32_t id);
void pvgi_upcall_free_locked(struct pvgi_device *device, struct pvgi_upcall *upcall);

/* Refuses what waits, and what will; frees the payloads. The device's `stopped` is set already. */
void pvgi_upcalls_stop(struct pvgi_device *device);

/* Whether the device's own threads answer upcalls of that kind; and the answer, which is no once it is stopped. */
static inline bool pvgi_answers_itself(const struct pvgi_device *device, uint32_t kind) {
  return device->own != NULL && pvgi_takes(device->own, kind);
}

static inline bool pvgi_own_answer(struct pvgi_device *device, const struct pvgi_call *call, uint64_t *value) {
  return !atomic_load_explicit(&device->stopped, memory_order_relaxed) && pvgi_answer(device->own, call, value);
}

/* upcall_data.c: takes `bytes` over and returns true, unless the device rests while there is no place for one more bitmap. words[0] is the
 * port, words[5] how many bytes there are. */
bool pvgi_post_glyph(struct pvgi_device *device, const struct pvg_record *record, uint8_t *bytes);
uint32_t pvgi_glyphs_held(struct pvgi_device *device, uint32_t port);

/* pvg_waits.c: between begin and end the calling thread counts as waiting for what is said, or for who holds a lock. */
void pvgi_note_begin(struct pvgi_device *device, struct pvgi_note *note, uint32_t what, uint32_t target);
void pvgi_note_lock(struct pvgi_device *device, struct pvgi_note *note, const atomic_uint *holder);
void pvgi_note_end(struct pvgi_device *device, struct pvgi_note *note);

/* pvg_threads.c: of the thread that calls: the system's number, and PVG's, 0 if it is a caller's. 0, or the system's error. */
uint32_t pvgi_own_system(void);
uint32_t pvgi_own_number(void);
int pvgi_thread_create(pthread_t *thread, uint32_t number, void *(*entry)(void *), void *argument);

/* pvg_handles.c */
uint32_t pvgi_device_publish(struct pvgi_device *device);
struct pvgi_device *pvgi_device_enter(uint32_t handle);
void pvgi_device_leave(struct pvgi_device *device);
struct pvgi_device *pvgi_device_retire(uint32_t handle);
void pvgi_device_await_callers(struct pvgi_device *device);
uint32_t pvgi_texture_publish(struct pvgi_texture *texture);
struct pvgi_texture *pvgi_texture_take(uint32_t handle);
struct pvgi_texture *pvgi_texture_retire(uint32_t handle);
struct pvgi_texture *pvgi_texture_retire_of(uint32_t device);
void pvgi_texture_drop(struct pvgi_texture *texture);

/* The PVG's: a texture whose last reference is gone. */
void pvgi_texture_free(struct pvgi_texture *texture);

/* pvg_config.c: PVG_OK, or what is wrong. */
int32_t pvgi_check_config(const struct pvg_config *config);
int32_t pvgi_check_ranges(const struct pvg_ram_range *ranges, uint32_t count);
int32_t pvgi_check_modes(const struct pvg_display_mode *modes, uint32_t count);

/* tiles.c: copies where `to` differs from `from`, rows packed, sets the words of tiles that did to `sequence`, and returns how many those are. */
uint32_t pvgi_tiles(uint32_t width, uint32_t height);
uint32_t pvgi_tiles_show(const uint32_t *from, uint32_t width, uint32_t height, uint32_t *to, uint32_t *tiles, uint32_t sequence);

#endif
