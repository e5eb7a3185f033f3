/* SPDX-License-Identifier: Apache-2.0
 *
 * fifo.c - the control thread: resets, starts, kicks and resumes, and the control ring's packets.
 *
 * The control thread alone makes, takes away and reads the internal task, so the ring's address can't change under it. A
 * packet is copied out of guest memory once and checked in the copy. Packets retire in order, whatever thread
 * finishes them. This file doesn't know what packets mean.
 */
#include <string.h>

#include "soft_pvg.h"

uint32_t soft_u32(const uint8_t *bytes) {
  uint32_t value;
  memcpy(&value, bytes, sizeof value);
  return value;
}

uint64_t soft_u64(const uint8_t *bytes) {
  uint64_t value;
  memcpy(&value, bytes, sizeof value);
  return value;
}

/* Copies `count` bytes from counter `position` of a ring, around its end; count is at most its length. */
void soft_ring_copy(void *out, const uint8_t *data, uint32_t length, uint32_t position, uint32_t count) {
  uint32_t at = position & (length - 1);
  uint32_t first = count < length - at ? count : length - at;
  memcpy(out, data + at, first);
  memcpy((uint8_t *)out + first, data, count - first);
}

void soft_stamp_locked(struct soft_device *device, uint32_t fifo, uint32_t stamp) {
  device->stamps[fifo] = stamp;
  if (device->shared != NULL) {
    __atomic_store_n((uint32_t *)(void *)(device->shared + SHARED_STAMP + 4 * fifo), stamp, __ATOMIC_RELEASE);
  }
  if (!(device->gpu_status & GPU_STATUS_STAMP)) device->interrupts |= 1;
  device->gpu_status |= GPU_STATUS_STAMP;
  pthread_cond_broadcast(&device->channel_cond);
}

/* Marks a packet as done, and stamps every packet at the head of the line that is. */
void soft_retire_done_locked(struct soft_device *device, uint32_t entry) {
  device->retire[entry].done = true;
  while (device->retire_count != 0 && device->retire[device->retire_head].done) {
    uint32_t stamp = device->retire[device->retire_head].stamp;
    if (stamp != 0) soft_stamp_locked(device, 0, stamp);
    device->retire_head = (device->retire_head + 1) % SOFT_RETIRE;
    device->retire_count--;
  }
}

static uint32_t retire_begin_locked(struct soft_device *device, uint32_t stamp) {
  if (device->retire_count == SOFT_RETIRE) soft_workers_drain_locked(device);
  uint32_t entry = (device->retire_head + device->retire_count) % SOFT_RETIRE;
  device->retire[entry].stamp = stamp;
  device->retire[entry].done = false;
  device->retire_count++;
  return entry;
}

/* Takes one packet out of the ring into device->packet: its size, or 0 and a fault. */
static uint32_t take_packet(struct soft_device *device, uint32_t available, uint32_t *fault) {
  *fault = FAULT_PACKET;
  if (available < PACKET_HEADER_SIZE) return 0;
  soft_ring_copy(device->packet, device->ring, device->ring_length, device->fifo_read, PACKET_HEADER_SIZE);
  uint32_t size = soft_u32(device->packet + 4), waits = soft_u32(device->packet) >> 16;
  if (size < PACKET_HEADER_SIZE || size > PACKET_MAX_SIZE || size % 4 != 0 || size > available || waits != 0) return 0;
  /* Only the body is copied now: the header was checked, and a second copy of it could differ. */
  soft_ring_copy(device->packet + PACKET_HEADER_SIZE, device->ring, device->ring_length,
                 device->fifo_read + PACKET_HEADER_SIZE, size - PACKET_HEADER_SIZE);
  *fault = 0;
  return size;
}

/* Reads one packet and carries it out; false when the kick is over. */
static bool step(struct soft_device *device, uint32_t written) {
  pthread_mutex_lock(&device->lock);
  uint32_t fault = 0, opcode = 0, available = written - device->fifo_read;
  bool go = device->running && !device->halted && device->reset_asked == device->reset_done && available != 0 &&
            !atomic_load(&device->stopped);
  if (!go) {
    pthread_mutex_unlock(&device->lock);
    return false;
  }
  soft_workers_call_locked(device); /* there is more to do than their jobs */
  if (available > device->ring_length || available % 4 != 0) {
    fault = FAULT_RING;
  } else {
    uint32_t size = take_packet(device, available, &fault);
    opcode = soft_u32(device->packet) & 0xffffu;
    if (fault == 0) {
      device->fifo_read += size;
      uint32_t entry = retire_begin_locked(device, soft_u32(device->packet + 8));
      pthread_mutex_unlock(&device->lock);
      bool later = false;
      fault = soft_control_packet(device, device->packet + PACKET_HEADER_SIZE, size - PACKET_HEADER_SIZE, opcode, entry,
                                  &later);
      pthread_mutex_lock(&device->lock);
      if (!later) {
        /* A packet that failed leaves no stamp behind. */
        if (fault != 0) device->retire[entry].stamp = 0;
        soft_retire_done_locked(device, entry);
      }
    }
  }
  if (fault != 0) soft_fault_locked(device, fault, opcode);
  pthread_mutex_unlock(&device->lock);
  soft_interrupts(device, THREAD_CONTROL);
  return fault == 0;
}

static void kick(struct soft_device *device) {
  pthread_mutex_lock(&device->lock);
  uint32_t written = device->fifo_written;
  pthread_mutex_unlock(&device->lock);
  while (step(device, written)) continue;
  pthread_mutex_lock(&device->lock);
  soft_workers_drain_locked(device);
  pthread_mutex_unlock(&device->lock);
  soft_interrupts(device, THREAD_CONTROL);
}

/* Does everything that was asked for before `ticket` was noted, then says so to whoever waits: with the lock released, else the woken threads
 * would run into it. */
static void serve_locked(struct soft_device *device, const uint64_t *asked, uint64_t *done,
                         void (*work)(struct soft_device *)) {
  uint64_t ticket = *asked;
  pthread_mutex_unlock(&device->lock);
  work(device);
  pthread_mutex_lock(&device->lock);
  if (*done < ticket) *done = ticket;
  atomic_fetch_add_explicit(&device->control_served, 1, memory_order_relaxed);
  pthread_mutex_unlock(&device->lock);
  pthread_cond_broadcast(&device->served_cond);
  pthread_cond_broadcast(&device->done_cond);
  pthread_mutex_lock(&device->lock);
}

void soft_control_await_locked(struct soft_device *device, const uint64_t *done, uint64_t ticket) {
  if (*done >= ticket) return;
  struct pvgi_note note;
  pvgi_note_begin(&device->base, &note, PVG_WAIT_THREAD, THREAD_CONTROL);
  struct pvgi_condition served = {&device->served_cond, &device->control_served, &device->served_polling};
  struct pvgi_wait step = {0};
  while (*done < ticket && !atomic_load(&device->stopped)) pvgi_wait_step(&served, &step, &device->lock, -1);
  pvgi_wait_end(&served, &step);
  pvgi_note_end(&device->base, &note);
}

void soft_control_signal_locked(struct soft_device *device) {
  atomic_fetch_add_explicit(&device->control_asked, 1, memory_order_relaxed);
  pthread_mutex_unlock(&device->lock);
  pthread_cond_signal(&device->control_cond);
  pthread_mutex_lock(&device->lock);
}

static bool is_asked_locked(const struct soft_device *device) {
  return device->reset_asked > device->reset_done || device->start_asked > device->start_done ||
         device->kick_asked > device->kick_done || device->resume_asked > device->resume_done;
}

static void serve_next_locked(struct soft_device *device) {
  if (device->reset_asked > device->reset_done) {
    serve_locked(device, &device->reset_asked, &device->reset_done, soft_reset);
  } else if (device->start_asked > device->start_done) {
    serve_locked(device, &device->start_asked, &device->start_done, soft_start);
  } else if (device->kick_asked > device->kick_done) {
    serve_locked(device, &device->kick_asked, &device->kick_done, kick);
  } else {
    device->resume_begun = true;
    serve_locked(device, &device->resume_asked, &device->resume_done, soft_resume);
  }
}

void *soft_control_main(void *argument) {
  struct soft_device *device = argument;
  struct pvgi_condition asked = {&device->control_cond, &device->control_asked, &device->control_polling};
  pthread_mutex_lock(&device->lock);
  while (!atomic_load(&device->stopped)) {
    struct pvgi_wait wait = {0};
    while (!is_asked_locked(device) && !atomic_load(&device->stopped)) pvgi_wait_step(&asked, &wait, &device->lock, -1);
    pvgi_wait_end(&asked, &wait);
    if (!atomic_load(&device->stopped)) serve_next_locked(device);
  }
  pthread_mutex_unlock(&device->lock);
  return NULL;
}
