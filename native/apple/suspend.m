/* SPDX-License-Identifier: Apache-2.0
 *
 * suspend.m - suspends a device, hands out its state, and has a new one go on from it; and the clock, which is the system's.
 *
 * A state is the framework's own, behind a header that says what it was made of, so that a foreign or damaged one is refused before the framework sees
 * it. A resumed device's displays are attached anew between the framework's two steps. The IOSurface mapper has no state that anybody can save, so
 * a device that has one can't be suspended: its guest would find its surfaces gone.
 */
#import "apple_pvg.h"

#include <string.h>

struct header {
  char magic[8];
  uint32_t ports, page_shift;
  uint64_t length, sum;
};

static const char magic[8] = "APVGST1";

/* FNV-1a: whether it is damaged, not who made it. */
static uint64_t sum_of(const uint8_t *bytes, uint64_t length) {
  uint64_t sum = 0xcbf29ce484222325ull;
  for (uint64_t at = 0; at < length; at++) sum = (sum ^ bytes[at]) * 0x100000001b3ull;
  return sum;
}

static int32_t change_phase(struct apple_device *device, enum apple_phase phase, bool rests) {
  pthread_mutex_lock(&device->lock);
  device->phase = phase;
  pthread_mutex_lock(&device->upcall_lock);
  device->rests = rests;
  pthread_cond_broadcast(&device->room_cond);
  pthread_mutex_unlock(&device->upcall_lock);
  apple_wake(device);
  pthread_mutex_unlock(&device->lock);
  return PVG_OK;
}

static int32_t suspend(struct apple_device *device) {
  id<PGDevice> target = device->device;
  if (device->config.iosfc) return pvgi_fail(PVG_E_UNSUPPORTED, "the framework's IOSurface mapper has no state to suspend it by");
  if (!apple_answers(target, @selector(willSuspend), "v@:") || !apple_answers(target, @selector(finishSuspend), "@@:")) {
    return pvgi_fail(PVG_E_UNSUPPORTED, "this framework's devices can't be suspended");
  }
  pthread_mutex_lock(&device->lock);
  enum apple_phase phase = device->phase;
  if (phase == PHASE_RUNNING) device->phase = PHASE_FAILED; /* until there is a state */
  pthread_mutex_unlock(&device->lock);
  if (phase == PHASE_SUSPENDED) return PVG_OK;
  if (phase != PHASE_RUNNING) return pvgi_fail(PVG_E_CLOSED, "the device is being suspended or resumed, or has failed to");
  Keeper *keeper = device->keeper;
  return apple_enter(device, "-[PGDevice willSuspend]", ^int32_t(struct apple_values *values) {
    (void)values;
    (void)keeper;
    [target willSuspend];
    NSData *state = [target finishSuspend];
    if (state == nil) return pvgi_fail(PVG_E_REFUSED, "the framework gave no state");
    pthread_mutex_lock(&device->lock);
    device->state = [state copy];
    pthread_mutex_unlock(&device->lock);
    return change_phase(device, PHASE_SUSPENDED, true);
  }, NULL);
}

int32_t pvg_device_suspend(uint32_t handle) {
  struct apple_device *device = apple_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  int32_t result = suspend(device);
  apple_device_leave(device);
  return result;
}

static int32_t hand_out(struct apple_device *device, void *bytes, uint64_t room, uint64_t *length) {
  pthread_mutex_lock(&device->lock);
  NSData *state = [device->state retain];
  pthread_mutex_unlock(&device->lock);
  if (state == nil) return pvgi_fail(PVG_E_REFUSED, "the device isn't suspended");
  struct header header = {.ports = device->config.ports, .page_shift = device->config.page_shift, .length = [state length]};
  memcpy(header.magic, magic, sizeof magic);
  header.sum = sum_of([state bytes], header.length);
  *length = sizeof header + header.length;
  if (bytes != NULL && room >= *length) {
    memcpy(bytes, &header, sizeof header);
    memcpy((uint8_t *)bytes + sizeof header, [state bytes], header.length);
  }
  [state release];
  return PVG_OK;
}

int32_t pvg_device_state(uint32_t handle, void *bytes, uint64_t room, uint64_t *length) {
  if (length == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no room for the length");
  struct apple_device *device = apple_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  int32_t result = hand_out(device, bytes, room, length);
  apple_device_leave(device);
  return result;
}

/* The state without its header, for the caller to release; nil, with the error text, if it isn't one of such a device. */
static NSData *unpack(struct apple_device *device, const uint8_t *bytes, uint64_t length) {
  struct header header;
  const char *wrong = NULL;
  if (length < sizeof header) {
    pvgi_fail(PVG_E_ARGUMENT, "the state has %llu bytes, and its header %zu", (unsigned long long)length, sizeof header);
    return nil;
  }
  memcpy(&header, bytes, sizeof header);
  if (memcmp(header.magic, magic, sizeof magic) != 0) wrong = "is no state of Apple's PVG";
  else if (header.length != length - sizeof header) wrong = "was cut short, or something was put behind it";
  else if (header.sum != sum_of(bytes + sizeof header, header.length)) wrong = "is damaged";
  else if (header.ports != device->config.ports || header.page_shift != device->config.page_shift) wrong = "is of a device with other ports or pages";
  if (wrong == NULL) return [[NSData alloc] initWithBytes:bytes + sizeof header length:header.length];
  pvgi_fail(PVG_E_ARGUMENT, "the state %s", wrong);
  return nil;
}

/* On an entry's thread. */
static int32_t go_on(struct apple_device *device, NSData *state) {
  id<PGDevice> target = device->device;
  NSError *error = nil;
  apple_displays_release(device);
  if (![target willResumeWithSuspendState:state error:&error]) {
    const char *why = [[error localizedDescription] UTF8String];
    return pvgi_fail(PVG_E_REFUSED, "the framework refused the state: %s", why != NULL ? why : "it doesn't say why");
  }
  int32_t result = apple_displays_make(device);
  if (result == PVG_OK) [target didResume];
  return result;
}

static int32_t resume(struct apple_device *device, NSData *state) {
  if (!apple_answers(device->device, @selector(willResumeWithSuspendState:error:), NULL)) {
    return pvgi_fail(PVG_E_UNSUPPORTED, "this framework's devices can't be resumed");
  }
  pthread_mutex_lock(&device->lock);
  bool fresh = device->phase == PHASE_RUNNING && !device->used;
  if (fresh) device->phase = PHASE_FAILED; /* until it goes on */
  device->used = true;
  pthread_mutex_unlock(&device->lock);
  if (!fresh) return pvgi_fail(PVG_E_ARGUMENT, "only a device that was just created can be resumed");
  int32_t result = apple_enter(device, "-[PGDevice willResumeWithSuspendState:error:]", ^int32_t(struct apple_values *values) {
    (void)values;
    return go_on(device, state);
  }, NULL);
  return result == PVG_OK ? change_phase(device, PHASE_RUNNING, false) : result;
}

int32_t pvg_device_resume(uint32_t handle, const void *bytes, uint64_t length) {
  if (bytes == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no state");
  struct apple_device *device = apple_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  NSData *state = unpack(device, bytes, length);
  int32_t result = state != nil ? resume(device, state) : PVG_E_ARGUMENT;
  [state release];
  apple_device_leave(device);
  return result;
}

/* ---- the clock ---- */

static int32_t real_clock(uint32_t handle) {
  struct apple_device *device = apple_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  apple_device_leave(device);
  return pvgi_fail(PVG_E_UNSUPPORTED, "Apple's PVG goes by the system's clock");
}

int32_t pvg_device_clock(uint32_t handle, uint64_t *times) {
  return times != NULL ? real_clock(handle) : pvgi_fail(PVG_E_ARGUMENT, "no room for the times");
}

int32_t pvg_device_clock_advance(uint32_t handle, uint64_t ns) {
  (void)ns;
  return real_clock(handle);
}
