/* SPDX-License-Identifier: Apache-2.0
 *
 * upcall.c - posting records to the host, and the table of those that wait for an answer.
 *
 * An id is generation << 8 | slot with a generation that is never 0, so no id is 0 and an old id never
 * reaches a new upcall. Whoever touches an entry's buffers holds upcall_lock, and the waiting thread frees them only
 * after it has taken its entry out under that lock; so a late supply can't write to freed memory. A stopped device answers
 * everything by itself. This file doesn't know what the upcalls mean, nor which PVG makes them; what they carry is handed over in upcall_data.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pvg_device.h"

#define POST_SLICE_US 20000
#define WAIT_SLICE_NS 250000000

static const uint8_t classes[] = {
  [PVG_UPCALL_CREATE_TASK] = PVG_CLASS_TASK,         [PVG_UPCALL_DESTROY_TASK] = PVG_CLASS_TASK,
  [PVG_UPCALL_MAP_MEMORY] = PVG_CLASS_TASK,          [PVG_UPCALL_UNMAP_MEMORY] = PVG_CLASS_TASK,
  [PVG_UPCALL_READ_MEMORY] = PVG_CLASS_READ,         [PVG_UPCALL_RAISE_INTERRUPT] = PVG_CLASS_INTERRUPT,
  [PVG_UPCALL_NEW_FRAME] = PVG_CLASS_DISPLAY,        [PVG_UPCALL_MODE_CHANGE] = PVG_CLASS_MODE,
  [PVG_UPCALL_CURSOR_GLYPH] = PVG_CLASS_DISPLAY,     [PVG_UPCALL_CURSOR_SHOW] = PVG_CLASS_DISPLAY,
  [PVG_UPCALL_CURSOR_MOVE] = PVG_CLASS_DISPLAY,      [PVG_UPCALL_FRAME_COMPLETED] = PVG_CLASS_COMPLETION,
  [PVG_UPCALL_IOSFC_MAP] = PVG_CLASS_IOSFC,          [PVG_UPCALL_IOSFC_UNMAP] = PVG_CLASS_IOSFC,
  [PVG_UPCALL_IOSFC_INTERRUPT] = PVG_CLASS_INTERRUPT,
};

/* ---- the part of a device that is here ---- */

bool pvgi_device_init(struct pvgi_device *device) {
  if (device->config.map != 0) {
    device->own = pvgi_answers_create(&device->config);
    if (device->own == NULL) return false;
  }
  pthread_mutex_init(&device->upcall_lock, NULL);
  pthread_mutex_init(&device->waits_lock, NULL);
  pvgi_cond_init(&device->room_cond);
  for (size_t i = 0; i < PVGI_UPCALLS; i++) pvgi_cond_init(&device->answer_conds[i]);
  device->answer_polling = pvgi_polling_make(device->config.poll_us);
  return true;
}

void pvgi_device_end(struct pvgi_device *device) {
  if (device->own != NULL) pvgi_answers_free(device->own);
  pthread_mutex_destroy(&device->upcall_lock);
  pthread_mutex_destroy(&device->waits_lock);
  pthread_cond_destroy(&device->room_cond);
  for (size_t i = 0; i < PVGI_UPCALLS; i++) pthread_cond_destroy(&device->answer_conds[i]);
}

/* ---- upcalls ---- */

static uint32_t mailbox_of(const struct pvgi_device *device, uint32_t kind) {
  return device->config.mailboxes[classes[kind]];
}

/* Posts to the mailbox of its class and, if that is full, waits in slices, because pvg_device_stop() must release this thread and can't
 * close a mailbox that isn't its own. */
int32_t pvgi_post(struct pvgi_device *device, const struct pvg_record *record) {
  uint32_t mailbox = mailbox_of(device, record->kind);
  if (atomic_load(&device->stopped)) return PVG_E_CLOSED;
  int32_t result = pvg_mailbox_post(mailbox, record, 0);
  if (result != PVG_E_FULL) return result;
  struct pvgi_note note;
  pvgi_note_begin(device, &note, PVG_WAIT_UPCALL, record->kind);
  while (result == PVG_E_FULL && !atomic_load(&device->stopped)) result = pvg_mailbox_post(mailbox, record, POST_SLICE_US);
  pvgi_note_end(device, &note);
  return result == PVG_E_FULL ? PVG_E_CLOSED : result;
}

/* Index of the condition that an upcall waits on; as the wake policy has it, other upcalls may wait on the same one. */
static uint32_t condition_of(const struct pvgi_device *device, const struct pvgi_upcall *upcall) {
  switch (device->config.wake) {
    case PVG_WAKE_JOB: return (uint32_t)(upcall - device->upcalls);
    case PVG_WAKE_KIND: return upcall->kind;
    default: return 0;
  }
}

/* Whoever waits for an entry or for room for a glyph does so apart from those that wait for answers, so that no wake-up of
 * the one is counted as one of the other. */
void pvgi_upcall_free_locked(struct pvgi_device *device, struct pvgi_upcall *upcall) {
  upcall->state = UPCALL_FREE;
  pthread_cond_broadcast(&device->room_cond);
}

/* An entry of that kind and its id, or NULL once the device is stopped. */
struct pvgi_upcall *pvgi_upcall_allocate_locked(struct pvgi_device *device, uint32_t kind, uint32_t *id) {
  for (;;) {
    if (atomic_load(&device->stopped)) return NULL;
    for (uint32_t i = 0; i < PVGI_UPCALLS; i++) {
      struct pvgi_upcall *upcall = &device->upcalls[i];
      if (upcall->state != UPCALL_FREE) continue;
      uint32_t generation = (upcall->generation + 1) & 0xffffffu;
      if (generation == 0) generation = 1;
      *upcall = (struct pvgi_upcall){.generation = generation, .kind = kind};
      *id = generation << 8 | i;
      return upcall;
    }
    pthread_cond_wait(&device->room_cond, &device->upcall_lock);
  }
}

/* The upcall of that id if the host still has something to do with it, else NULL. */
struct pvgi_upcall *pvgi_upcall_find_locked(struct pvgi_device *device, uint32_t id) {
  struct pvgi_upcall *upcall = &device->upcalls[id & 0xffu];
  bool open = upcall->state == UPCALL_WAITING || upcall->state == UPCALL_PAYLOAD;
  return open && upcall->generation == id >> 8 ? upcall : NULL;
}

/* Waits until the upcall was answered, the device is stopped, or nobody can answer any more. A thread counts as woken by an answer if
 * one was given on its condition while it slept, whatever the system says why it runs again. */
static void await_answer_locked(struct pvgi_device *device, struct pvgi_upcall *upcall) {
  uint32_t condition = condition_of(device, upcall), mailbox = mailbox_of(device, upcall->kind);
  struct pvgi_condition answered = {&device->answer_conds[condition], &device->answer_rings[condition], &device->answer_polling};
  struct pvgi_wait wait = {0};
  bool slept = false;
  upcall->sleeper = pvgi_own_system();
  upcall->thread = pvgi_own_number();
  while (upcall->state == UPCALL_WAITING && !atomic_load(&device->stopped)) {
    uint64_t answers = device->answers[condition];
    bool timed_out = pvgi_wait_step(&answered, &wait, &device->upcall_lock, WAIT_SLICE_NS);
    slept = true;
    if (device->answers[condition] != answers) {
      device->woken++;
      if (upcall->state == UPCALL_WAITING) device->woken_in_vain++;
    } else if (timed_out && pvg_mailbox_depth(mailbox) < 0) {
      break; /* the mailbox is gone, and has taken the record with it */
    }
  }
  pvgi_wait_end(&answered, &wait);
  if (slept && upcall->state == UPCALL_ANSWERED) device->waited++;
}

/* Posts an upcall that waits, and waits. */
static __attribute__((noinline)) bool ask_host(struct pvgi_device *device, const struct pvgi_call *call, uint64_t *value) {
  struct pvg_record record = {.kind = call->kind, .thread = call->thread};
  memcpy(record.words, call->words, sizeof record.words);
  pthread_mutex_lock(&device->upcall_lock);
  struct pvgi_upcall *upcall = pvgi_upcall_allocate_locked(device, call->kind, &record.id);
  if (upcall == NULL) {
    pthread_mutex_unlock(&device->upcall_lock);
    return false;
  }
  upcall->state = UPCALL_WAITING;
  upcall->pieces = call->pieces;
  upcall->piece_count = call->piece_count;
  upcall->bytes = call->bytes;
  upcall->length = call->length;
  pthread_mutex_unlock(&device->upcall_lock);
  bool posted = pvgi_post(device, &record) == PVG_OK;
  pthread_mutex_lock(&device->upcall_lock);
  if (posted) await_answer_locked(device, upcall);
  bool ok = upcall->state == UPCALL_ANSWERED && upcall->ok;
  if (value != NULL && ok) *value = upcall->value;
  pvgi_upcall_free_locked(device, upcall);
  pthread_mutex_unlock(&device->upcall_lock);
  return ok;
}

/* True if the upcall was answered ok; the answer's value goes to *value. Surfaces are mapped by the ten thousand, so the way to the answers that
 * need no host is a short one. */
bool pvgi_upcall(struct pvgi_device *device, const struct pvgi_call *call, uint64_t *value) {
  if (value != NULL) *value = 0;
  return pvgi_answers_itself(device, call->kind) ? pvgi_own_answer(device, call, value) : ask_host(device, call, value);
}

/* Refuses what waits and frees the payloads; `stopped` is set already. */
void pvgi_upcalls_stop(struct pvgi_device *device) {
  pthread_mutex_lock(&device->upcall_lock);
  for (uint32_t i = 0; i < PVGI_UPCALLS; i++) {
    struct pvgi_upcall *upcall = &device->upcalls[i];
    if (upcall->state == UPCALL_WAITING) {
      upcall->state = UPCALL_REFUSED;
    } else if (upcall->state == UPCALL_PAYLOAD) {
      free(upcall->bytes);
      upcall->state = UPCALL_FREE;
    }
    pthread_cond_broadcast(&device->answer_conds[i]);
  }
  device->glyphs = 0;
  pthread_cond_broadcast(&device->room_cond);
  pthread_mutex_unlock(&device->upcall_lock);
}

int32_t pvg_upcall_answer(uint32_t handle, uint32_t id, uint32_t ok, uint64_t value) {
  struct pvgi_device *device = pvgi_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  pthread_mutex_lock(&device->upcall_lock);
  struct pvgi_upcall *upcall = pvgi_upcall_find_locked(device, id);
  pthread_cond_t *waits = NULL;
  if (upcall != NULL && upcall->state == UPCALL_PAYLOAD) {
    free(upcall->bytes);
    device->glyphs--;
    pvgi_upcall_free_locked(device, upcall);
  } else if (upcall != NULL) {
    uint32_t condition = condition_of(device, upcall);
    waits = &device->answer_conds[condition];
    upcall->ok = ok != 0;
    upcall->value = value;
    upcall->state = UPCALL_ANSWERED;
    device->answers[condition]++;
    atomic_fetch_add_explicit(&device->answer_rings[condition], 1, memory_order_relaxed);
  }
  pthread_mutex_unlock(&device->upcall_lock);
  /* After the release, else the woken thread would run into the mutex. */
  if (waits != NULL) pthread_cond_broadcast(waits);
  pvgi_device_leave(device);
  return upcall != NULL ? PVG_OK : pvgi_fail(PVG_E_HANDLE, "upcall 0x%x waits for no answer", id);
}

int32_t pvg_upcall_wakes(uint32_t handle, uint64_t *counts) {
  if (counts == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no room for the counts");
  struct pvgi_device *device = pvgi_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  pthread_mutex_lock(&device->upcall_lock);
  counts[0] = device->waited;
  counts[1] = device->woken;
  counts[2] = device->woken_in_vain;
  pthread_mutex_unlock(&device->upcall_lock);
  pvgi_device_leave(device);
  return PVG_OK;
}
