/* SPDX-License-Identifier: Apache-2.0
 *
 * driver.c - rings, the device's coming up, and frames.
 */
#include "driver.h"

#include <string.h>

#include "../../../native/soft/layout.h"

/* Where things are in the device's memory. Task 1 shows it from CHILD_RING on. */
#define CONTROL_RING 0x0u
#define RING_BYTES 0x10000u
#define SHARED_PAGE 0x10000u
#define DISPLAY_PAGE 0x11000u
#define CHILD_RING 0x20000u
#define SLOTS 0x40000u
#define SLOT_BYTES 0x10000u
#define SLOT_COUNT 4u
#define SPRITES 0x80000u
#define GLYPH 0xa0000u
#define TASK_END 0x100000u
#define TASK 1u
#define AHEAD 2u
#define WAIT_MS 1000
#define WAITS_MAX 10u

static void store(uint8_t *at, uint32_t value) { __atomic_store_n((uint32_t *)(void *)at, value, __ATOMIC_SEQ_CST); }
static uint32_t load(const uint8_t *at) { return __atomic_load_n((const uint32_t *)(const void *)at, __ATOMIC_SEQ_CST); }

static uint32_t put_packet(uint8_t *ring, uint32_t written, const uint32_t *words, uint32_t count) {
  for (uint32_t at = 0; at < count; at++) {
    store(ring + (written & (RING_BYTES - 1)), words[at]);
    written += 4;
  }
  return written;
}

#define PACKET(opcode, stamp, ...) \
  (const uint32_t[]){opcode, sizeof((const uint32_t[]){__VA_ARGS__}) + PACKET_HEADER_SIZE, stamp, __VA_ARGS__}, \
    3 + sizeof((const uint32_t[]){__VA_ARGS__}) / 4

static void check(const struct driver *driver, const char *when) {
  uint32_t fault = mmio_read(driver->machine, REG_FAULT);
  if (fault != 0) failed("%s: the device halted with fault %u at opcode 0x%x", when, fault >> 16, fault & 0xffff);
}

static void kick(struct driver *driver, const char *when) {
  mmio_write(driver->machine, REG_FIFO_WRITTEN, driver->control_written);
  mmio_write(driver->machine, REG_MAIN_KICK, 1);
  check(driver, when);
  uint32_t read = mmio_read(driver->machine, REG_FIFO_READ);
  if (read != driver->control_written) failed("%s: the device has read 0x%x bytes of 0x%x", when, read, driver->control_written);
}

static uint64_t bus(const struct driver *driver, uint32_t offset) { return driver->machine->address + offset; }
static uint32_t page_of(const struct driver *driver, uint32_t offset) { return (uint32_t)(bus(driver, offset) / PAGE); }
#define WIDE(value) (uint32_t)(value), (uint32_t)((uint64_t)(value) >> 32)

static void start_rings(struct driver *driver) {
  struct machine *machine = driver->machine;
  memset(machine->ram, 0, TASK_END);
  store(machine->ram + DISPLAY_PAGE + DISPLAY_CURSOR, 0xffffffffu);
  store(machine->ram + DISPLAY_PAGE + DISPLAY_CURSOR_SHOW, 1);
  mmio_write(machine, REG_FIFO_BASE_PFN, page_of(driver, CONTROL_RING));
  mmio_write(machine, REG_FIFO_OFFSET, 0);
  mmio_write(machine, REG_FIFO_LENGTH, RING_BYTES);
  mmio_write(machine, REG_SHARED_PFN, page_of(driver, SHARED_PAGE));
  mmio_write(machine, REG_START, 1);
  check(driver, "start");
  if (mmio_read(machine, REG_START) != 1) failed("start: the device doesn't run");
}

static void set_mode(struct driver *driver, struct size wanted) {
  struct machine *machine = driver->machine;
  mmio_write(machine, REG_DISPLAY, 0);
  uint32_t count = mmio_read(machine, REG_MODE_COUNT);
  for (uint32_t mode = 0; mode < count; mode++) {
    mmio_write(machine, REG_MODE_SELECT, mode);
    uint32_t size = mmio_read(machine, REG_MODE_SIZE);
    driver->size = (struct size){(int32_t)(size >> 16), (int32_t)(size & 0xffff)};
    if (wanted.width != 0 && (wanted.width != driver->size.width || wanted.height != driver->size.height)) continue;
    mmio_write(machine, REG_MODE, mode);
    if (mmio_read(machine, REG_MODE) != mode) failed("mode: %u was set and is not", mode);
    return;
  }
  failed("mode: of %u modes none is %d by %d", count, wanted.width, wanted.height);
}

void driver_start(struct driver *driver, struct machine *machine, struct size size) {
  memset(driver, 0, sizeof *driver);
  driver->machine = machine;
  start_rings(driver);
  set_mode(driver, size);
  scene_sprite((uint32_t *)(void *)(machine->ram + SPRITES), 0);
  scene_sprite((uint32_t *)(void *)(machine->ram + SPRITES + SPRITE_BYTES), 1);
  scene_glyph(machine->ram + GLYPH);
  uint8_t *ring = machine->ram + CONTROL_RING;
  uint32_t written = put_packet(ring, 0, PACKET(OP_SHARED_STATE, 0, 0, page_of(driver, DISPLAY_PAGE)));
  written = put_packet(ring, written, PACKET(OP_ONLINE_ACK, 0, 0));
  written = put_packet(ring, written, PACKET(OP_DEFINE_TASK, 0, TASK, 0, WIDE(TASK_END - CHILD_RING)));
  const uint64_t memory = bus(driver, CHILD_RING);
  written = put_packet(ring, written, PACKET(OP_MAP, 0, TASK, 0, WIDE(0), 1, 0, WIDE(memory), WIDE(TASK_END - CHILD_RING)));
  written = put_packet(ring, written, PACKET(OP_DEFINE_FIFO, 0, 1, TASK, WIDE(0), CHILD_RING_DATA + RING_BYTES));
  const uint64_t glyph = bus(driver, GLYPH);
  written = put_packet(ring, written,
                       PACKET(OP_CURSOR_GLYPH, 0, 0, CURSOR_SIDE, CURSOR_SIDE, 4 * CURSOR_SIDE, 32, 0, 0, 0, WIDE(glyph), CURSOR_BYTES));
  driver->control_written = put_packet(ring, written, PACKET(OP_CURSOR_SHOW, 0, 0, 1));
  kick(driver, "coming up");
}

static bool reached(const struct driver *driver, uint32_t stamp) {
  return (int32_t)(load(driver->machine->ram + SHARED_PAGE + SHARED_STAMP + 4) - stamp) >= 0;
}

/* Writes are posted: until the read comes back the device may still take the next stamp for announced. */
void driver_acknowledge(const struct driver *driver) {
  mmio_write(driver->machine, REG_GPU_STATUS, GPU_STATUS_STAMP);
  if (driver->machine->vectors > 1) mmio_write(driver->machine, REG_DISPLAY_STATUS, 1);
  mmio_read(driver->machine, REG_GPU_STATUS);
}

/* What interrupts announce is cleared before memory is looked at: what comes in between raises another. */
static void wait_for(struct driver *driver, uint32_t stamp) {
  uint32_t waits = 0;
  while (!reached(driver, stamp)) {
    uint32_t came = driver->machine->wait(driver->machine, WAIT_MS);
    for (uint32_t vector = 0; vector < 2; vector++) driver->interrupts[vector] += came >> vector & 1;
    if (came == 0) {
      driver->timeouts++;
      check(driver, "waiting");
      if (++waits == WAITS_MAX) failed("waiting: stamp %u of frame %u doesn't come", stamp, driver->frame);
    }
    driver_acknowledge(driver);
    __atomic_store_n((uint32_t *)(void *)(driver->machine->ram + DISPLAY_PAGE + DISPLAY_PENDING), 0, __ATOMIC_SEQ_CST);
  }
}

void driver_watch_display(struct driver *driver) {
  store(driver->machine->ram + DISPLAY_PAGE + DISPLAY_ENABLE, DISPLAY_EVENT_PRESENT);
}

static uint8_t *next_slot(struct driver *driver) {
  driver->stamp++;
  return driver->machine->ram + SLOTS + driver->stamp % SLOT_COUNT * SLOT_BYTES;
}

static void ring_doorbell(struct driver *driver) {
  store(driver->machine->ram + CHILD_RING, driver->child_written);
  mmio_write(driver->machine, REG_CHILD_DOORBELL, 1);
}

void driver_present(struct driver *driver) {
  struct machine *machine = driver->machine;
  const uint64_t sprites[2] = {SPRITES - CHILD_RING, SPRITES + SPRITE_BYTES - CHILD_RING};
  wait_for(driver, driver->stamp - AHEAD + 1);
  uint8_t *slot = next_slot(driver), *ring = machine->ram + CHILD_RING + CHILD_RING_DATA;
  uint32_t length = scene_write(slot, ++driver->frame, driver->size, sprites);
  store(machine->ram + DISPLAY_PAGE + DISPLAY_CURSOR, scene_cursor(driver->frame, driver->size));
  const uint64_t at = (uint64_t)(slot - machine->ram) - CHILD_RING;
  uint32_t written = put_packet(ring, driver->child_written, PACKET(OP_EXEC, 0, TASK, length, WIDE(at)));
  driver->child_written = put_packet(ring, written, PACKET(OP_SWAP, driver->stamp, 0, driver->frame));
  ring_doorbell(driver);
}

void driver_copy(struct driver *driver) {
  struct machine *machine = driver->machine;
  uint8_t *slot = next_slot(driver);
  const uint32_t copy[10] = {DRAW_COPY, sizeof copy, 0, 0, 32, 32, 128, 0, SPRITES - CHILD_RING, 0};
  memcpy(slot, copy, sizeof copy);
  const uint64_t at = (uint64_t)(slot - machine->ram) - CHILD_RING;
  uint8_t *ring = machine->ram + CHILD_RING + CHILD_RING_DATA;
  driver->child_written = put_packet(ring, driver->child_written, PACKET(OP_EXEC, driver->stamp, TASK, sizeof copy, WIDE(at)));
  ring_doorbell(driver);
}

void driver_finish(struct driver *driver) { wait_for(driver, driver->stamp); }
