/* SPDX-License-Identifier: Apache-2.0
 *
 * clock.c - the device's time: the system's, or a virtual clock that a host moves.
 *
 * A virtual clock never passes anything that happens on the way: it stands still at each blank, and wherever an encode goes on, until
 * PVG is at rest. So what a guest and a host see depends on what they did at which time, and not on how fast threads run. Whoever moves
 * the clock carries the blanks out himself, under the lock, and posts nothing: interrupts are the vsync thread's, events the display
 * queue's. What accesses wait for is not waited for here, since an access may wait for what only the clock brings about.
 */
#include "soft_pvg.h"

int64_t soft_now_locked(const struct soft_device *device) {
  return device->config.virtual_clock ? device->clock_ns : pvgi_now_ns();
}

/* ---- rest ---- */

/* Whether nothing goes on but what the clock, the guest or the host brings about. */
static bool at_rest_locked(const struct soft_device *device) {
  if (device->interrupts != 0 || device->raising != 0 || device->queue_count != 0 || device->queue_busy) return false;
  if (device->encode_count != 0 && device->gpu_until_ns <= device->clock_ns) return false;
  for (uint32_t fifo = 1; fifo <= CHILD_FIFO_MAX; fifo++) {
    if (device->channels[fifo] != NULL && !soft_channel_parked_locked(device->channels[fifo])) return false;
  }
  return true;
}

static int32_t check_locked(const struct soft_device *device) {
  if (atomic_load(&device->stopped)) return pvgi_fail(PVG_E_CLOSED, "the device was stopped");
  return device->phase == PHASE_RUNNING ? PVG_OK : pvgi_fail(PVG_E_CLOSED, "the device is suspended, or is being resumed");
}

static int32_t await_rest_locked(struct soft_device *device) {
  int32_t result;
  device->clock_waiters++;
  while ((result = check_locked(device)) == PVG_OK && !at_rest_locked(device)) {
    pthread_cond_wait(&device->done_cond, &device->lock);
  }
  device->clock_waiters--;
  return result;
}

/* ---- the clock ---- */

static int64_t next_locked(const struct soft_device *device) {
  int64_t blank = soft_next_blank_locked(device), encode = device->gpu_until_ns;
  return encode > device->clock_ns && encode < blank ? encode : blank;
}

static void happen_locked(struct soft_device *device) {
  soft_blanks_due_locked(device, device->clock_ns);
  if (device->interrupts != 0) pthread_cond_signal(&device->vsync_cond);
  pthread_cond_broadcast(&device->gpu_cond);
}

static int32_t move_locked(struct soft_device *device, int64_t target) {
  int32_t result;
  while ((result = await_rest_locked(device)) == PVG_OK) {
    int64_t next = next_locked(device);
    device->clock_ns = next < target ? next : target;
    if (next > target) return PVG_OK;
    happen_locked(device);
  }
  return result;
}

static int32_t advance_locked(struct soft_device *device, uint64_t ns) {
  while (device->clock_moves && !atomic_load(&device->stopped)) pthread_cond_wait(&device->done_cond, &device->lock);
  if (ns > PVG_CLOCK_MAX - (uint64_t)device->clock_ns) {
    return pvgi_fail(PVG_E_ARGUMENT, "the clock shows %lld ns, and may show %llu at most", (long long)device->clock_ns, PVG_CLOCK_MAX);
  }
  device->clock_moves = true;
  int32_t result = move_locked(device, device->clock_ns + (int64_t)ns);
  device->clock_moves = false;
  pthread_cond_broadcast(&device->done_cond);
  return result;
}

/* ---- the interface ---- */

static struct soft_device *enter(uint32_t handle, int32_t *result) {
  struct soft_device *device = soft_device_enter(handle);
  *result = PVG_E_HANDLE;
  if (device == NULL || device->config.virtual_clock) return device;
  soft_device_leave(device);
  *result = pvgi_fail(PVG_E_UNSUPPORTED, "the device has a real clock");
  return NULL;
}

static uint64_t or_never(int64_t ns) { return ns != 0 && ns != INT64_MAX ? (uint64_t)ns : PVG_CLOCK_NEVER; }

int32_t pvg_device_clock(uint32_t handle, uint64_t *times) {
  if (times == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no room for the times");
  int32_t result;
  struct soft_device *device = enter(handle, &result);
  if (device == NULL) return result;
  pthread_mutex_lock(&device->lock);
  times[0] = (uint64_t)device->clock_ns;
  times[1] = or_never(soft_next_blank_locked(device));
  times[2] = or_never(device->gpu_until_ns);
  times[3] = device->phase == PHASE_RUNNING && at_rest_locked(device);
  times[4] = device->encode_count;
  pthread_mutex_unlock(&device->lock);
  soft_device_leave(device);
  return PVG_OK;
}

int32_t pvg_device_clock_advance(uint32_t handle, uint64_t ns) {
  int32_t result;
  struct soft_device *device = enter(handle, &result);
  if (device == NULL) return result;
  pthread_mutex_lock(&device->lock);
  result = advance_locked(device, ns);
  pthread_mutex_unlock(&device->lock);
  soft_device_leave(device);
  return result;
}
