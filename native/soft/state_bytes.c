/* SPDX-License-Identifier: Apache-2.0
 *
 * state_bytes.c - the state as bytes: one description of the format, which writes, reads and measures.
 *
 * The bytes are: u64 magic, u32 version, u32 0, u64 length of it all, u64 checksum of what follows, then the fields in the order of the
 * functions below, little endian, without padding. Whoever reads takes them for hostile: nothing is read beyond the end, and memory
 * is asked for only for what is there in full. The checksum finds accidents, not malice. What the numbers mean is checked in
 * state_check.c; here only those are checked that say how much follows.
 */
#include <stdlib.h>
#include <string.h>

#include "state.h"

#define MAGIC 0x5347565058464741ull /* "AGFXPVGS" */
#define VERSION 2u
#define HEADER 32u

/* With neither `in` nor `out` the bytes are only counted. */
struct codec {
  const uint8_t *in;
  uint8_t *out;
  uint64_t at, length;
  bool broken, no_memory;
};

static uint64_t left(const struct codec *codec) { return codec->length - codec->at; }

static void code(struct codec *codec, void *value, uint64_t size) {
  if (codec->broken) return;
  if (codec->in != NULL) {
    codec->broken = size > left(codec);
    if (codec->broken) return;
    memcpy(value, codec->in + codec->at, size);
  } else if (codec->out != NULL) {
    memcpy(codec->out + codec->at, value, size);
  }
  codec->at += size;
}

static void u32(struct codec *codec, uint32_t *value) { code(codec, value, sizeof *value); }

static void u64(struct codec *codec, uint64_t *value) { code(codec, value, sizeof *value); }

static void i64(struct codec *codec, int64_t *value) { code(codec, value, sizeof *value); }

/* How many things follow: at most `most`, of at least `size` bytes each; 0 if that can't be. */
static void count(struct codec *codec, uint32_t *value, uint32_t most, uint64_t size) {
  u32(codec, value);
  if (codec->in != NULL && (*value > most || *value > left(codec) / size)) codec->broken = true;
  if (codec->broken) *value = 0;
}

/* Memory for what is about to be read. */
static void *memory(struct codec *codec, uint64_t number, uint64_t size) {
  void *made = calloc(number, size);
  if (made == NULL) codec->broken = codec->no_memory = true;
  return made;
}

static void code_registers(struct codec *codec, struct soft_state *state) {
  u32(codec, &state->page_shift);
  u32(codec, &state->ports);
  u32(codec, &state->iosfc);
  u32(codec, &state->virtual_clock);
  i64(codec, &state->clock_ns);
  u32(codec, &state->running);
  u32(codec, &state->halted);
  code(codec, &state->registers, sizeof state->registers);
  code(codec, state->stamps, sizeof state->stamps);
  u64(codec, &state->encode_calls);
}

#define MAPPING_SIZE 28u
#define TASK_SIZE 16u

static void code_task(struct codec *codec, struct soft_saved_task *task) {
  struct soft_mappings *mappings = &task->mappings;
  u32(codec, &task->number);
  u64(codec, &task->length);
  count(codec, &mappings->count, SOFT_MAPPINGS, MAPPING_SIZE);
  if (codec->in != NULL && mappings->count != 0) mappings->list = memory(codec, mappings->count, sizeof *mappings->list);
  for (uint32_t at = 0; at < mappings->count && !codec->broken; at++) {
    struct soft_task_mapping *mapping = &mappings->list[at];
    u64(codec, &mapping->offset);
    u64(codec, &mapping->length);
    u64(codec, &mapping->gpa);
    u32(codec, &mapping->read_only);
  }
}

#define CHANNEL_SIZE 40u

static void code_channel(struct codec *codec, struct soft_saved_channel *channel) {
  u32(codec, &channel->number);
  u32(codec, &channel->task);
  u32(codec, &channel->data_length);
  u32(codec, &channel->read);
  u64(codec, &channel->offset);
  u32(codec, &channel->doorbell);
  u32(codec, &channel->flip);
  u32(codec, &channel->size);
  u32(codec, &channel->stamp);
}

static void code_frame(struct codec *codec, const struct soft_saved_display *display, struct soft_frame **frame) {
  uint32_t there = *frame != NULL;
  u32(codec, &there);
  if (codec->broken || there == 0) return;
  uint64_t length = 4ull * display->width * display->height;
  if (codec->in != NULL) {
    bool sane = there == 1 && display->width - 1 < PVGI_SIDE_MAX && display->height - 1 < PVGI_SIDE_MAX && length <= left(codec);
    *frame = sane ? soft_frame_new(display->width, display->height) : NULL;
    codec->broken = *frame == NULL;
    codec->no_memory = sane && *frame == NULL;
    if (codec->broken) return;
  }
  code(codec, (*frame)->pixels->words, length);
}

static void code_display(struct codec *codec, struct soft_saved_display *display) {
  count(codec, &display->mode_count, PVGI_MODES, 12);
  for (uint32_t at = 0; at < display->mode_count; at++) {
    u32(codec, &display->modes[at].width);
    u32(codec, &display->modes[at].height);
    u32(codec, &display->modes[at].rate_mhz);
  }
  u32(codec, &display->mode_select);
  u32(codec, &display->mode);
  u32(codec, &display->width);
  u32(codec, &display->height);
  u32(codec, &display->rate_mhz);
  u32(codec, &display->page);
  u32(codec, &display->early_events);
  u32(codec, &display->cursor_raw);
  u32(codec, &display->cursor_show);
  u64(codec, &display->presents);
  u64(codec, &display->encoded);
  code_frame(codec, display, &display->drawing);
  code_frame(codec, display, &display->queued);
  code_frame(codec, display, &display->current);
  u32(codec, &display->current_encoded);
  i64(codec, &display->next_blank_ns);
  u32(codec, &display->blank_rest);
}

#define EVENT_SIZE 56u

static void code_event(struct codec *codec, struct soft_event *event) {
  u32(codec, &event->kind);
  u32(codec, &event->more);
  for (uint32_t at = 0; at < 6; at++) u64(codec, &event->words[at]);
  if (codec->broken || event->kind != PVG_UPCALL_CURSOR_GLYPH) return;
  uint64_t length = event->words[5];
  if (codec->in != NULL) {
    codec->broken = length < 1 || length > SOFT_GLYPH_MAX_LENGTH || length > left(codec);
    if (!codec->broken) event->payload = memory(codec, 1, length);
  }
  code(codec, event->payload, length);
}

#define SURFACE_SIZE 32u

static void code_mapper(struct codec *codec, struct soft_saved_iosfc *mapper) {
  u64(codec, &mapper->ring_base);
  u64(codec, &mapper->ring_capacity);
  u64(codec, &mapper->table_base);
  u32(codec, &mapper->producer);
  u32(codec, &mapper->consumer);
  u32(codec, &mapper->status);
  u32(codec, &mapper->ring_mapped);
  u32(codec, &mapper->table_mapped);
  count(codec, &mapper->surface_count, IOSFC_SURFACES, SURFACE_SIZE);
  if (codec->in != NULL && mapper->surface_count != 0) {
    mapper->surfaces = memory(codec, mapper->surface_count, sizeof *mapper->surfaces);
  }
  for (uint32_t at = 0; at < mapper->surface_count && !codec->broken; at++) {
    struct soft_saved_surface *surface = &mapper->surfaces[at];
    u32(codec, &surface->number);
    u32(codec, &surface->flags);
    u32(codec, &surface->times);
    u32(codec, &surface->mapped);
    u64(codec, &surface->gpa);
    u64(codec, &surface->length);
  }
}

static void code_state(struct codec *codec, struct soft_state *state) {
  code_registers(codec, state);
  if (state->ports > PVG_PORTS_MAX) codec->broken = true;
  for (uint32_t at = 0; at < state->ports && !codec->broken; at++) code_display(codec, &state->displays[at]);
  count(codec, &state->task_count, TASK_MAX + 1, TASK_SIZE);
  for (uint32_t at = 0; at < state->task_count && !codec->broken; at++) code_task(codec, &state->tasks[at]);
  count(codec, &state->channel_count, CHILD_FIFO_MAX, CHANNEL_SIZE);
  for (uint32_t at = 0; at < state->channel_count; at++) code_channel(codec, &state->channels[at]);
  count(codec, &state->event_count, SOFT_QUEUE + 1, EVENT_SIZE);
  for (uint32_t at = 0; at < state->event_count && !codec->broken; at++) code_event(codec, &state->events[at]);
  if (state->iosfc) code_mapper(codec, &state->mapper);
}

/* FNV-1a, of eight bytes at a time for the sake of the pixels. */
static uint64_t checksum(const uint8_t *bytes, uint64_t length) {
  uint64_t sum = 0xcbf29ce484222325ull, at = 0;
  for (; length - at >= 8; at += 8) sum = (sum ^ soft_u64(bytes + at)) * 0x100000001b3ull;
  for (; at < length; at++) sum = (sum ^ bytes[at]) * 0x100000001b3ull;
  return sum;
}

struct header {
  uint64_t magic;
  uint32_t version, zero;
  uint64_t length, checksum;
};

uint64_t soft_state_write(struct soft_state *state, uint8_t *bytes, uint64_t room) {
  struct codec codec = {.at = HEADER};
  code_state(&codec, state);
  uint64_t length = codec.at;
  if (bytes == NULL || room < length) return length;
  codec = (struct codec){.out = bytes, .at = HEADER, .length = length};
  code_state(&codec, state);
  struct header header = {MAGIC, VERSION, 0, length, checksum(bytes + HEADER, length - HEADER)};
  memcpy(bytes, &header, HEADER);
  return length;
}

int32_t soft_state_read(struct soft_state *state, const uint8_t *bytes, uint64_t length) {
  struct header header;
  if (length < HEADER) return pvgi_fail(PVG_E_ARGUMENT, "a state has more than %llu bytes", (unsigned long long)length);
  memcpy(&header, bytes, HEADER);
  if (header.magic != MAGIC) return pvgi_fail(PVG_E_ARGUMENT, "that is no state of a soft PVG");
  if (header.version != VERSION) {
    return pvgi_fail(PVG_E_ARGUMENT, "the state is of version %u, this library's are of %u", header.version, VERSION);
  }
  if (header.zero != 0 || header.length != length || header.checksum != checksum(bytes + HEADER, length - HEADER)) {
    return pvgi_fail(PVG_E_ARGUMENT, "the state is damaged");
  }
  struct codec codec = {.in = bytes, .at = HEADER, .length = length};
  code_state(&codec, state);
  if (codec.no_memory) return pvgi_fail(PVG_E_NO_MEMORY, "no memory for what the state holds");
  if (codec.broken || codec.at != length) return pvgi_fail(PVG_E_ARGUMENT, "the state is damaged: it has too little or too much");
  return PVG_OK;
}
