/* SPDX-License-Identifier: Apache-2.0
 *
 * soft_suspend.h - for the tests of suspend and resume: a stage goes on in another one, with a copy of its memory.
 *
 * The second stage is given what a host would keep of the first: configuration, guest memory, and the modes it was told of. Nothing
 * else goes from one to the other but the state.
 */
#ifndef SOFT_SUSPEND_H
#define SOFT_SUSPEND_H

#include "soft_ports.h"

struct state {
  uint8_t *bytes;
  uint64_t length;
};

/* Of a suspended device; for the caller to free. */
static inline struct state take_state(uint32_t device) {
  struct state state = {0};
  uint64_t length = 0;
  CHECK(pvg_device_state(device, NULL, 0, &state.length) == PVG_OK && state.length > 32);
  state.bytes = malloc(state.length);
  CHECK(state.bytes != NULL);
  memset(state.bytes, 0x5a, state.length);
  CHECK(pvg_device_state(device, state.bytes, state.length - 1, &length) == PVG_OK && length == state.length);
  CHECK(state.bytes[0] == 0x5a && state.bytes[state.length - 2] == 0x5a);
  CHECK(pvg_device_state(device, state.bytes, state.length, &length) == PVG_OK && length == state.length);
  return state;
}

/* Pages of zeros are left out, since a page that nobody has touched costs nothing. */
static inline void stage_copy_memory(struct stage *next, const struct stage *stage) {
  static const uint8_t zeros[PAGE];
  for (uint64_t at = 0; at < RAM_LENGTH; at += PAGE) {
    if (memcmp(stage->guest.memory + at, zeros, PAGE) != 0) memcpy(next->guest.memory + at, stage->guest.memory + at, PAGE);
  }
}

/* Another stage, ready for a resume. */
static inline void stage_follow(struct stage *next, const struct stage *stage) {
  const struct pvg_config *config = &stage->host.config;
  *next = (struct stage){.host = {.config = {.ports = config->ports, .iosfc = config->iosfc, .vsync = config->vsync, .vectors = config->vectors,
                                             .announce_every_frame = config->announce_every_frame,
                                             .virtual_clock = config->virtual_clock},
                                  .unordered = stage->host.unordered}};
  atomic_store(&next->keep_frames, atomic_load(&stage->keep_frames));
  memcpy(next->host.modes, stage->host.modes, sizeof stage->host.modes);
  next->host.mode_count = stage->host.mode_count;
  stage_run(next);
  stage_copy_memory(next, stage);
  next->guest.written = stage->guest.written;
  for (uint32_t port = 0; port < PVG_PORTS_MAX; port++) {
    next->screens[port].mode_width = stage->screens[port].mode_width;
    next->screens[port].mode_height = stage->screens[port].mode_height;
  }
}

/* Suspends the stage's device, ends the stage, and goes on in `next`; the pens are moved. */
static inline void stage_move(struct stage *stage, struct stage *next, struct pen *pens) {
  CHECK(pvg_device_suspend(stage->host.device) == PVG_OK);
  struct state state = take_state(stage->host.device);
  stage_follow(next, stage);
  for (uint32_t port = 0; pens != NULL && port < stage->host.config.ports; port++) pens[port].guest = &next->guest;
  stage_end(stage);
  CHECK(pvg_device_resume(next->host.device, state.bytes, state.length) == PVG_OK);
  free(state.bytes);
}

#endif
