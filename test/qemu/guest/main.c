/* SPDX-License-Identifier: Apache-2.0
 *
 * main.c - the guest's program: finds the device, drives it, and says what came of it, a line for each check.
 *
 *   agfx vfio|plain draw FRAMES [WIDTHxHEIGHT]    draws, says "standing FRAME WIDTHxHEIGHT", and ends when a line comes
 *   agfx vfio|plain measure [DEVICE [DEVICE]]     reads of a register, and from doorbell to wake, of the device or of two in turn
 *
 * Exit code 0 only if every check passed. What is measured is printed as "measured NAME VALUE UNIT DEVICE"; a DEVICE is 0000:01:00.0 or so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../../native/soft/layout.h"
#include "driver.h"

#define SLICE_NS 20000000ll
#define SLICES 50u
#define READS_AT_ONCE 50u
#define WAIT_MS 1000
#define WARM 200
#define ROUNDS 2000u

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static void await_line(void) {
  char line[64];
  if (fgets(line, sizeof line, stdin) == NULL) failed("console: it is closed");
}

static void check_device(struct machine *machine) {
  const char *name = machine->name;
  uint64_t class = sysfs_number(name, "class");
  if (class >> 8 != 0x0380) failed("class: it is 0x%06llx, not 0x0380..", (unsigned long long)class);
  ok("device: %04x:%04x at %s, class 0x%06llx", VENDOR, DEVICE, name, (unsigned long long)class);
  ok("MSI: %u of %u vectors enabled", machine->vectors, machine->vectors_offered);
  uint32_t version = mmio_read(machine, REG_VERSION), ports = mmio_read(machine, REG_PORTS);
  if (version != VERSION_VALUE) failed("version: it is 0x%x, not 0x%x", version, VERSION_VALUE);
  if (ports < 1 || ports > 8) failed("ports: there are %u", ports);
  ok("registers: version 0x%08x, %u display%s", version, ports, ports == 1 ? "" : "s");
}

/* Half of the frames with one vector, so that none of its interrupts may get lost, and half with both if there are two. */
static void draw(struct driver *driver, uint32_t frames) {
  bool both = driver->machine->vectors > 1;
  int64_t began = now_ns();
  while (driver->frame < frames / 2) driver_present(driver);
  if (both) driver_watch_display(driver);
  while (driver->frame < frames) driver_present(driver);
  driver_finish(driver);
  int64_t took = now_ns() - began;
  const uint32_t *came = driver->interrupts;
  if (driver->timeouts != 0) failed("frames: %u waits of %u frames were ended by no interrupt", driver->timeouts, frames);
  if (came[0] == 0 || (both && came[1] == 0)) failed("frames: vector %d has raised no interrupt", came[0] == 0 ? 0 : 1);
  ok("frames: %u drawn and presented, %u interrupts of the stamps' vector, %u of the display's", frames, came[0], came[1]);
  printf("measured frames %lld a-second\n", (long long)(frames * 1000000000ll / took));
  printf("standing %u %dx%d\n", driver->frame, driver->size.width, driver->size.height);
  fflush(stdout);
  await_line();
}

/* What is measured of one device. */
struct subject {
  struct machine machine;
  struct driver driver;
  int64_t reads[SLICES]; /* a second */
  int64_t wakes[ROUNDS]; /* ns */
};

static int64_t read_for_a_slice(const struct machine *machine) {
  int64_t reads = 0, began = now_ns(), took = 0;
  while (took < SLICE_NS) {
    for (uint32_t at = 0; at < READS_AT_ONCE; at++) {
      if (mmio_read(machine, REG_VERSION) != VERSION_VALUE) failed("reads: the version changed");
    }
    reads += READS_AT_ONCE;
    took = now_ns() - began;
  }
  return reads * 1000000000ll / took;
}

static int64_t wake_once(struct driver *driver) {
  struct machine *machine = driver->machine;
  driver_acknowledge(driver);
  /* What was raised before that is of an earlier round. */
  machine->wait(machine, 0);
  int64_t began = now_ns();
  driver_copy(driver);
  if (machine->wait(machine, WAIT_MS) == 0) failed("wakes: no interrupt came");
  int64_t took = now_ns() - began;
  driver_finish(driver);
  return took;
}

static int by_size(const void *left, const void *right) {
  int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
  return (a > b) - (a < b);
}

static void report(struct subject *subject) {
  const char *name = subject->machine.name;
  qsort(subject->reads, SLICES, sizeof *subject->reads, by_size);
  qsort(subject->wakes, ROUNDS, sizeof *subject->wakes, by_size);
  printf("measured reads %lld a-second %s\n", (long long)subject->reads[SLICES / 2], name);
  printf("measured wake-median %.1f us %s\n", (double)subject->wakes[ROUNDS / 2] / 1000, name);
  printf("measured wake-p95 %.1f us %s\n", (double)subject->wakes[ROUNDS * 95 / 100] / 1000, name);
}

/* Of several devices each has its turn, so that whatever else the host does meets all of them. */
static void measure(struct subject *subjects, uint32_t count) {
  for (int32_t slice = -1; slice < (int32_t)SLICES; slice++) {
    for (uint32_t at = 0; at < count; at++) {
      int64_t reads = read_for_a_slice(&subjects[at].machine);
      if (slice >= 0) subjects[at].reads[slice] = reads;
    }
  }
  for (int32_t round = -WARM; round < (int32_t)ROUNDS; round++) {
    for (uint32_t at = 0; at < count; at++) {
      int64_t took = wake_once(&subjects[at].driver);
      if (round >= 0) subjects[at].wakes[round] = took;
    }
  }
  for (uint32_t at = 0; at < count; at++) report(&subjects[at]);
}

static void start(struct subject *subject, const char *way, const char *name, struct size size) {
  struct machine *machine = &subject->machine;
  if (strcmp(way, "vfio") == 0) machine_open_vfio(machine, name);
  else machine_open_plain(machine, name);
  check_device(machine);
  driver_start(&subject->driver, machine, size);
  ok("start: rings, mode %dx%d, task, memory, cursor", subject->driver.size.width, subject->driver.size.height);
}

int main(int count, char **arguments) {
  static struct subject subjects[2];
  const char *way = count > 1 ? arguments[1] : "", *what = count > 2 ? arguments[2] : "";
  bool draws = strcmp(what, "draw") == 0 && (count == 4 || count == 5), measures = strcmp(what, "measure") == 0 && count <= 5;
  if ((strcmp(way, "vfio") != 0 && strcmp(way, "plain") != 0) || (!draws && !measures)) {
    failed("usage: agfx vfio|plain draw FRAMES [WIDTHxHEIGHT] | measure [DEVICE [DEVICE]]");
  }
  struct size size = {0, 0};
  if (draws && count == 5 && sscanf(arguments[4], "%dx%d", &size.width, &size.height) != 2) failed("usage: a mode is WIDTHxHEIGHT");
  uint32_t given = measures ? (uint32_t)count - 3 : 0;
  const char *found = given == 0 ? machine_find() : NULL;
  if (given == 0 && found == NULL) failed("device: there isn't one %04x:%04x", VENDOR, DEVICE);
  for (uint32_t at = 0; at < given || at == 0; at++) start(&subjects[at], way, given == 0 ? found : arguments[3 + at], size);
  if (draws) draw(&subjects[0].driver, (uint32_t)strtoul(arguments[3], NULL, 10));
  else measure(subjects, given == 0 ? 1 : given);
  return 0;
}
