/* SPDX-License-Identifier: Apache-2.0
 *
 * main.c - the guest's program: finds the device, drives it, and says what came of it, a line for each check.
 *
 *   agfx vfio|plain draw FRAMES [WIDTHxHEIGHT]    draws, says "standing FRAME WIDTHxHEIGHT", and ends when a line comes
 *   agfx vfio|plain measure                       reads of a register, and from doorbell to wake
 *
 * Exit code 0 only if every check passed. What is measured is printed as "measured NAME VALUE UNIT".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../../native/soft/layout.h"
#include "driver.h"

#define READ_NS 1000000000ll
#define READS_AT_ONCE 1000u
#define WAIT_MS 1000
#define WARM 200u
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

static void draw(struct driver *driver, uint32_t frames) {
  int64_t began = now_ns();
  while (driver->frame < frames) driver_present(driver);
  driver_finish(driver);
  int64_t took = now_ns() - began;
  if (driver->timeouts != 0) failed("frames: %u waits of %u frames were ended by no interrupt", driver->timeouts, frames);
  if (driver->interrupts == 0) failed("frames: no interrupt came");
  ok("frames: %u drawn and presented, %u interrupts", frames, driver->interrupts);
  printf("measured frames %lld a-second\n", (long long)(frames * 1000000000ll / took));
  printf("standing %u %dx%d\n", driver->frame, driver->size.width, driver->size.height);
  fflush(stdout);
  await_line();
}

static void measure_reads(const struct machine *machine) {
  uint64_t reads = 0;
  int64_t began = now_ns(), took = 0;
  while (took < READ_NS) {
    for (uint32_t at = 0; at < READS_AT_ONCE; at++) {
      if (mmio_read(machine, REG_VERSION) != VERSION_VALUE) failed("reads: the version changed");
    }
    reads += READS_AT_ONCE;
    took = now_ns() - began;
  }
  printf("measured reads %llu a-second\n", (unsigned long long)(reads * 1000000000ull / (uint64_t)took));
}

static int by_size(const void *left, const void *right) {
  int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
  return (a > b) - (a < b);
}

static void measure_wakes(struct driver *driver) {
  static int64_t took[ROUNDS];
  for (uint32_t round = 0; round < WARM + ROUNDS; round++) {
    driver_acknowledge(driver);
    /* What was raised before that is of an earlier round. */
    driver->machine->wait(driver->machine, 0);
    int64_t began = now_ns();
    driver_copy(driver);
    if (driver->machine->wait(driver->machine, WAIT_MS) == 0) failed("wakes: no interrupt came for number %u", round);
    if (round >= WARM) took[round - WARM] = now_ns() - began;
    driver_finish(driver);
  }
  qsort(took, ROUNDS, sizeof *took, by_size);
  printf("measured wake-median %.1f us\n", (double)took[ROUNDS / 2] / 1000);
  printf("measured wake-p95 %.1f us\n", (double)took[ROUNDS * 95 / 100] / 1000);
}

int main(int count, char **arguments) {
  static struct machine machine;
  static struct driver driver;
  if (count < 3) failed("usage: agfx vfio|plain draw FRAMES [WIDTHxHEIGHT] | measure");
  const char *name = machine_find(), *what = arguments[2];
  if (name == NULL) failed("device: there isn't one %04x:%04x", VENDOR, DEVICE);
  if (strcmp(arguments[1], "vfio") == 0) machine_open_vfio(&machine, name);
  else machine_open_plain(&machine, name);
  check_device(&machine);
  struct size size = {0, 0};
  if (count > 4 && sscanf(arguments[4], "%dx%d", &size.width, &size.height) != 2) failed("usage: a mode is WIDTHxHEIGHT");
  if (strcmp(what, "measure") == 0) measure_reads(&machine);
  driver_start(&driver, &machine, size);
  ok("start: rings, mode %dx%d, task, memory, cursor", driver.size.width, driver.size.height);
  if (strcmp(what, "draw") == 0 && count > 3) {
    draw(&driver, (uint32_t)strtoul(arguments[3], NULL, 10));
  } else {
    measure_wakes(&driver);
  }
  return 0;
}
