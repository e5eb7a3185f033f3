/* SPDX-License-Identifier: Apache-2.0
 *
 * resume.c - makes a new device go on from the state of a suspended one.
 *
 * On the caller's thread the whole state is read and checked, and all memory that it takes is there, before the control thread makes
 * the first upcall. Until the call has returned, no access and no encode is let in. Tasks and mappings are made anew in the host, and
 * child FIFOs with their threads, which rest until everything is in its place: then, in one moment under the lock, registers, displays
 * and events are those of the suspended device, and it runs. The mode lists are the state's too; a host that offers others sets them
 * afterwards, which the guest sees as a change. A frame that the host was told of and has not asked for is announced again. A device
 * that came only half of the way is good for nothing but being destroyed, and doesn't undo what it has asked of the host.
 */
#include "state.h"

/* ---- on the control thread ---- */

static int32_t make_task(struct soft_device *device, const struct soft_saved_task *saved) {
  if (!soft_task_create(device, saved->number, saved->length)) return PVG_E_REFUSED;
  struct soft_task *task = &device->tasks[saved->number];
  for (uint32_t at = 0; at < saved->mappings.count; at++) {
    const struct soft_task_mapping *mapping = &saved->mappings.list[at];
    const uint64_t piece[2] = {mapping->gpa, mapping->length};
    if (!soft_task_map(device, THREAD_CONTROL, task, mapping->offset, mapping->read_only, piece, 1)) return PVG_E_REFUSED;
  }
  return PVG_OK;
}

static int32_t make_all(struct soft_device *device, const struct soft_state *state) {
  for (uint32_t at = 0; at < state->task_count; at++) {
    int32_t result = make_task(device, &state->tasks[at]);
    if (result != PVG_OK) return result;
  }
  for (uint32_t at = 0; at < state->channel_count; at++) {
    const struct soft_saved_channel *saved = &state->channels[at];
    if (!soft_channel_create(device, saved->number, saved->task, saved->offset, saved->data_length)) return PVG_E_NO_MEMORY;
  }
  return state->iosfc ? soft_iosfc_resume(device->iosfc, &state->mapper) : PVG_OK;
}

/* ---- putting everything in its place ---- */

static struct soft_frame *put_frame(struct soft_display *display, struct soft_frame **saved, uint32_t place) {
  struct soft_frame *frame = *saved;
  *saved = NULL;
  display->frames[place] = frame;
  if (frame != NULL) frame->refs = 1;
  return frame;
}

static void put_display_locked(struct soft_display *display, struct soft_saved_display *saved) {
  struct soft_device *device = display->device;
  uint64_t page = 1ull << device->config.page_shift;
  for (uint32_t at = 0; at < saved->mode_count; at++) display->modes[at] = saved->modes[at];
  display->mode_count = saved->mode_count;
  display->mode_select = saved->mode_select;
  display->mode = saved->mode;
  display->width = saved->width;
  display->height = saved->height;
  display->rate_mhz = saved->rate_mhz;
  display->page = saved->page ? device->shared + page * (1 + display->port) : NULL;
  display->early_events = saved->early_events;
  display->cursor_raw = saved->cursor_raw;
  display->cursor_show = saved->cursor_show;
  display->presents = saved->presents;
  display->encoded = saved->encoded;
  display->drawing = put_frame(display, &saved->drawing, 0);
  display->queued = put_frame(display, &saved->queued, 1);
  display->current = put_frame(display, &saved->current, 2);
  display->swap_asked = display->swap_done + (display->queued != NULL);
  display->next_blank_ns = saved->next_blank_ns;
  display->blank_rest = saved->blank_rest;
  if (!device->config.virtual_clock) soft_grid_begin_locked(display);
  if (display->current == NULL) return;
  display->current->present = display->presents;
  display->current->encoded = saved->current_encoded;
}

/* What the host was not told of, and the frame that it was told of and hasn't asked for. */
static void put_events_locked(struct soft_device *device, struct soft_state *state) {
  for (uint32_t at = 0; at < state->event_count; at++) {
    struct soft_event *saved = &state->events[at];
    soft_queue_push_locked(device, saved);
    if (device->config.announce_every_frame) soft_queue_find_locked(device, saved->kind, saved->words[0])->more = saved->more;
    saved->payload = NULL;
  }
  for (uint32_t port = 0; port < device->config.ports; port++) {
    struct soft_display *display = &device->displays[port];
    bool told = soft_queue_find_locked(device, PVG_UPCALL_NEW_FRAME, port) != NULL;
    bool asked = display->current == NULL || display->current->encoded;
    struct soft_event event = {.kind = PVG_UPCALL_NEW_FRAME, .words = {port}};
    if (!told && !asked) soft_queue_push_locked(device, &event);
    display->announced = told || !asked;
  }
}

static void put_channel_locked(struct soft_device *device, const struct soft_saved_channel *saved) {
  struct soft_channel *channel = device->channels[saved->number];
  channel->read = saved->read;
  channel->doorbell = saved->doorbell;
  if (saved->flip == 0) return;
  channel->flip = &device->displays[saved->flip - 1];
  channel->flip_ticket = channel->flip->swap_asked;
  channel->size = saved->size;
  channel->stamp = saved->stamp;
}

static void put_all_locked(struct soft_device *device, struct soft_state *state) {
  device->registers = state->registers;
  device->running = state->running;
  device->halted = state->halted;
  device->encode_calls = state->encode_calls;
  device->clock_ns = state->clock_ns;
  for (uint32_t fifo = 0; fifo <= CHILD_FIFO_MAX; fifo++) device->stamps[fifo] = state->stamps[fifo];
  if (device->running) {
    device->ring = device->tasks[0].memory.base;
    device->shared = device->ring + device->ring_length;
  }
  for (uint32_t port = 0; port < device->config.ports; port++) put_display_locked(&device->displays[port], &state->displays[port]);
  put_events_locked(device, state);
  for (uint32_t at = 0; at < state->channel_count; at++) put_channel_locked(device, &state->channels[at]);
}

/* What `resume_asked` asks for. */
void soft_resume(struct soft_device *device) {
  int32_t result = make_all(device, device->resume);
  pthread_mutex_lock(&device->lock);
  if (result == PVG_OK) put_all_locked(device, device->resume);
  device->resume_result = result;
  soft_phase_locked(device, result == PVG_OK ? PHASE_RUNNING : PHASE_FAILED);
  pthread_mutex_unlock(&device->lock);
}

/* ---- on the caller's thread ---- */

/* Nothing of the old device may lie under what is put in its place. Mode lists may: every host sets them. */
static bool is_new_locked(const struct soft_device *device) {
  if (device->phase != PHASE_RUNNING || device->accesses[PVG_WINDOW_GFX] + device->accesses[PVG_WINDOW_IOSFC] != 0) return false;
  if (device->halted || device->queue_count != 0 || device->queue_busy) return false;
  for (uint32_t number = 0; number <= TASK_MAX; number++) {
    if (device->tasks[number].used) return false;
  }
  for (uint32_t port = 0; port < device->config.ports; port++) {
    if (device->displays[port].width != 0 || device->displays[port].presents != 0) return false;
  }
  return true;
}

/* The control thread works with `state`, so it is waited for also when the device is stopped, unless it hasn't begun. */
static int32_t ask_locked(struct soft_device *device, struct soft_state *state) {
  if (atomic_load(&device->stopped)) return PVG_E_CLOSED;
  if (!is_new_locked(device)) return PVG_E_ARGUMENT;
  soft_phase_locked(device, PHASE_RESUMING);
  device->resume = state;
  device->resume_result = PVG_E_CLOSED;
  uint64_t ticket = ++device->resume_asked;
  struct pvgi_note note;
  soft_control_signal_locked(device);
  pvgi_note_begin(&device->base, &note, PVG_WAIT_THREAD, THREAD_CONTROL);
  while (device->resume_done < ticket && (device->resume_begun || !atomic_load(&device->stopped))) {
    pthread_cond_wait(&device->done_cond, &device->lock);
  }
  pvgi_note_end(&device->base, &note);
  return atomic_load(&device->stopped) ? PVG_E_CLOSED : device->resume_result;
}

static int32_t go_on(struct soft_device *device, struct soft_state *state) {
  pthread_mutex_lock(&device->lock);
  int32_t result = ask_locked(device, state);
  pthread_mutex_unlock(&device->lock);
  switch (result) {
    case PVG_OK: return PVG_OK;
    case PVG_E_CLOSED: return pvgi_fail(result, "the device was stopped");
    case PVG_E_REFUSED: return pvgi_fail(result, "the host refused a task or a mapping of the suspended device");
    case PVG_E_NO_MEMORY: return pvgi_fail(result, "the system refused a thread");
    default: return pvgi_fail(result, "only a device that was just created can be resumed");
  }
}

static int32_t read_state(struct soft_device *device, struct soft_state *state, const void *bytes, uint64_t length) {
  int32_t result = soft_state_read(state, bytes, length);
  if (result != PVG_OK) return result;
  const char *wrong = soft_state_check(state, device);
  return wrong == NULL ? PVG_OK : pvgi_fail(PVG_E_ARGUMENT, "the state %s", wrong);
}

int32_t pvg_device_resume(uint32_t handle, const void *bytes, uint64_t length) {
  if (bytes == NULL) return pvgi_fail(PVG_E_ARGUMENT, "no state");
  struct soft_device *device = soft_device_enter(handle);
  if (device == NULL) return PVG_E_HANDLE;
  struct soft_state *state = soft_state_new();
  int32_t result = state != NULL ? PVG_OK : pvgi_fail(PVG_E_NO_MEMORY, "no memory for a state");
  if (result == PVG_OK) {
    state->owned = true;
    result = read_state(device, state, bytes, length);
  }
  if (result == PVG_OK) result = go_on(device, state);
  if (state != NULL) soft_state_free(state);
  soft_device_leave(device);
  return result;
}
