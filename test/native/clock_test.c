/* SPDX-License-Identifier: Apache-2.0
 *
 * clock_test.c - a device with a virtual clock: what happens at which nanosecond of it, and what has happened when a call returns.
 *
 * No test sleeps or waits for what a call has promised: it is there when the call returns, or the test fails. What the host still has in
 * its mailboxes is waited for, as it is the host's.
 */
#include "soft_ports.h"
#include "soft_suspend.h"

#define SECOND 1000000000ull

struct times {
  uint64_t now, blank, encode;
  bool rest;
  uint64_t encodes;
};

static struct times clock_of(uint32_t device) {
  uint64_t times[5];
  CHECK(pvg_device_clock(device, times) == PVG_OK && times[3] <= 1);
  return (struct times){times[0], times[1], times[2], times[3] != 0, times[4]};
}

/* Where the host encodes nothing, PVG is at rest when the call returns. */
static void advance_to_rest(uint32_t device, uint64_t ns) {
  CHECK(pvg_device_clock_advance(device, ns) == PVG_OK && clock_of(device).rest);
}

/* Where it does, it may have begun since, and ends by itself. */
static void advance(uint32_t device, uint64_t ns) {
  CHECK(pvg_device_clock_advance(device, ns) == PVG_OK);
  AWAIT(clock_of(device).rest);
}

/* To the next blank. */
static uint64_t step(uint32_t device) {
  struct times times = clock_of(device);
  CHECK(times.blank != PVG_CLOCK_NEVER);
  advance(device, times.blank - times.now);
  CHECK(clock_of(device).now == times.blank);
  return times.blank;
}

static struct stage stage_of(uint32_t ports, uint32_t rate_mhz) {
  return (struct stage){.host = {.config = {.ports = ports, .vsync = 1, .virtual_clock = 1}, .modes = {{8, 6, rate_mhz, 0}, {6, 8, 2000, 0}}, .mode_count = 2}};
}

static void enable_events(struct stage *stage, uint32_t port, uint32_t events) {
  put_u32(stage->guest.memory + page_of_port(port) + DISPLAY_ENABLE, events);
}

/* Clears and gives the events of a port. */
static uint32_t take_events(struct stage *stage, uint32_t port) {
  guest_write(&stage->guest, REG_DISPLAY_STATUS, 1u << port);
  uint32_t *pending = (uint32_t *)(void *)(stage->guest.memory + page_of_port(port) + DISPLAY_PENDING);
  return __atomic_exchange_n(pending, 0, __ATOMIC_ACQ_REL);
}

static uint64_t presented(struct stage *stage, uint32_t port) {
  uint64_t counts[2];
  CHECK(pvg_display_present_counts(stage->host.device, port, counts) == PVG_OK);
  return counts[0];
}

static void test_refusals(void) {
  struct stage real = {.host = {.config = {.ports = 1}}}, stage = stage_of(1, 60000);
  uint64_t times[5];
  stage_run(&real);
  CHECK(pvg_device_clock(real.host.device, times) == PVG_E_UNSUPPORTED);
  CHECK(pvg_device_clock_advance(real.host.device, 0) == PVG_E_UNSUPPORTED);
  stage_end(&real);
  stage_run(&stage);
  uint32_t device = stage.host.device;
  CHECK(pvg_device_clock(device, NULL) == PVG_E_ARGUMENT && pvg_device_clock(0, times) == PVG_E_HANDLE);
  CHECK(pvg_device_clock_advance(0, 0) == PVG_E_HANDLE);
  CHECK(clock_of(device).now == 0 && clock_of(device).blank == PVG_CLOCK_NEVER && clock_of(device).encode == PVG_CLOCK_NEVER);
  advance_to_rest(device, 5);
  CHECK(pvg_device_clock_advance(device, PVG_CLOCK_MAX - 4) == PVG_E_ARGUMENT);
  CHECK(pvg_device_clock_advance(device, UINT64_MAX) == PVG_E_ARGUMENT && clock_of(device).now == 5);
  advance_to_rest(device, PVG_CLOCK_MAX - 5);
  CHECK(clock_of(device).now == PVG_CLOCK_MAX);
  CHECK(pvg_device_stop(device) == PVG_OK && pvg_device_clock_advance(device, 0) == PVG_E_CLOSED);
  stage_end(&stage);
}

/* The n-th blank of a rate is at n / rate, rounded down, in however many calls one gets there. */
static void test_grid(uint32_t rate_mhz, uint64_t start) {
  struct stage stage = stage_of(1, rate_mhz);
  struct pen pens[PVG_PORTS_MAX];
  stage_run(&stage);
  uint32_t device = stage.host.device;
  advance_to_rest(device, start);
  stage_start(&stage, pens);
  for (uint64_t blank = 1; blank <= 300; blank++) {
    CHECK(step(device) == start + blank * 1000 * SECOND / rate_mhz);
    CHECK(get_u32(stage.guest.memory + page_of_port(0) + DISPLAY_PENDING) & DISPLAY_EVENT_VBL);
    take_events(&stage, 0);
    advance_to_rest(device, (clock_of(device).blank - clock_of(device).now) / 2);
    CHECK(take_events(&stage, 0) == 0);
  }
  /* The same mode again changes nothing; another rate begins a grid of its own at that very moment. */
  struct times before = clock_of(device);
  guest_write(&stage.guest, REG_MODE, 0);
  CHECK(clock_of(device).blank == before.blank);
  guest_write(&stage.guest, REG_MODE, 1);
  CHECK(clock_of(device).blank == before.now + SECOND / 2);
  CHECK(pvg_device_reset(device) == PVG_OK);
  CHECK(clock_of(device).now == before.now && clock_of(device).blank == PVG_CLOCK_NEVER);
  stage_end(&stage);
}

/* Six hundred steps of a period in whole nanoseconds are six hundred blanks; sixty blanks are a second. */
static void test_exact_counts(void) {
  struct stage stage = stage_of(1, 60000);
  struct pen pens[PVG_PORTS_MAX];
  stage_run(&stage);
  stage_start(&stage, pens);
  enable_events(&stage, 0, DISPLAY_EVENT_VBL);
  take_events(&stage, 0);
  uint32_t device = stage.host.device, before = atomic_load(&stage.host.interrupts[1]);
  for (uint32_t at = 1; at <= 600; at++) {
    advance_to_rest(device, 16666667);
    CHECK(take_events(&stage, 0) == DISPLAY_EVENT_VBL);
    if (at == 60) CHECK(clock_of(device).blank == 61 * SECOND / 60 && clock_of(device).now == SECOND + 20);
  }
  CHECK(guest_read(&stage.guest, REG_DISPLAY_STATUS) == 0);
  AWAIT(atomic_load(&stage.host.interrupts[1]) - before == 600);
  /* Blanks of one call come one after the other, but what the guest has not taken it is not told of again. */
  advance_to_rest(device, 10 * SECOND);
  CHECK(clock_of(device).blank == 1201 * SECOND / 60);
  AWAIT(atomic_load(&stage.host.interrupts[1]) - before == 601);
  stage_end(&stage);
}

/* Ten frames in the ring at once: each is flipped at its blank, with stamp and events, and nothing happens in between. */
static void test_frames(void) {
  struct stage stage = stage_of(2, 60000);
  struct pen pens[PVG_PORTS_MAX];
  stage_run(&stage);
  stage_start(&stage, pens);
  uint32_t device = stage.host.device;
  for (uint32_t frame = 1; frame <= 10; frame++) {
    const uint32_t fill[] = {DRAW_FILL, 32, 0, 0, 16384, 16384, 0xff000000u + frame, 0};
    pen_draw(&pens[0], fill, 8);
    pen_swap(&pens[0]);
  }
  pen_doorbell(&pens[0]);
  for (uint32_t frame = 1; frame <= 10; frame++) {
    uint64_t at = frame * SECOND / 60;
    advance(device, at - 1 - clock_of(device).now);
    /* All is drawn that can be. The swap whose frame waits for its blank is not done. */
    CHECK(pen_stamp(&pens[0]) == 2 * frame - 1 && presented(&stage, 0) == frame - 1);
    take_events(&stage, 0);
    advance(device, 1);
    CHECK(presented(&stage, 0) == frame && pen_stamp(&pens[0]) == (frame < 10 ? 2 * frame + 1 : 20));
    CHECK(take_events(&stage, 0) == (DISPLAY_EVENT_VBL | DISPLAY_EVENT_PRESENT));
    AWAIT(stage_present(&stage, 0) == frame);
    CHECK(stage_pixel(&stage, 0, 7, 5) == 0xff000000u + frame);
  }
  CHECK(presented(&stage, 1) == 0 && (take_events(&stage, 1) & DISPLAY_EVENT_VBL));
  stage_end(&stage);
}

/* Two ports of different rates in one long call: as many frames of each as there are blanks, whatever the host does. */
static void test_two_rates(void) {
  struct stage stage = stage_of(2, 60000);
  struct pen pens[PVG_PORTS_MAX];
  atomic_store(&stage.keep_frames, true);
  stage_run(&stage);
  const struct pvg_display_mode slow = {8, 6, 24000, 0};
  stage_start(&stage, pens);
  uint32_t device = stage.host.device;
  CHECK(pvg_display_set_modes(device, 1, &slow, 1) == PVG_OK);
  select_port(&stage.guest, 1);
  guest_write(&stage.guest, REG_MODE, 0);
  for (uint32_t port = 0; port < 2; port++) {
    for (uint32_t frame = 1; frame <= 30; frame++) {
      const uint32_t fill[] = {DRAW_FILL, 32, 0, 0, 16384, 16384, 0xff000000u + frame, 0};
      pen_draw(&pens[port], fill, 8);
      pen_swap(&pens[port]);
    }
    pen_doorbell(&pens[port]);
  }
  advance_to_rest(device, SECOND / 4);
  CHECK(presented(&stage, 0) == 15 && presented(&stage, 1) == 6);
  CHECK(pen_stamp(&pens[0]) == 31 && pen_stamp(&pens[1]) == 13);
  advance_to_rest(device, SECOND / 4 - 1);
  CHECK(presented(&stage, 0) == 29 && presented(&stage, 1) == 11);
  advance_to_rest(device, 1);
  CHECK(presented(&stage, 0) == 30 && presented(&stage, 1) == 12);
  stage_end(&stage);
}

/* An encode takes its time by the clock; whoever needs what it holds waits, and the clock goes on all the same. */
static void test_encode_delay(void) {
  struct stage stage = stage_of(1, 60000);
  struct pen pens[PVG_PORTS_MAX];
  stage.host.config.encode_delay_us = 100000;
  stage.host.config.vsync = 0;
  stage_run(&stage);
  stage_start(&stage, pens);
  uint32_t device = stage.host.device;
  guest_write(&stage.guest, REG_MODE, 1);
  pen_frame(&pens[0], 0xff111111u);
  advance(device, 7);
  AWAIT(clock_of(device).encode == 100000007 || clock_of(device).encode == 100000000);
  uint64_t until = clock_of(device).encode;
  advance(device, until - 1 - clock_of(device).now);
  CHECK(clock_of(device).encode == until && clock_of(device).encodes == 1 && stage_count(&stage, 0, PVG_UPCALL_FRAME_COMPLETED) == 0);
  advance(device, 1);
  CHECK(clock_of(device).encode == PVG_CLOCK_NEVER && clock_of(device).encodes == 0);
  AWAIT(stage_present(&stage, 0) == 1);
  /* With an encode of each of four frames on its way and the fifth one current, there is nothing to draw the next one on. */
  for (uint32_t frame = 2; frame <= 6; frame++) {
    pen_frame(&pens[0], 0xff000000u + frame);
    if (frame == 6) break;
    AWAIT(presented(&stage, 0) == frame);
    AWAIT(stage_count(&stage, 0, PVG_UPCALL_NEW_FRAME) == frame);
  }
  AWAIT(clock_of(device).encode != PVG_CLOCK_NEVER);
  advance(device, 0);
  until = clock_of(device).encode;
  uint64_t before = presented(&stage, 0);
  advance(device, until - clock_of(device).now);
  CHECK(before <= 6 && presented(&stage, 0) == 6);
  /* A reset doesn't wait for the clock. */
  pen_frame(&pens[0], 0xff222222u);
  CHECK(pvg_device_reset(device) == PVG_OK && clock_of(device).encode == PVG_CLOCK_NEVER);
  stage_end(&stage);
}

/* Two FIFOs that draw on one port, one of which waits for a frame with the other behind it, keep nobody from moving the clock. */
static void test_two_that_draw(void) {
  struct stage stage = stage_of(2, 1000);
  struct pen pens[PVG_PORTS_MAX];
  stage.host.config.encode_delay_us = 1000000;
  stage.host.config.vsync = 0;
  atomic_store(&stage.keep_frames, true);
  stage_run(&stage);
  stage_start(&stage, pens);
  uint32_t device = stage.host.device;
  AWAIT(pvg_display_pending_events(device, 0) == 0);
  for (uint32_t frame = 1; frame <= 5; frame++) {
    pen_frame(&pens[0], 0xff000000u + frame);
    advance(device, 0);
    CHECK(presented(&stage, 0) == frame);
    if (frame < 5) CHECK(stage_encode(&stage, 0) == PVG_OK);
  }
  const uint32_t fill[] = {DRAW_FILL, 32, 0, 0, 4, 4, 0xff123456u, 0};
  pen_draw(&pens[0], fill, 8);
  pen_doorbell(&pens[0]);
  /* The other port's FIFO draws on this one too. */
  uint32_t slot = PEN_COMMANDS + PEN_COMMANDS_SPACE;
  memcpy(stage.guest.memory + slot, fill, sizeof fill);
  PEN(&pens[1], OP_EXEC, 1, 1, sizeof fill, slot - CHILD_RING, 0, 0);
  pen_doorbell(&pens[1]);
  advance(device, 0);
  CHECK(pen_stamp(&pens[0]) == 10 && pen_stamp(&pens[1]) == 0);
  uint64_t until = clock_of(device).encode;
  CHECK(until != PVG_CLOCK_NEVER);
  advance(device, until - clock_of(device).now);
  CHECK(pen_stamp(&pens[0]) == 11 && pen_stamp(&pens[1]) == 1);
  stage_end(&stage);
}

/* The resumed device goes on at the nanosecond at which the other one was suspended. */
static void test_suspend(void) {
  static struct stage stage, next;
  struct pen pens[PVG_PORTS_MAX];
  stage = stage_of(1, 60000);
  stage_run(&stage);
  stage_start(&stage, pens);
  for (uint32_t blank = 1; blank <= 31; blank++) step(stage.host.device);
  advance(stage.host.device, 12345);
  pen_frame(&pens[0], 0xff333333u);
  advance(stage.host.device, 1);
  uint32_t old = stage.host.device;
  CHECK(pvg_device_suspend(old) == PVG_OK && pvg_device_clock_advance(old, 1) == PVG_E_CLOSED);
  stage_move(&stage, &next, pens);
  uint32_t device = next.host.device;
  CHECK(clock_of(device).now == 31 * SECOND / 60 + 12346 && clock_of(device).blank == 32 * SECOND / 60);
  advance(device, 0);
  CHECK(presented(&next, 0) == 0);
  for (uint64_t blank = 32; blank <= 90; blank++) {
    CHECK(step(device) == blank * SECOND / 60);
    CHECK(presented(&next, 0) == 1);
  }
  stage_end(&next);
}

/* A state of the one clock is none for the other. */
static void test_other_clock(void) {
  static struct stage stage, next;
  struct pen pens[PVG_PORTS_MAX];
  for (uint32_t is_virtual = 0; is_virtual < 2; is_virtual++) {
    stage = stage_of(1, 60000);
    stage.host.config.virtual_clock = is_virtual;
    stage_run(&stage);
    stage_start(&stage, pens);
    CHECK(pvg_device_suspend(stage.host.device) == PVG_OK);
    struct state state = take_state(stage.host.device);
    stage.host.config.virtual_clock = !is_virtual;
    stage_follow(&next, &stage);
    CHECK(pvg_device_resume(next.host.device, state.bytes, state.length) == PVG_E_ARGUMENT);
    free(state.bytes);
    stage_end(&stage);
    stage_end(&next);
  }
}

/* ---- several threads ---- */

struct mover {
  pthread_t thread;
  uint32_t device, steps;
  uint64_t ns;
  atomic_int result;
};

static void *mover_main(void *argument) {
  struct mover *mover = argument;
  int32_t result = PVG_OK;
  for (uint32_t at = 0; at < mover->steps && result == PVG_OK; at++) result = pvg_device_clock_advance(mover->device, mover->ns);
  atomic_store(&mover->result, result);
  return NULL;
}

/* Several threads move the clock, and others use the device: nothing is lost, and no blank is passed over. */
static void test_movers(void) {
  struct stage stage = stage_of(1, 1000000);
  struct pen pens[PVG_PORTS_MAX];
  struct mover movers[3];
  stage_run(&stage);
  stage_start(&stage, pens);
  uint32_t device = stage.host.device;
  for (uint32_t frame = 1; frame <= 20; frame++) {
    pen_draw(&pens[0], (const uint32_t[]){DRAW_FILL, 32, 0, 0, 9, 9, 0xff000000u + frame, 0}, 8);
    pen_swap(&pens[0]);
  }
  pen_doorbell(&pens[0]);
  for (uint32_t at = 0; at < 3; at++) {
    movers[at] = (struct mover){.device = device, .steps = 100, .ns = 70000};
    CHECK(pthread_create(&movers[at].thread, NULL, mover_main, &movers[at]) == 0);
  }
  for (uint32_t look = 0; look < 200; look++) guest_read(&stage.guest, REG_VERSION);
  for (uint32_t at = 0; at < 3; at++) {
    pthread_join(movers[at].thread, NULL);
    CHECK(atomic_load(&movers[at].result) == PVG_OK);
  }
  CHECK(clock_of(device).now == 21000000 && clock_of(device).blank == 22000000);
  CHECK(presented(&stage, 0) == 20 && pen_stamp(&pens[0]) == 40);
  stage_end(&stage);
}

/* Whoever waits for a host that doesn't answer is let go by a suspend, and by a stop. */
static void test_let_go(bool suspend) {
  struct stage stage = stage_of(1, 60000);
  struct pen pens[PVG_PORTS_MAX];
  struct mover movers[2];
  stage_run(&stage);
  stage_start(&stage, pens);
  uint32_t device = stage.host.device;
  advance(device, 3);
  atomic_store(&stage.host.hold, 1u << PVG_UPCALL_MODE_CHANGE);
  guest_write(&stage.guest, REG_MODE, 1);
  AWAIT(atomic_load(&stage.host.held_count) == 1);
  for (uint32_t at = 0; at < 2; at++) {
    movers[at] = (struct mover){.device = device, .steps = 1, .ns = SECOND};
    atomic_store(&movers[at].result, 1);
    CHECK(pthread_create(&movers[at].thread, NULL, mover_main, &movers[at]) == 0);
  }
  STAYS(atomic_load(&movers[0].result) == 1 && atomic_load(&movers[1].result) == 1 && clock_of(device).now == 3 && !clock_of(device).rest);
  CHECK((suspend ? pvg_device_suspend(device) : pvg_device_stop(device)) == PVG_OK);
  for (uint32_t at = 0; at < 2; at++) {
    pthread_join(movers[at].thread, NULL);
    CHECK(atomic_load(&movers[at].result) == PVG_E_CLOSED);
  }
  CHECK(clock_of(device).now == 3);
  stage_release(&stage);
  stage_end(&stage);
}

int main(void) {
  test_refusals();
  const uint32_t rates[] = {60000, 59940, 1000, 65535000, 24001, 143999};
  for (uint32_t at = 0; at < 6; at++) test_grid(rates[at], 1234567 * at);
  test_exact_counts();
  test_frames();
  test_two_rates();
  test_encode_delay();
  test_two_that_draw();
  test_suspend();
  test_other_clock();
  test_movers();
  test_let_go(true);
  test_let_go(false);
  return 0;
}
