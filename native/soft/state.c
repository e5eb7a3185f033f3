/* SPDX-License-Identifier: Apache-2.0
 *
 * state.c - takes the state from a device at rest.
 *
 * What is taken points into the device, which doesn't change any more: its frames, lists and bitmaps stay until it is destroyed. This
 * file doesn't know the format of the bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "state.h"

struct soft_state *soft_state_new(void) { return calloc(1, sizeof(struct soft_state)); }

void soft_state_free(struct soft_state *state) {
  for (uint32_t at = 0; state->owned && at < state->task_count; at++) free(state->tasks[at].mappings.list);
  for (uint32_t at = 0; state->owned && at < state->event_count; at++) free(state->events[at].payload);
  for (uint32_t at = 0; state->owned && at < PVG_PORTS_MAX; at++) {
    soft_frame_free(state->displays[at].drawing);
    soft_frame_free(state->displays[at].queued);
    soft_frame_free(state->displays[at].current);
  }
  free(state->mapper.surfaces);
  free(state);
}

static void take_display(struct soft_saved_display *saved, const struct soft_display *display) {
  memcpy(saved->modes, display->modes, sizeof saved->modes);
  saved->mode_count = display->mode_count;
  saved->mode_select = display->mode_select;
  saved->mode = display->mode;
  saved->width = display->width;
  saved->height = display->height;
  saved->rate_mhz = display->rate_mhz;
  saved->page = display->page != NULL;
  saved->early_events = display->early_events;
  saved->cursor_raw = display->cursor_raw;
  saved->cursor_show = display->cursor_show;
  saved->presents = display->presents;
  saved->encoded = display->encoded;
  saved->drawing = display->drawing;
  saved->queued = display->queued;
  saved->current = display->current;
  saved->current_encoded = display->current != NULL && display->current->encoded;
  if (!display->device->config.virtual_clock || display->rate_mhz == 0) return;
  saved->next_blank_ns = display->next_blank_ns;
  saved->blank_rest = display->blank_rest;
}

/* On a halted device no swap waits: once the guest has started it again, the packet is carried out anew. */
static void take_channel(struct soft_saved_channel *saved, const struct soft_channel *channel) {
  bool waits = channel->flip != NULL && !channel->device->halted;
  saved->number = channel->number;
  saved->task = channel->task;
  saved->data_length = channel->data_length;
  saved->read = channel->read;
  saved->offset = channel->offset;
  saved->doorbell = channel->doorbell;
  saved->flip = waits ? 1 + channel->flip->port : 0;
  saved->size = waits ? channel->size : 0;
  saved->stamp = waits ? channel->stamp : 0;
}

static void take_event(struct soft_state *state, const struct soft_event *event) {
  state->events[state->event_count++] = *event;
}

/* What the host is being told of counts as not told, unless something newer of its kind is queued behind it. That is decided once: a state is asked
 * for twice, for its length and for its bytes, and an answer may come in between. */
static void take_events(struct soft_state *state, struct soft_device *device) {
  const struct soft_event *telling = &device->telling;
  if (!device->state_asked) device->unanswered = device->queue_busy;
  device->state_asked = true;
  if (device->unanswered && soft_queue_find_locked(device, telling->kind, telling->words[0]) == NULL) take_event(state, telling);
  for (uint32_t place = 0; place < device->queue_count; place++) take_event(state, soft_queue_at_locked(device, place));
}

void soft_state_take_locked(struct soft_state *state, struct soft_device *device) {
  state->page_shift = device->config.page_shift;
  state->ports = device->config.ports;
  state->iosfc = device->config.iosfc != 0;
  state->virtual_clock = device->config.virtual_clock != 0;
  state->clock_ns = device->clock_ns;
  state->running = device->running;
  state->halted = device->halted;
  state->registers = device->registers;
  memcpy(state->stamps, device->stamps, sizeof state->stamps);
  state->encode_calls = device->encode_calls;
  for (uint32_t number = 0; number <= TASK_MAX; number++) {
    const struct soft_task *task = &device->tasks[number];
    if (!task->used) continue;
    state->tasks[state->task_count++] =
      (struct soft_saved_task){.number = number, .length = task->length, .mappings = task->mappings};
  }
  for (uint32_t number = 1; number <= CHILD_FIFO_MAX; number++) {
    if (device->channels[number] != NULL) take_channel(&state->channels[state->channel_count++], device->channels[number]);
  }
  for (uint32_t port = 0; port < state->ports; port++) take_display(&state->displays[port], &device->displays[port]);
  take_events(state, device);
}
