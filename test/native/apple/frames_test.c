/* SPDX-License-Identifier: Apache-2.0
 *
 * frames_test.c - a guest that draws, one frame after the other, and a line for each with a hash of the pixels that the host got.
 *
 * It is linked with the bridge to Apple's PVG and with the software PVG: both have to print the same lines.
 *
 *   frames_test [frames]
 */
#include "soft_guest.h"

static uint64_t state = 0x9e3779b97f4a7c15ull;

static uint32_t next(uint32_t below) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)((state >> 32) % below);
}

/* Commands of one frame, which begins with a fill of all of it; their length. */
static uint32_t draw(struct guest *guest) {
  uint32_t *words = (uint32_t *)(void *)(guest->memory + COMMANDS);
  uint32_t *out = words;
  const uint32_t all[8] = {DRAW_FILL, 32, 0, 0, 16384, 16384, 0xff000000u | next(1u << 24), 0};
  memcpy(out, all, sizeof all);
  out += 8;
  for (uint32_t count = 1 + next(8); count != 0; count--) {
    uint32_t x = next(96) - 16, y = next(80) - 16, width = 1 + next(40), height = 1 + next(40);
    if (next(2)) {
      const uint32_t fill[8] = {next(2) ? DRAW_FILL : DRAW_BLEND_FILL, 32, x, y, width, height, next(UINT32_MAX), 0};
      memcpy(out, fill, sizeof fill);
      out += 8;
    } else {
      const uint32_t copy[10] = {next(2) ? DRAW_COPY : DRAW_BLEND, 40, x, y, width, height, 4 * 40, 0, PIXELS - CHILD_RING, 0};
      memcpy(out, copy, sizeof copy);
      out += 10;
    }
  }
  return (uint32_t)((out - words) * 4);
}

static void show(struct host *host, struct guest *guest, uint32_t frame) {
  uint32_t *source = (uint32_t *)(void *)(guest->memory + PIXELS);
  for (uint32_t at = 0; at < 40 * 40; at++) source[at] = next(UINT32_MAX);
  CHILD(guest, OP_EXEC, 0, 1, draw(guest), COMMANDS - CHILD_RING, 0);
  CHILD(guest, OP_SWAP, frame, 0, 0);
  guest_doorbell(guest);
  guest_await_stamp(guest, 1, frame);
  AWAIT(atomic_load(&host->last_present) == frame);
  uint64_t hash = 0xcbf29ce484222325ull;
  pthread_mutex_lock(&host->lock);
  for (uint32_t at = 0; at < host->pixels_width * host->pixels_height; at++) hash = (hash ^ host->pixels[at]) * 0x100000001b3ull;
  printf("%u %ux%u %016llx\n", frame, host->pixels_width, host->pixels_height, (unsigned long long)hash);
  pthread_mutex_unlock(&host->lock);
}

int main(int count, char **arguments) {
  uint32_t frames = count > 1 ? (uint32_t)atoi(arguments[1]) : 600;
  struct host host = {0};
  struct guest guest;
  stage_open(&host, &guest);
  guest_start(&guest, 0);
  for (uint32_t frame = 1; frame <= frames; frame++) {
    if (frame == frames / 2) {
      guest_write(&guest, REG_MODE, 1);
      AWAIT(host.mode_width == 33);
    }
    show(&host, &guest, frame);
  }
  stage_close(&host, &guest);
  return 0;
}
