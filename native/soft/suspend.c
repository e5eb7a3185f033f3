/* SPDX-License-Identifier: Apache-2.0
 *
 * suspend.c - brings a device to rest for good, and hands out what it is.
 *
 * A device runs; is being suspended, when nothing new begins; is suspended, when nothing moves any more. From the first moment on no access
 * and no encode is let in, no blank comes, no interrupt is posted and no further event is told: what is left of these is state. What
 * has begun is finished:
 *
 *  - An access in progress completes, with all packets of its kick and the upcalls they need.
 *  - Encodes in flight complete, and the host is told so.
 *  - A packet of a child FIFO in the middle of execution is finished, and counts as done. One that still waits for a stamp, or for its turn
 *    to swap, was not begun: it stays in its ring, and the resumed device reads it again without a doorbell.
 *  - A swap whose frame is queued for a blank is in between: the frame is part of the state as queued, and the packet, which is not done, as
 *    the one in hand. It is neither read nor carried out a second time: on the resumed device the flip completes it, and only then
 *    its stamp is written and its bytes count as read. On a halted device no swap waits, as without a suspend: its frame stays queued, and
 *    the packet is carried out anew if the guest starts the device again.
 *  - What the host is being told is told; only the answer to a mode change is not waited for, because a host may handle it no sooner
 *    than this call has returned. A mode change without its answer is part of the state, and told again by the resumed device.
 *
 * The tasks and the host's mappings stay as they are until the device is destroyed, and are not undone by upcalls. This file doesn't know
 * what a state looks like.
 */
#include "iosfc.h"
#include "state.h"

/* ---- accesses ---- */

int32_t soft_access_begin(struct soft_device *device, uint32_t window) {
  pthread_mutex_lock(&device->lock);
  bool stopped = atomic_load(&device->stopped), runs = device->phase == PHASE_RUNNING;
  if (!stopped && runs) device->accesses[window]++;
  pthread_mutex_unlock(&device->lock);
  if (stopped) return pvgi_fail(PVG_E_CLOSED, "the device was stopped");
  return runs ? PVG_OK : pvgi_fail(PVG_E_CLOSED, "the device is suspended, or is being resumed");
}

/* PVG_E_CLOSED if the device was stopped meanwhile, so that the access may not have done all that it should. */
int32_t soft_access_end(struct soft_device *device, uint32_t window) {
  pthread_mutex_lock(&device->lock);
  device->accesses[window]--;
  if (device->phase != PHASE_RUNNING) pthread_cond_broadcast(&device->done_cond);
  bool stopped = atomic_load(&device->stopped);
  pthread_mutex_unlock(&device->lock);
  return stopped ? pvgi_fail(PVG_E_CLOSED, "the device was stopped") : PVG_OK;
}

/* ---- the way to rest ---- */

void soft_phase_locked(struct soft_device *device, enum soft_phase phase) {
  pthread_mutex_lock(&device->upcall_lock);
  device->phase = phase;
  device->rests = phase != PHASE_RUNNING;
  pthread_cond_broadcast(&device->room_cond); /* a glyph that waits for room goes back into the queue */
  pthread_mutex_unlock(&device->upcall_lock);
  soft_wake_all(device);
}

/* The number of a thread that has not come to rest, or 0 if all have. */
static uint32_t restless_locked(const struct soft_device *device) {
  if (device->accesses[PVG_WINDOW_GFX] != 0) return THREAD_CONTROL;
  if (device->accesses[PVG_WINDOW_IOSFC] != 0) return THREAD_IOSFC;
  for (uint32_t fifo = 1; fifo <= CHILD_FIFO_MAX; fifo++) {
    if (device->channels[fifo] != NULL && device->channels[fifo]->busy) return THREAD_CHANNEL + fifo;
  }
  if (device->encode_count != 0) return THREAD_GPU;
  if (device->queue_busy && !soft_queue_waits_locked(device)) return THREAD_DISPLAY;
  return device->raising != 0 ? (uint32_t)__builtin_ctz(device->raising) : 0;
}

static void await_rest_locked(struct soft_device *device) {
  for (uint32_t thread; (thread = restless_locked(device)) != 0 && !atomic_load(&device->stopped);) {
    struct pvgi_note note;
    pvgi_note_begin(&device->base, &note, PVG_WAIT_THREAD, thread);
    while (restless_locked(device) == thread && !atomic_load(&device->stopped)) {
      pthread_cond_wait(&device->done_cond, &device->lock);
    }
    pvgi_note_end(&device->base, &note);
  }
}

/* Several may ask at once: each waits until the device rests, and the first to see it says so. */
static int32_t suspend_locked(struct soft_device *device) {
  if (device->phase == PHASE_RUNNING && !atomic_load(&device->stopped)) soft_phase_locked(device, PHASE_SUSPENDING);
  if (device->phase == PHASE_SUSPENDING) await_rest_locked(device);
  if (atomic_load(&device->stopped)) return pvgi_fail(PVG_E_CLOSED, "the device was stopped");
  if (device->phase == PHASE_SUSPENDING) soft_phase_locked(device, PHASE_SUSPENDED);
  return device->phase == PHASE_SUSPENDED ? PVG_OK : pvgi_fail(PVG_E_CLOSED, "the device is being resumed");
}

/* ---- the interface ---- */

int32_t pvg_device_suspend(uint32_t handle) {
  struct soft_device *device = soft_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  pthread_mutex_lock(&device->lock);
  int32_t result = suspend_locked(device);
  pthread_mutex_unlock(&device->lock);
  soft_device_leave(device);
  return result;
}

/* Only the taking is done under the lock: what was taken stays, and copying pixels takes its time. */
static int32_t write_state(struct soft_device *device, void *bytes, uint64_t room, uint64_t *length) {
  struct soft_state *state = soft_state_new();
  if (state == NULL) return pvgi_fail(PVG_E_NO_MEMORY, "no memory for a state");
  pthread_mutex_lock(&device->lock);
  bool rests = device->phase == PHASE_SUSPENDED;
  if (rests) soft_state_take_locked(state, device);
  pthread_mutex_unlock(&device->lock);
  int32_t result = rests ? PVG_OK : pvgi_fail(PVG_E_REFUSED, "the device isn't suspended");
  if (rests && state->iosfc) result = soft_iosfc_take(&state->mapper, device->iosfc);
  if (result == PVG_OK) *length = soft_state_write(state, bytes, room);
  soft_state_free(state);
  return result;
}

int32_t pvg_device_state(uint32_t handle, void *state, uint64_t room, uint64_t *length) {
  if (length == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no room for the length");
  struct soft_device *device = soft_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  int32_t result = write_state(device, state, room, length);
  soft_device_leave(device);
  return result;
}
