/* SPDX-License-Identifier: Apache-2.0
 *
 * state_test.c - damaged and hostile states: an error before any upcall, or a device that still is safe.
 *
 *   state_test [seed] [count]    count: random changes of the large state
 *
 * A state that was damaged by accident is always found. One whose checksum was put right again may hold anything that its fields allow; a
 * device that goes on from it is used like any other, then reset, and must draw. That no change made a crash is for the sanitizers to say.
 */
#include "soft_mapper.h"
#include "soft_suspend.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DEFAULT_COUNT 150u
#define STEP 7u /* every so-manieth byte of the small state is changed */
#else
#define DEFAULT_COUNT 600u
#define STEP 1u
#endif
#define HEADER 32u

static uint64_t get_u64(const uint8_t *bytes) {
  uint64_t value;
  memcpy(&value, bytes, sizeof value);
  return value;
}

/* As native/soft/state_bytes.c has it. */
static void mend(struct state *state) {
  uint64_t sum = 0xcbf29ce484222325ull, at = HEADER;
  for (; state->length - at >= 8; at += 8) sum = (sum ^ get_u64(state->bytes + at)) * 0x100000001b3ull;
  for (; at < state->length; at++) sum = (sum ^ state->bytes[at]) * 0x100000001b3ull;
  memcpy(state->bytes + 16, &state->length, 8);
  memcpy(state->bytes + 24, &sum, 8);
}

/* xorshift64* */
static uint32_t next_random(uint64_t *random) {
  *random ^= *random >> 12;
  *random ^= *random << 25;
  *random ^= *random >> 27;
  return (uint32_t)((*random * 2685821657736338717ull) >> 32);
}

/* ---- states ---- */

/* A device that a guest has only just started, so that nearly every byte is the number of something. */
static struct state small_state(struct stage *stage) {
  *stage = (struct stage){.host = {.config = {.ports = 1, .virtual_clock = 1}, .modes = {{8, 6, 60000, 0}}, .mode_count = 1}};
  stage_run(stage);
  struct pen pens[PVG_PORTS_MAX];
  stage_start(stage, pens);
  AWAIT(pvg_display_pending_events(stage->host.device, 0) == 0);
  CHECK(pvg_device_clock_advance(stage->host.device, 20000000) == PVG_OK);
  CHECK(pvg_device_suspend(stage->host.device) == PVG_OK);
  return take_state(stage->host.device);
}

/* One with everything that there is: two ports, a waiting swap, frames, a glyph and a mode that were not told of, tasks, surfaces. */
static struct state large_state(struct stage *stage) {
  *stage = (struct stage){.host = {.config = {.ports = 2, .iosfc = 1, .vsync = 1}, .modes = {{16, 12, 1000, 0}, {8, 6, 500000, 0}}, .mode_count = 2},
                          .keep_frames = true};
  struct pen pens[PVG_PORTS_MAX];
  stage_run(stage);
  stage_start(stage, pens);
  struct guest *guest = &stage->guest;
  mapper_start(guest, 16);
  for (uint32_t surface = 0; surface < 4; surface++) CHECK(map_page(guest, surface) == IOSFC_OK);
  CONTROL(guest, OP_DEFINE_TASK, 0, 9, 0, 0x40000000, 2);
  CONTROL(guest, OP_MAP, 0, 9, 1, 0x10000, 1, 2, 0, (uint32_t)RAM_GPA, 0, PAGE, 0, (uint32_t)RAM_GPA + 5 * PAGE, 0, 3 * PAGE, 0);
  guest_kick(guest);
  pen_frame(&pens[1], 0xff515253u);
  AWAIT(pen_stamp(&pens[1]) == pens[1].stamp && pvg_display_pending_events(stage->host.device, 1) == 0);
  atomic_store(&stage->host.hold, 1u << PVG_UPCALL_MODE_CHANGE);
  select_port(guest, 1);
  guest_write(guest, REG_MODE, 0);
  AWAIT(atomic_load(&stage->host.held_count) == 1);
  put_u32(guest->memory + page_of_port(1) + DISPLAY_CURSOR, 2u << 16 | 3);
  CONTROL(guest, OP_CURSOR_GLYPH, 0, 0, 4, 4, 16, 32, 1, 2, 0, (uint32_t)RAM_GPA + GLYPH, 0, 64);
  CONTROL(guest, OP_CURSOR_SHOW, 0, 1, 0);
  guest_kick(guest);
  pen_frame(&pens[1], 0xff616263u);
  AWAIT(pen_stamp(&pens[1]) == pens[1].stamp);
  pen_frame(&pens[0], 0xff717273u); /* its blank is a second away */
  PEN(&pens[1], 1u << 16 | OP_SWAP, 70, 0, 44, 1, 0);
  pen_doorbell(&pens[1]);
  AWAIT(pen_stamp(&pens[0]) >= pens[0].stamp - 1);
  CHECK(pvg_device_suspend(stage->host.device) == PVG_OK);
  return take_state(stage->host.device);
}

/* ---- what must hold ---- */

static void poke(struct stage *stage) {
  uint32_t device = stage->host.device, texture = pvg_texture_create(device, 9, 9, 4), value[2], place[2];
  uint64_t counts[2];
  for (uint32_t offset = 0x1000; offset < 0x1300; offset += 4) CHECK(pvg_mmio_read(device, PVG_WINDOW_GFX, offset, value) == PVG_OK);
  for (uint32_t port = 0; port < stage->host.config.ports; port++) {
    int32_t result = pvg_display_encode(device, port, texture, 1, port);
    CHECK(result == PVG_OK || result == PVG_E_REFUSED);
    CHECK(pvg_display_cursor_position(device, port, place) == PVG_OK && pvg_display_present_counts(device, port, counts) == PVG_OK);
  }
  for (uint32_t fifo = 1; fifo <= CHILD_FIFO_MAX; fifo++) guest_write(&stage->guest, REG_CHILD_DOORBELL, fifo);
  if (stage->host.config.iosfc) mapper_write(&stage->guest, IOSFC_PRODUCER, 8);
  guest_write(&stage->guest, REG_MAIN_KICK, 1);
}

/* Reset, it is as good as any other. */
static void check_draws(struct stage *stage) {
  struct pen pens[PVG_PORTS_MAX];
  CHECK(pvg_device_reset(stage->host.device) == PVG_OK);
  atomic_store(&stage->keep_frames, true);
  const struct pvg_display_mode mode = {8, 6, 1000000, 0};
  CHECK(pvg_display_set_modes(stage->host.device, 0, &mode, 1) == PVG_OK);
  stage_start(stage, pens);
  uint64_t counts[2], before;
  CHECK(pvg_display_present_counts(stage->host.device, 0, &counts[0]) == PVG_OK);
  before = counts[0];
  pen_frame(&pens[0], 0xff818283u);
  AWAIT(pen_stamp(&pens[0]) == pens[0].stamp);
  CHECK(pvg_display_present_counts(stage->host.device, 0, counts) == PVG_OK && counts[0] == before + 1);
}

static uint32_t upcalls_of(struct stage *stage) {
  uint32_t upcalls = 0;
  for (uint32_t kind = 0; kind < 16; kind++) upcalls += atomic_load(&stage->host.counts[kind]);
  return upcalls;
}

/* Resumes from the state on a device of its own. 0: it did; else the error. */
static int32_t attempt(const struct stage *stage, const struct state *state) {
  static struct stage next;
  stage_follow(&next, stage);
  int32_t result = pvg_device_resume(next.host.device, state->bytes, state->length);
  CHECK(result == PVG_OK || result == PVG_E_ARGUMENT || result == PVG_E_REFUSED);
  if (result == PVG_OK) {
    poke(&next);
    check_draws(&next);
  }
  if (result == PVG_E_ARGUMENT) CHECK(upcalls_of(&next) == 0);
  stage_end(&next);
  return result;
}

/* ---- the tests ---- */

/* Whatever byte is changed, and wherever it ends. One device will do for all, since it is left as it was. */
static void test_accidents(const struct stage *stage, struct state state) {
  static struct stage next;
  stage_follow(&next, stage);
  uint32_t device = next.host.device;
  for (uint64_t at = 0; at < state.length; at++) {
    state.bytes[at] ^= 1u << at % 8;
    CHECK(pvg_device_resume(device, state.bytes, state.length) == PVG_E_ARGUMENT);
    state.bytes[at] ^= 1u << at % 8;
    /* A copy of just that length, so that a read beyond it is seen. */
    uint8_t *part = malloc(at + 1);
    CHECK(part != NULL);
    memcpy(part, state.bytes, at);
    CHECK(pvg_device_resume(device, part, at) == PVG_E_ARGUMENT);
    free(part);
  }
  CHECK(upcalls_of(&next) == 0);
  CHECK(pvg_device_resume(device, state.bytes, state.length) == PVG_OK);
  stage_end(&next);
}

/* The same with a checksum and a length that are right. */
static void test_every_byte(const struct stage *stage, struct state state) {
  static const uint8_t changes[] = {0x01, 0x80, 0xff};
  uint32_t accepted = 0, refused = 0;
  for (uint64_t at = HEADER; at < state.length; at++) {
    for (uint32_t change = 0; change < 3; change++) {
      if ((at + change) % STEP != 0) continue;
      state.bytes[at] ^= changes[change];
      mend(&state);
      uint32_t *outcome = attempt(stage, &state) == PVG_OK ? &accepted : &refused;
      (*outcome)++;
      state.bytes[at] ^= changes[change];
    }
  }
  for (uint64_t length = HEADER; length < state.length; length += STEP) {
    struct state part = {malloc(length), length};
    CHECK(part.bytes != NULL);
    memcpy(part.bytes, state.bytes, length);
    mend(&part);
    static struct stage next;
    stage_follow(&next, stage);
    CHECK(pvg_device_resume(next.host.device, part.bytes, length) == PVG_E_ARGUMENT && upcalls_of(&next) == 0);
    stage_end(&next);
    free(part.bytes);
  }
  mend(&state);
  CHECK(attempt(stage, &state) == PVG_OK && accepted != 0 && refused != 0);
}

/* Changes that only do harm together, or would be seen only by luck. Offsets as native/soft/state_bytes.c has them. */
static void test_combinations(const struct stage *stage, struct state state) {
  const uint64_t ring_at = HEADER + 32 + 44, pages = 2 * PAGE;
  uint64_t task_at = 0, length = CONTROL_LENGTH + pages;
  for (uint64_t at = HEADER; at + 8 <= state.length; at++) {
    if (task_at == 0 && get_u64(state.bytes + at) == length) task_at = at; /* the one behind is that of its only mapping */
  }
  CHECK(task_at != 0 && get_u32(state.bytes + ring_at) == CONTROL_LENGTH);
  const uint32_t lengths[] = {0, PAGE / 2, 3 * PAGE, CONTROL_LENGTH / 2, 3 * CONTROL_LENGTH, 2 * CONTROL_LENGTH, 2 * FIFO_MAX_LENGTH};
  for (size_t at = 0; at < sizeof lengths / sizeof *lengths; at++) {
    for (uint32_t both = 0; both < 2; both++) {
      uint64_t task_length = both ? lengths[at] + pages : length;
      bool sane = both && lengths[at] == 2 * CONTROL_LENGTH; /* shorter, the mappings that are there would leave the task */
      memcpy(state.bytes + ring_at, &lengths[at], 4);
      memcpy(state.bytes + task_at, &task_length, 8);
      mend(&state);
      CHECK(attempt(stage, &state) == (sane ? PVG_OK : PVG_E_ARGUMENT));
    }
  }
  const uint32_t right = CONTROL_LENGTH;
  memcpy(state.bytes + ring_at, &right, 4);
  memcpy(state.bytes + task_at, &length, 8);
  /* More bytes than there are fields. */
  struct state longer = {calloc(1, state.length + 4), state.length + 4};
  CHECK(longer.bytes != NULL);
  memcpy(longer.bytes, state.bytes, state.length);
  mend(&longer);
  CHECK(attempt(stage, &longer) == PVG_E_ARGUMENT);
  free(longer.bytes);
  mend(&state);
}

static void change(struct state *state, uint64_t *random) {
  static const uint32_t awkward[] = {0, 1, 2, 3, 7, 8, 9, 255, 256, 4095, 4096, 0x10000, 0x100000, 0x7fffffff, 0x80000000, UINT32_MAX};
  uint32_t words = (uint32_t)((state->length - HEADER) / 4), room = words < 600 ? words : 600;
  /* Mostly before and behind the pixels. */
  uint32_t word = next_random(random) % 4 == 0 ? next_random(random) % words : next_random(random) % room;
  if (next_random(random) % 2) word = words - 1 - word;
  uint32_t value = next_random(random) % 2 ? awkward[next_random(random) % 16] : next_random(random) >> next_random(random) % 32;
  memcpy(state->bytes + HEADER + 4 * word, &value, 4);
}

static void test_random(const struct stage *stage, struct state state, uint64_t seed, uint32_t count) {
  struct state copy = {malloc(state.length), state.length};
  CHECK(copy.bytes != NULL);
  uint64_t random = seed * 2654435761u + 1;
  uint32_t accepted = 0;
  for (uint32_t at = 0; at < count; at++) {
    memcpy(copy.bytes, state.bytes, state.length);
    for (uint32_t changes = 1 + next_random(&random) % 3; changes != 0; changes--) change(&copy, &random);
    mend(&copy);
    accepted += attempt(stage, &copy) == PVG_OK;
  }
  CHECK(accepted != 0 && accepted != count);
  CHECK(attempt(stage, &state) == PVG_OK);
  printf("%u of %u changed states were accepted\n", accepted, count);
  free(copy.bytes);
}

int main(int argc, char **argv) {
  uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
  uint32_t count = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 0) : DEFAULT_COUNT;
  static struct stage small, large;
  struct state state = small_state(&small);
  test_accidents(&small, state);
  test_combinations(&small, state);
  test_every_byte(&small, state);
  free(state.bytes);
  stage_end(&small);
  state = large_state(&large);
  test_accidents(&large, state);
  test_random(&large, state, seed, count);
  free(state.bytes);
  stage_end(&large);
  return 0;
}
