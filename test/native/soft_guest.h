/* SPDX-License-Identifier: Apache-2.0
 *
 * soft_guest.h - a guest for the tests of the soft PVG, in C: its memory, its registers, its rings.
 *
 * It writes its memory through a mapping of its own, so that the thread sanitizer does not take for a race what on real hardware is a
 * guest and a device that share memory. It knows one control ring and one child FIFO, where soft_host.h has them.
 */
#ifndef SOFT_GUEST_H
#define SOFT_GUEST_H

#include "soft_host.h"

struct guest {
  struct host *host;
  uint8_t *memory;
  uint32_t written, child_written, stamp;
};

static inline void guest_open(struct guest *guest, struct host *host) {
  memset(guest, 0, sizeof *guest);
  guest->host = host;
  guest->memory = mmap(NULL, RAM_LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, pvg_ram_fd(host->ram), 0);
  CHECK(guest->memory != MAP_FAILED);
}

static inline void guest_close(struct guest *guest) { munmap(guest->memory, RAM_LENGTH); }

/* Host with its threads, device and guest: what nearly every test begins and ends with. */
static inline void stage_open(struct host *host, struct guest *guest) {
  host_open(host);
  host_run(host);
  guest_open(guest, host);
}

static inline void stage_close(struct host *host, struct guest *guest) {
  guest_close(guest);
  host_close(host);
}

static inline uint32_t guest_read(struct guest *guest, uint64_t offset) {
  uint32_t value[2];
  CHECK(pvg_mmio_read(guest->host->device, PVG_WINDOW_GFX, offset, value) == PVG_OK);
  return value[0];
}

static inline void guest_write(struct guest *guest, uint64_t offset, uint32_t value) {
  CHECK(pvg_mmio_write(guest->host->device, PVG_WINDOW_GFX, offset, value) == PVG_OK);
}

static inline void put_u32(uint8_t *at, uint32_t value) {
  __atomic_store_n((uint32_t *)(void *)at, value, __ATOMIC_RELEASE);
}

static inline uint32_t get_u32(const uint8_t *at) {
  return __atomic_load_n((const uint32_t *)(const void *)at, __ATOMIC_ACQUIRE);
}

/* Puts a packet into a ring, around its end; returns the new count of bytes. */
static inline uint32_t put_packet(uint8_t *data, uint32_t length, uint32_t written, uint32_t opcode, uint32_t stamp,
                                  const uint32_t *body, uint32_t count) {
  uint32_t header[3] = {opcode, PACKET_HEADER_SIZE + 4 * count, stamp};
  for (uint32_t at = 0; at < 3 + count; at++) {
    put_u32(data + ((written + 4 * at) & (length - 1)), at < 3 ? header[at] : body[at - 3]);
  }
  return written + 4 * (3 + count);
}

static inline void control_words(struct guest *guest, uint32_t opcode, uint32_t stamp, const uint32_t *body,
                                 uint32_t count) {
  guest->written = put_packet(guest->memory + CONTROL_RING, CONTROL_LENGTH, guest->written, opcode, stamp, body, count);
}

static inline void child_words(struct guest *guest, uint32_t opcode, uint32_t stamp, const uint32_t *body, uint32_t count) {
  guest->child_written = put_packet(guest->memory + CHILD_RING + CHILD_RING_DATA, CHILD_DATA, guest->child_written, opcode,
                                    stamp, body, count);
}

#define WORDS(...) (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4
#define CONTROL(guest, opcode, stamp, ...) control_words(guest, opcode, stamp, WORDS(__VA_ARGS__))
#define CHILD(guest, opcode, stamp, ...) child_words(guest, opcode, stamp, WORDS(__VA_ARGS__))

static inline void guest_kick(struct guest *guest) {
  guest_write(guest, REG_FIFO_WRITTEN, guest->written);
  guest_write(guest, REG_MAIN_KICK, 1);
}

static inline void guest_doorbell(struct guest *guest) {
  put_u32(guest->memory + CHILD_RING, guest->child_written);
  guest_write(guest, REG_CHILD_DOORBELL, 1);
}

/* Ring and shared page; what the guest has made is not touched. */
static inline void guest_restart(struct guest *guest) {
  guest_write(guest, REG_FIFO_BASE_PFN, (uint32_t)((RAM_GPA + CONTROL_RING) >> PAGE_SHIFT));
  guest_write(guest, REG_FIFO_OFFSET, 0);
  guest_write(guest, REG_FIFO_LENGTH, CONTROL_LENGTH);
  guest_write(guest, REG_SHARED_PFN, (uint32_t)((RAM_GPA + SHARED_PAGE) >> PAGE_SHIFT));
  guest_write(guest, REG_START, 1);
  guest->written = 0;
}

/* Everything that a guest needs in order to draw. */
static inline void guest_start(struct guest *guest, uint32_t mode) {
  guest_restart(guest);
  put_u32(guest->memory + DISPLAY_PAGE + DISPLAY_CURSOR, 0xffffffffu);
  put_u32(guest->memory + DISPLAY_PAGE + DISPLAY_CURSOR_SHOW, 1);
  put_u32(guest->memory + DISPLAY_PAGE + DISPLAY_ENABLE, DISPLAY_EVENT_PRESENT);
  guest_write(guest, REG_MODE, mode);
  CONTROL(guest, OP_SHARED_STATE, 0, 0, (uint32_t)((RAM_GPA + DISPLAY_PAGE) >> PAGE_SHIFT));
  CONTROL(guest, OP_ONLINE_ACK, 0, 0);
  CONTROL(guest, OP_DEFINE_TASK, 0, 1, 0, TASK_LENGTH, 0);
  CONTROL(guest, OP_MAP, 0, 1, 0, 0, 0, 1, 0, (uint32_t)RAM_GPA + CHILD_RING, 0, TASK_LENGTH, 0);
  put_u32(guest->memory + CHILD_RING, 0);
  guest->child_written = 0;
  CONTROL(guest, OP_DEFINE_FIFO, 0, 1, 1, 0, 0, CHILD_RING_DATA + CHILD_DATA);
  guest_kick(guest);
}

static inline void guest_await_stamp(struct guest *guest, uint32_t fifo, uint32_t stamp) {
  AWAIT((int32_t)(get_u32(guest->memory + SHARED_PAGE + SHARED_STAMP + 4 * fifo) - stamp) >= 0);
}

/* Fills the whole frame with a colour and presents it. */
static inline void guest_fill_frame(struct guest *guest, uint32_t colour) {
  const uint32_t fill[8] = {DRAW_FILL, 32, 0, 0, 16384, 16384, colour, 0};
  uint32_t slot = COMMANDS + 32 * (guest->stamp % 64);
  memcpy(guest->memory + slot, fill, sizeof fill);
  CHILD(guest, OP_EXEC, 0, 1, sizeof fill, slot - CHILD_RING, 0);
  CHILD(guest, OP_SWAP, ++guest->stamp, 0, 0);
  guest_doorbell(guest);
}

#endif
