/* SPDX-License-Identifier: Apache-2.0
 *
 * channel.c - child FIFOs: a thread each, which waits for stamps, draws and swaps.
 *
 * A channel reads its ring and the commands through tasks only, with their rw locks held, so that it waits while the host
 * maps. What is checked is a private copy. Only the control thread makes and frees channels; a thread that waits leaves when its
 * channel is freed, or the device halts, resets or stops. While the device is suspended it rests between two packets, or in a
 * swap whose frame is queued. This file doesn't touch pixels.
 */
#include <stdlib.h>
#include <string.h>

#include "soft_pvg.h"

bool soft_channel_leaves_locked(const struct soft_channel *channel) {
  const struct soft_device *device = channel->device;
  return channel->quit || device->halted || device->resetting || atomic_load(&device->stopped);
}

/* Whether a wait must end that the resumed device can take up again. */
bool soft_channel_rests_locked(const struct soft_channel *channel) {
  return channel->device->phase != PHASE_RUNNING || soft_channel_leaves_locked(channel);
}

/* ---- parked channels: where only a blank, an encode's end, the guest or another channel can let one go on ---- */

void soft_channel_park_locked(struct soft_channel *channel, enum soft_park at, const struct soft_display *display) {
  channel->parking.at = at;
  channel->parking.display = display;
  soft_rested_locked(channel->device);
}

void soft_channel_unpark_locked(struct soft_channel *channel) { channel->parking.at = PARKED_NOT; }

/* The thread may not know yet that its wait is over, so what it waits for is looked at, and not what it is about to do. */
static bool waits_locked(const struct soft_channel *channel) {
  const struct soft_parking *parking = &channel->parking;
  const struct soft_display *display = parking->display;
  switch (parking->at) {
    case PARKED_STAMP: return (int32_t)(channel->device->stamps[parking->fifo] - parking->stamp) < 0;
    case PARKED_TURN: return display->queued != NULL;
    case PARKED_FLIP: return display->swap_done < channel->flip_ticket;
    case PARKED_FRAME: return soft_frames_taken_locked(display);
    default: return false;
  }
}

bool soft_channel_parked_locked(const struct soft_channel *channel) {
  if (!channel->busy) return !channel->doorbell || soft_channel_rests_locked(channel);
  if (soft_channel_rests_locked(channel)) return false; /* it is about to leave */
  if (channel->parking.at != PARKED_DRAW) return waits_locked(channel);
  const struct soft_channel *drawer = channel->parking.display->drawer;
  return drawer != NULL && waits_locked(drawer);
}

/* Whoever draws keeps draw_lock also while he waits for a frame. */
void soft_draw_begin(struct soft_channel *channel, struct soft_display *display) {
  struct soft_device *device = channel->device;
  if (pthread_mutex_trylock(&display->draw_lock) != 0) {
    pthread_mutex_lock(&device->lock);
    soft_channel_park_locked(channel, PARKED_DRAW, display);
    pthread_mutex_unlock(&device->lock);
    pthread_mutex_lock(&display->draw_lock);
  }
  pthread_mutex_lock(&device->lock);
  soft_channel_unpark_locked(channel);
  display->drawer = channel;
}

void soft_draw_end(struct soft_channel *channel, struct soft_display *display) {
  display->drawer = NULL;
  pthread_mutex_unlock(&channel->device->lock);
  pthread_mutex_unlock(&display->draw_lock);
}

/* ---- packets ---- */

/* Copies from the channel's ring, which is in its task for as long as the channel exists. */
static void copy_ring(struct soft_channel *channel, void *out, uint32_t position, uint32_t count) {
  const uint8_t *data = channel->device->tasks[channel->task].memory.base + channel->offset + CHILD_RING_DATA;
  soft_ring_copy(out, data, channel->data_length, position, count);
}

/* Takes the next packet into channel->packet; false if there is none, or with a fault. */
static bool take_packet(struct soft_channel *channel, uint32_t *fault) {
  struct soft_task *task = &channel->device->tasks[channel->task];
  soft_task_read_lock(channel->device, task);
  uint32_t *header = (uint32_t *)(void *)(task->memory.base + channel->offset);
  uint32_t available = __atomic_load_n(header, __ATOMIC_ACQUIRE) - channel->read, size = 0;
  *fault = 0;
  if (available > channel->data_length || available % 4 != 0) {
    *fault = FAULT_RING;
  } else if (available != 0 && available < PACKET_HEADER_SIZE) {
    *fault = FAULT_PACKET;
  } else if (available != 0) {
    copy_ring(channel, channel->packet, channel->read, PACKET_HEADER_SIZE);
    size = soft_u32(channel->packet + 4);
    uint32_t waits = soft_u32(channel->packet) >> 16;
    bool fits = size >= PACKET_HEADER_SIZE && size <= PACKET_MAX_SIZE && size % 4 == 0 && size <= available &&
                waits <= PACKET_MAX_WAITS && size - PACKET_HEADER_SIZE >= 8 * waits;
    if (fits) {
      copy_ring(channel, channel->packet + PACKET_HEADER_SIZE, channel->read + PACKET_HEADER_SIZE,
                size - PACKET_HEADER_SIZE);
    } else {
      *fault = FAULT_PACKET;
      size = 0;
    }
  }
  soft_task_read_unlock(task);
  channel->size = size;
  channel->stamp = size != 0 ? soft_u32(channel->packet + 8) : 0;
  return size != 0;
}

/* Sleeps until the FIFO's stamp is there; false, with the packet put off, if the channel has to give up. */
static bool await_stamp(struct soft_channel *channel, uint32_t fifo, uint32_t stamp) {
  struct soft_device *device = channel->device;
  pthread_mutex_lock(&device->lock);
  channel->parking.fifo = fifo;
  channel->parking.stamp = stamp;
  soft_channel_park_locked(channel, PARKED_STAMP, NULL);
  while ((int32_t)(device->stamps[fifo] - stamp) < 0 && !soft_channel_rests_locked(channel)) {
    pthread_cond_wait(&device->channel_cond, &device->lock);
  }
  soft_channel_unpark_locked(channel);
  channel->put_off = (int32_t)(device->stamps[fifo] - stamp) < 0;
  pthread_mutex_unlock(&device->lock);
  return !channel->put_off;
}

/* From enter to leave the task is not destroyed. */
static struct soft_task *task_enter(struct soft_channel *channel, uint32_t number) {
  struct soft_device *device = channel->device;
  struct soft_task *task = NULL;
  pthread_mutex_lock(&device->lock);
  if (number >= 1 && number <= TASK_MAX && device->tasks[number].used && !device->tasks[number].dying) {
    task = &device->tasks[number];
    channel->executes = task;
  }
  pthread_mutex_unlock(&device->lock);
  return task;
}

static void task_leave(struct soft_channel *channel) {
  struct soft_device *device = channel->device;
  pthread_mutex_lock(&device->lock);
  channel->executes = NULL;
  pthread_cond_broadcast(&device->done_cond);
  pthread_mutex_unlock(&device->lock);
}

/* Draws the commands in channel->commands; the task's lock is held. */
static uint32_t draw(struct soft_channel *channel, struct soft_display *display, const struct soft_task *task, uint32_t length) {
  struct soft_device *device = channel->device;
  uint32_t fault = 0;
  soft_draw_begin(channel, display);
  struct soft_frame *frame = soft_drawing_locked(channel, display, &fault);
  if (frame != NULL) {
    frame->refs++;
    pthread_mutex_unlock(&device->lock);
    fault = soft_draw(frame, &task->memory, task->length, channel->commands, length, channel->row);
    pthread_mutex_lock(&device->lock);
    soft_frame_unref_locked(device, frame);
  }
  soft_draw_end(channel, display);
  return fault;
}

/* task, length, offset:64[, port] */
static uint32_t exec(struct soft_channel *channel, const uint8_t *body, uint32_t size) {
  if (size != 16 && size != 20) return FAULT_PACKET;
  uint32_t length = soft_u32(body + 4), fault = FAULT_COMMAND;
  uint64_t offset = soft_u64(body + 8);
  if (length > EXEC_MAX_LENGTH) return FAULT_PACKET;
  struct soft_display *display = soft_display_of(channel->device, size == 20 ? soft_u32(body + 16) : 0);
  if (display == NULL) return FAULT_DISPLAY;
  struct soft_task *task = task_enter(channel, soft_u32(body));
  if (task == NULL) return FAULT_TASK;
  soft_task_read_lock(channel->device, task);
  if (offset <= task->length && length <= task->length - offset) {
    memcpy(channel->commands, task->memory.base + offset, length);
    fault = draw(channel, display, task, length);
  }
  soft_task_read_unlock(task);
  task_leave(channel);
  return fault;
}

static uint32_t run_packet(struct soft_channel *channel) {
  uint32_t size = channel->size, opcode = soft_u32(channel->packet) & 0xffffu, waits = soft_u32(channel->packet) >> 16;
  const uint8_t *body = channel->packet + PACKET_HEADER_SIZE;
  for (uint32_t i = 0; i < waits; i++, body += 8) {
    if (soft_u32(body) > CHILD_FIFO_MAX) return FAULT_PACKET;
    if (!await_stamp(channel, soft_u32(body), soft_u32(body + 4))) return 0;
  }
  size -= PACKET_HEADER_SIZE + 8 * waits;
  if (opcode == OP_EXEC) return exec(channel, body, size);
  if (opcode != OP_SWAP) return FAULT_OPCODE;
  if (size != 8) return FAULT_PACKET;
  struct soft_display *display = soft_display_of(channel->device, soft_u32(body));
  return display != NULL ? soft_swap(channel, display) : FAULT_DISPLAY;
}

/* The packet in hand is done: the guest may overwrite it, and learns that it is. */
static void finish_locked(struct soft_channel *channel) {
  struct soft_device *device = channel->device;
  channel->read += channel->size;
  if (device->shared != NULL) {
    uint32_t *read = (uint32_t *)(void *)(device->shared + SHARED_READ + 4 * channel->number);
    __atomic_store_n(read, channel->read, __ATOMIC_RELEASE);
  }
  if (channel->stamp != 0) soft_stamp_locked(device, channel->number, channel->stamp);
}

/* Carries out one packet, or the rest of the one in hand; false when there is nothing more to do. */
static bool step(struct soft_channel *channel) {
  struct soft_device *device = channel->device;
  uint32_t fault = 0, opcode = 0;
  channel->put_off = false;
  if (channel->flip != NULL) {
    soft_flip_await(channel);
  } else if (take_packet(channel, &fault)) {
    opcode = soft_u32(channel->packet) & 0xffffu;
    fault = run_packet(channel);
  } else if (fault == 0) {
    return false;
  }
  pthread_mutex_lock(&device->lock);
  bool leaves = soft_channel_leaves_locked(channel), rests = soft_channel_rests_locked(channel);
  if (fault != 0) {
    soft_fault_locked(device, fault, opcode);
  } else if (!leaves) {
    if (!channel->put_off) finish_locked(channel);
    if (rests) channel->doorbell = true; /* for the resumed device to go on by itself */
  }
  pthread_mutex_unlock(&device->lock);
  soft_interrupts(device, THREAD_CHANNEL + channel->number);
  return fault == 0 && !rests;
}

static void *channel_main(void *argument) {
  struct soft_channel *channel = argument;
  struct soft_device *device = channel->device;
  pthread_mutex_lock(&device->lock);
  for (;;) {
    while (!channel->quit && !atomic_load(&device->stopped) &&
           (!channel->doorbell || soft_channel_rests_locked(channel))) {
      pthread_cond_wait(&device->channel_cond, &device->lock);
    }
    if (channel->quit || atomic_load(&device->stopped)) break;
    channel->doorbell = false;
    channel->busy = true;
    pthread_mutex_unlock(&device->lock);
    while (step(channel)) continue;
    pthread_mutex_lock(&device->lock);
    channel->busy = false;
    soft_rested_locked(device);
  }
  pthread_mutex_unlock(&device->lock);
  return NULL;
}

bool soft_channel_create(struct soft_device *device, uint32_t number, uint32_t task, uint64_t offset, uint32_t data) {
  struct soft_channel *channel = calloc(1, sizeof *channel);
  if (channel == NULL) return false;
  channel->device = device;
  channel->number = number;
  channel->task = task;
  channel->offset = offset;
  channel->data_length = data;
  if (pvgi_thread_create(&channel->thread, THREAD_CHANNEL + number, channel_main, channel) != 0) {
    free(channel);
    return false;
  }
  pthread_mutex_lock(&device->lock);
  device->channels[number] = channel;
  pthread_mutex_unlock(&device->lock);
  return true;
}

void soft_channel_free(struct soft_device *device, uint32_t number) {
  struct soft_channel *channel = device->channels[number];
  pthread_mutex_lock(&device->lock);
  channel->quit = true;
  soft_wake_all(device);
  pthread_mutex_unlock(&device->lock);
  struct pvgi_note note;
  pvgi_note_begin(&device->base, &note, PVG_WAIT_THREAD, THREAD_CHANNEL + number);
  pthread_join(channel->thread, NULL);
  pvgi_note_end(&device->base, &note);
  pthread_mutex_lock(&device->lock);
  device->channels[number] = NULL;
  if (device->shared != NULL) {
    __atomic_store_n((uint32_t *)(void *)(device->shared + SHARED_READ + 4 * number), 0, __ATOMIC_RELEASE);
  }
  pthread_mutex_unlock(&device->lock);
  free(channel);
}
