/* SPDX-License-Identifier: Apache-2.0
 *
 * state_check.c - whether a state that was read makes sense and fits the device that is to go on from it.
 *
 * A state may come from anybody, so nothing of it is used before all of it has passed: every index, length and place is within what a
 * device can have brought about itself, and no two things exclude each other. What a guest may set to any value is not looked at. Each
 * check returns NULL or what is wrong, in words. This file changes nothing.
 */
#include "state.h"

static bool power_of_two(uint64_t value) { return value != 0 && (value & (value - 1)) == 0; }

static const struct soft_saved_task *find_task(const struct soft_state *state, uint32_t number) {
  for (uint32_t at = 0; at < state->task_count; at++) {
    if (state->tasks[at].number == number) return &state->tasks[at];
  }
  return NULL;
}

/* ---- registers, tasks, channels ---- */

static const char *check_configuration(const struct soft_state *state, const struct pvg_config *config) {
  if (state->page_shift != config->page_shift) return "was made with another page size";
  if (state->ports != config->ports) return "was made with another number of ports";
  if (state->iosfc != (config->iosfc != 0)) return "was made with another set of windows";
  if (state->virtual_clock != (config->virtual_clock != 0)) return "was made with another clock";
  bool shows = state->clock_ns >= 0 && (uint64_t)state->clock_ns <= (config->virtual_clock ? PVG_CLOCK_MAX : 0);
  return shows ? NULL : "has a clock that shows what none can";
}

static const char *check_registers(const struct soft_state *state, const struct soft_device *device) {
  const struct soft_registers *registers = &state->registers;
  if (state->running > 1 || state->halted > 1) return "has a flag that is neither 0 nor 1";
  if (state->halted != (registers->fault != 0)) return "is halted without a fault, or the other way round";
  if (registers->display_status >> state->ports != 0) return "has events of a port that isn't there";
  if (registers->gpu_status > (GPU_STATUS_STAMP | GPU_STATUS_FAULT) || registers->interrupts > 3) return "has an unknown status";
  if (!state->running) return NULL;
  const struct soft_saved_task *internal = find_task(state, 0);
  uint32_t length = registers->ring_length;
  if (!power_of_two(length) || length < 1u << state->page_shift || length > FIFO_MAX_LENGTH) return "has a ring of a bad length";
  if (internal == NULL || internal->length != soft_internal_length(device, length)) return "has no room for its ring and pages";
  return NULL;
}

static const char *check_mappings(const struct soft_saved_task *task) {
  uint64_t end = 0;
  for (uint32_t at = 0; at < task->mappings.count; at++) {
    const struct soft_task_mapping *mapping = &task->mappings.list[at];
    /* The device writes to its own pages, and would do so blindly. */
    if (mapping->read_only > (task->number != 0)) return "has a bad flag of a mapping";
    if (mapping->offset < end || mapping->offset > task->length) return "has mappings that are out of order";
    if (mapping->length == 0 || mapping->length > task->length - mapping->offset) return "has a mapping that leaves its task";
    if (mapping->gpa + mapping->length < mapping->gpa) return "has a mapping of no memory";
    end = mapping->offset + mapping->length;
  }
  return NULL;
}

static const char *check_tasks(const struct soft_state *state, const struct soft_device *device) {
  uint64_t mappings = 0;
  for (uint32_t at = 0; at < state->task_count; at++) {
    const struct soft_saved_task *task = &state->tasks[at];
    uint64_t longest = task->number == 0 ? soft_internal_length(device, FIFO_MAX_LENGTH) : SOFT_TASK_MAX_LENGTH;
    if (task->number > TASK_MAX || (at != 0 && task->number <= state->tasks[at - 1].number)) return "has tasks that are out of order";
    if (task->length == 0 || task->length > longest || task->length & ((1u << state->page_shift) - 1)) return "has a task of a bad length";
    const char *wrong = check_mappings(task);
    if (wrong != NULL) return wrong;
    mappings += task->mappings.count;
  }
  return mappings > SOFT_MAPPINGS ? "has too many mappings" : NULL;
}

static const char *check_flip(const struct soft_state *state, const struct soft_saved_channel *channel) {
  if (channel->flip == 0) return channel->size != 0 || channel->stamp != 0 ? "has a packet in hand that nobody carries out" : NULL;
  if (channel->flip > state->ports || state->displays[channel->flip - 1].queued == NULL) return "waits for a frame that isn't there";
  if (state->halted || !channel->doorbell) return "waits for a frame and is at rest at once";
  bool sized = channel->size >= PACKET_HEADER_SIZE && channel->size <= PACKET_MAX_SIZE && channel->size % 4 == 0;
  return sized ? NULL : "has a packet of a bad size";
}

static const char *check_channels(const struct soft_state *state) {
  uint32_t flips = 0;
  for (uint32_t at = 0; at < state->channel_count; at++) {
    const struct soft_saved_channel *channel = &state->channels[at];
    const struct soft_saved_task *task = channel->task != 0 ? find_task(state, channel->task) : NULL;
    uint64_t length = (uint64_t)channel->data_length + CHILD_RING_DATA;
    if (channel->number < 1 || channel->number > CHILD_FIFO_MAX) return "has a child FIFO of a bad number";
    if (at != 0 && channel->number <= state->channels[at - 1].number) return "has child FIFOs that are out of order";
    if (channel->doorbell > 1) return "has a flag that is neither 0 nor 1";
    if (!power_of_two(channel->data_length) || channel->data_length < 4096 || channel->data_length > FIFO_MAX_LENGTH) {
      return "has a child FIFO of a bad length";
    }
    bool inside = task != NULL && channel->offset % 4 == 0 && channel->offset <= task->length && length <= task->length - channel->offset;
    if (!inside) return "has a child FIFO that leaves its task";
    const char *wrong = check_flip(state, channel);
    if (wrong != NULL) return wrong;
    if (channel->flip != 0 && flips & 1u << channel->flip) return "has two swaps that wait for the same frame";
    if (channel->flip != 0) flips |= 1u << channel->flip;
  }
  return NULL;
}

/* ---- displays, events ---- */

static const char *check_mode(const struct soft_saved_display *display) {
  struct pvg_display_mode used = {display->width, display->height, display->rate_mhz, 0};
  bool none = used.width == 0 && used.height == 0 && used.rate_mhz == 0;
  if (!none && pvgi_check_modes(&used, 1) != PVG_OK) return "has a bad mode in use";
  if (display->mode == MODE_NONE) return NULL;
  if (display->mode >= display->mode_count) return "has a mode in use that is not in its list";
  const struct pvg_display_mode *mode = &display->modes[display->mode];
  bool same = mode->width == used.width && mode->height == used.height && mode->rate_mhz == used.rate_mhz;
  return same ? NULL : "has a mode in use that is not in its list";
}

/* A blank that is further away than a period, or was let go by, is none of a device's. */
static const char *check_blanks(const struct soft_saved_display *display, const struct soft_state *state) {
  const char *wrong = "has blanks that don't fit its clock";
  if (!state->virtual_clock || display->rate_mhz == 0) return display->next_blank_ns == 0 && display->blank_rest == 0 ? NULL : wrong;
  if (display->blank_rest >= display->rate_mhz || display->next_blank_ns <= state->clock_ns) return wrong;
  return display->next_blank_ns - state->clock_ns <= soft_period_ns(display->rate_mhz) ? NULL : wrong;
}

static const char *check_display(const struct soft_saved_display *display, bool running) {
  for (uint32_t at = 0; at < display->mode_count; at++) {
    if (pvgi_check_modes(&display->modes[at], 1) != PVG_OK) return "has a bad mode";
  }
  const char *wrong = check_mode(display);
  if (wrong != NULL) return wrong;
  if (display->page > 1 || display->cursor_show > 1 || display->current_encoded > 1) return "has a flag that is neither 0 nor 1";
  if (display->page && !running) return "has a display's page without a place for it";
  if (display->current == NULL && display->current_encoded) return "has encoded a frame that isn't there";
  if (display->current != NULL && display->presents == 0) return "shows a frame that was never presented";
  if (display->encoded > display->presents) return "has encoded more than was presented";
  uint32_t kept = DISPLAY_EVENT_ONLINE | DISPLAY_EVENT_OFFLINE | DISPLAY_EVENT_MODES;
  return display->early_events & ~kept ? "has unknown display events" : NULL;
}

static const char *check_words(const struct soft_event *event, const struct soft_saved_display *display) {
  const uint64_t *words = event->words;
  bool ok = false;
  switch (event->kind) {
    case PVG_UPCALL_NEW_FRAME: ok = (words[1] | words[2] | words[3] | words[4] | words[5]) == 0; break;
    case PVG_UPCALL_MODE_CHANGE:
      ok = display->width != 0 && words[1] == display->width && words[2] == display->height && words[3] == SOFT_PIXEL_FORMAT &&
           (words[4] | words[5]) == 0;
      break;
    case PVG_UPCALL_CURSOR_GLYPH: ok = soft_glyph_is_sane(words); break;
    case PVG_UPCALL_CURSOR_SHOW: ok = words[1] <= 1 && words[2] <= 0xffffu && words[3] <= 0xffffu && (words[4] | words[5]) == 0; break;
    case PVG_UPCALL_CURSOR_MOVE: ok = words[1] <= 0xffffu && words[2] <= 0xffffu && (words[3] | words[4] | words[5]) == 0; break;
    default: break;
  }
  if (event->more > (event->kind == PVG_UPCALL_NEW_FRAME ? SOFT_ANNOUNCEMENTS : 0)) ok = false;
  return ok ? NULL : "has an event that makes no sense";
}

static const char *check_events(const struct soft_state *state) {
  for (uint32_t at = 0; at < state->event_count; at++) {
    const struct soft_event *event = &state->events[at];
    if (event->words[0] >= state->ports) return "has an event of a port that isn't there";
    const char *wrong = check_words(event, &state->displays[event->words[0]]);
    if (wrong != NULL) return wrong;
    for (uint32_t before = 0; before < at; before++) {
      const struct soft_event *other = &state->events[before];
      if (other->kind == event->kind && other->words[0] == event->words[0]) return "has the same event twice";
    }
  }
  return NULL;
}

const char *soft_state_check(const struct soft_state *state, const struct soft_device *device) {
  const char *wrong = check_configuration(state, &device->config);
  if (wrong == NULL) wrong = check_tasks(state, device);
  if (wrong == NULL) wrong = check_registers(state, device);
  for (uint32_t port = 0; port < state->ports && wrong == NULL; port++) wrong = check_display(&state->displays[port], state->running);
  for (uint32_t port = 0; port < state->ports && wrong == NULL; port++) wrong = check_blanks(&state->displays[port], state);
  if (wrong == NULL) wrong = check_channels(state);
  if (wrong == NULL) wrong = check_events(state);
  if (wrong == NULL && state->iosfc) wrong = soft_iosfc_check(&state->mapper);
  return wrong;
}
