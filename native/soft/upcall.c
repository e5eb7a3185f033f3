/* SPDX-License-Identifier: Apache-2.0
 *
 * upcall.c - posting records to the host, and the table of those that wait for an answer.
 *
 * An id is generation << 8 | slot with a generation that is never 0, so no id is 0 and an old id never
 * reaches a new upcall. Whoever touches an entry's buffers holds upcall_lock, and the waiting thread frees them only
 * after it has taken its entry out under that lock; so a late supply can't write to freed memory. A stopped device answers
 * everything by itself. This file doesn't know what the upcalls mean; what they carry is handed over in upcall_data.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "soft_pvg.h"

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

static uint32_t mailbox_of(const struct soft_device *device, uint32_t kind) {
  return device->config.mailboxes[classes[kind]];
}

/* Posts to the mailbox of its class and, if that is full, waits in slices, because pvg_device_stop() must release this thread and can't
 * close a mailbox that isn't its own. */
int32_t soft_post(struct soft_device *device, const struct pvg_record *record) {
  uint32_t mailbox = mailbox_of(device, record->kind);
  if (atomic_load(&device->stopped)) return PVG_E_CLOSED;
  int32_t result = pvg_mailbox_post(mailbox, record, 0);
  if (result != PVG_E_FULL) return result;
  struct soft_wait wait;
  soft_wait_begin(device, &wait, PVG_WAIT_UPCALL, record->kind);
  while (result == PVG_E_FULL && !atomic_load(&device->stopped)) result = pvg_mailbox_post(mailbox, record, POST_SLICE_US);
  soft_wait_end(device, &wait);
  return result == PVG_E_FULL ? PVG_E_CLOSED : result;
}

/* Index of the condition that an upcall waits on; as the wake policy has it, other upcalls may wait on the same one. */
static uint32_t condition_of(const struct soft_device *device, const struct soft_upcall *upcall) {
  switch (device->config.wake) {
    case PVG_WAKE_JOB: return (uint32_t)(upcall - device->upcalls);
    case PVG_WAKE_KIND: return upcall->kind;
    default: return 0;
  }
}

/* Whoever waits for an entry or for room for a glyph does so apart from those that wait for answers, so that no wake-up of
 * the one is counted as one of the other. */
void soft_upcall_free_locked(struct soft_device *device, struct soft_upcall *upcall) {
  upcall->state = UPCALL_FREE;
  pthread_cond_broadcast(&device->room_cond);
}

/* An entry of that kind and its id, or NULL once the device is stopped. */
struct soft_upcall *soft_upcall_allocate_locked(struct soft_device *device, uint32_t kind, uint32_t *id) {
  for (;;) {
    if (atomic_load(&device->stopped)) return NULL;
    for (uint32_t i = 0; i < SOFT_UPCALLS; i++) {
      struct soft_upcall *upcall = &device->upcalls[i];
      if (upcall->state != UPCALL_FREE) continue;
      uint32_t generation = (upcall->generation + 1) & 0xffffffu;
      if (generation == 0) generation = 1;
      *upcall = (struct soft_upcall){.generation = generation, .kind = kind};
      *id = generation << 8 | i;
      return upcall;
    }
    pthread_cond_wait(&device->room_cond, &device->upcall_lock);
  }
}

/* The upcall of that id if the host still has something to do with it, else NULL. */
struct soft_upcall *soft_upcall_find_locked(struct soft_device *device, uint32_t id) {
  struct soft_upcall *upcall = &device->upcalls[id & 0xffu];
  bool open = upcall->state == UPCALL_WAITING || upcall->state == UPCALL_PAYLOAD;
  return open && upcall->generation == id >> 8 ? upcall : NULL;
}

/* Waits until the upcall was answered, the device is stopped, or nobody can answer any more. A thread counts as woken by an answer if
 * one was given on its condition while it slept, whatever the system says why it runs again. */
static void await_answer_locked(struct soft_device *device, struct soft_upcall *upcall) {
  uint32_t condition = condition_of(device, upcall), mailbox = mailbox_of(device, upcall->kind);
  struct pvgi_condition answered = {&device->answer_conds[condition], &device->answer_rings[condition], &device->answer_polling};
  struct pvgi_wait wait = {0};
  bool slept = false;
  upcall->sleeper = soft_own_system();
  upcall->thread = soft_own_number();
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
static __attribute__((noinline)) bool ask_host(struct soft_device *device, const struct pvgi_call *call, uint64_t *value) {
  struct pvg_record record = {.kind = call->kind, .thread = call->thread};
  memcpy(record.words, call->words, sizeof record.words);
  pthread_mutex_lock(&device->upcall_lock);
  struct soft_upcall *upcall = soft_upcall_allocate_locked(device, call->kind, &record.id);
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
  bool posted = soft_post(device, &record) == PVG_OK;
  pthread_mutex_lock(&device->upcall_lock);
  if (posted) await_answer_locked(device, upcall);
  bool ok = upcall->state == UPCALL_ANSWERED && upcall->ok;
  if (value != NULL && ok) *value = upcall->value;
  soft_upcall_free_locked(device, upcall);
  pthread_mutex_unlock(&device->upcall_lock);
  return ok;
}

/* True if the upcall was answered ok; the answer's value goes to *value. Surfaces are mapped by the ten thousand, so the way to the answers that
 * need no host is a short one. */
bool soft_upcall(struct soft_device *device, const struct pvgi_call *call, uint64_t *value) {
  if (value != NULL) *value = 0;
  return soft_answers_itself(device, call->kind) ? soft_own_answer(device, call, value) : ask_host(device, call, value);
}

/* Refuses what waits and frees the payloads; `stopped` is set already. */
void soft_upcalls_stop(struct soft_device *device) {
  pthread_mutex_lock(&device->upcall_lock);
  for (uint32_t i = 0; i < SOFT_UPCALLS; i++) {
    struct soft_upcall *upcall = &device->upcalls[i];
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
  struct soft_device *device = soft_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  pthread_mutex_lock(&device->upcall_lock);
  struct soft_upcall *upcall = soft_upcall_find_locked(device, id);
  if (upcall != NULL && upcall->state == UPCALL_PAYLOAD) {
    free(upcall->bytes);
    device->glyphs--;
    soft_upcall_free_locked(device, upcall);
  } else if (upcall != NULL) {
    uint32_t condition = condition_of(device, upcall);
    upcall->ok = ok != 0;
    upcall->value = value;
    upcall->state = UPCALL_ANSWERED;
    device->answers[condition]++;
    atomic_fetch_add_explicit(&device->answer_rings[condition], 1, memory_order_relaxed);
    pthread_cond_broadcast(&device->answer_conds[condition]);
  }
  pthread_mutex_unlock(&device->upcall_lock);
  soft_device_leave(device);
  return upcall != NULL ? PVG_OK : pvgi_fail(PVG_E_HANDLE, "upcall 0x%x waits for no answer", id);
}

int32_t pvg_upcall_wakes(uint32_t handle, uint64_t *counts) {
  if (counts == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no room for the counts");
  struct soft_device *device = soft_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  pthread_mutex_lock(&device->upcall_lock);
  counts[0] = device->waited;
  counts[1] = device->woken;
  counts[2] = device->woken_in_vain;
  pthread_mutex_unlock(&device->upcall_lock);
  soft_device_leave(device);
  return PVG_OK;
}

/* Halts the device; the first fault is kept. The caller posts the interrupt with soft_interrupts() after unlocking. */
void soft_fault_locked(struct soft_device *device, uint32_t fault, uint32_t opcode) {
  if (device->halted || atomic_load(&device->stopped)) return;
  device->halted = true;
  device->fault = fault << 16 | (opcode & 0xffffu);
  if (!(device->gpu_status & GPU_STATUS_FAULT)) device->interrupts |= 1;
  device->gpu_status |= GPU_STATUS_FAULT;
  soft_wake_all(device);
}

/* Posts the interrupts that were raised under the lock; called without any lock but a task's. */
void soft_interrupts(struct soft_device *device, uint32_t thread) {
  pthread_mutex_lock(&device->lock);
  /* A device that is being suspended keeps them: they are raised after the resume. */
  uint32_t raised = device->phase == PHASE_RUNNING ? device->interrupts : 0;
  if (raised == 0) {
    pthread_mutex_unlock(&device->lock);
    return;
  }
  device->interrupts = 0;
  device->raising |= 1u << thread;
  pthread_mutex_unlock(&device->lock);
  for (uint32_t i = 0; i < 2; i++) {
    if (!(raised & 1u << i)) continue;
    uint32_t last = device->config.vectors - 1;
    uint32_t vector = i == 0 ? VECTOR_GPU : VECTOR_DISPLAY < last ? VECTOR_DISPLAY : last;
    struct pvg_record record = {.kind = PVG_UPCALL_RAISE_INTERRUPT, .thread = thread, .words = {vector}};
    soft_post(device, &record);
  }
  pthread_mutex_lock(&device->lock);
  device->raising &= ~(1u << thread);
  soft_rested_locked(device);
  pthread_mutex_unlock(&device->lock);
}
