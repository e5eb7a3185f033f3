/* SPDX-License-Identifier: Apache-2.0
 *
 * twin_actors.c - the twin's threads: the BQL actor, the background queue's worker, and the vCPU's end.
 *
 * Invariant: each thread waits in its own mailbox and nowhere else, but for the worker, which also waits in PVG; every record is posted and
 * taken by the same calls with which the product posts and takes it.
 */
#include <string.h>

#include "twin.h"

/* ---- posting ---- */

static void flush(struct twin_post *post) {
  if (post->to != 0) pvg_mailbox_post(post->to, &post->record, -1);
  post->to = 0;
}

static void post_later(struct twin_post *post, uint32_t to, const struct pvg_record *record) {
  flush(post);
  *post = (struct twin_post){.to = to, .record = *record};
}

static int32_t take(struct twin_post *post, uint32_t from, struct pvg_record *records, uint32_t max) {
  flush(post);
  return pvg_mailbox_take(from, records, max, -1);
}

/* ---- BQL actor ---- */

static bool carry_out(struct twin *twin, const struct pvg_record *record, uint64_t *value) {
  switch (record->kind) {
    case PVG_UPCALL_CREATE_TASK: return twin_task_create(twin, record, value);
    case PVG_UPCALL_DESTROY_TASK: return twin_task_destroy(twin, record);
    case PVG_UPCALL_MAP_MEMORY: return twin_task_map(twin, record);
    case PVG_UPCALL_UNMAP_MEMORY: return twin_task_unmap(twin, record);
    default: return false;
  }
}

static void begin_access(struct twin *twin, const struct pvg_record *access) {
  uint32_t job = ++twin->last_job;
  twin->jobs[job % TWIN_JOBS] = (struct twin_job){.token = access->id, .replies = (uint32_t)access->words[5]};
  struct pvg_record record = {.kind = MESSAGE_JOB, .id = job, .words = {0, 0, 0, 0, 0, access->reserved}};
  memcpy(record.words, access->words, 5 * sizeof *record.words);
  post_later(&twin->bql_post, twin->background, &record);
}

static void end_access(struct twin *twin, const struct pvg_record *done) {
  const struct twin_job *job = &twin->jobs[done->id % TWIN_JOBS];
  struct pvg_record record = {.kind = MESSAGE_REPLY, .id = job->token, .words = {done->words[1], done->words[2]}};
  post_later(&twin->bql_post, job->replies, &record);
}

static void receive(struct twin *twin, const struct pvg_record *record) {
  switch (record->kind) {
    case MESSAGE_ACCESS: begin_access(twin, record); return;
    case MESSAGE_JOB_DONE: end_access(twin, record); return;
    default: break;
  }
  if (record->id == 0) return; /* what PVG tells without waiting, of which there is nothing here */
  uint64_t value = 0;
  bool ok = carry_out(twin, record, &value);
  if (!ok) atomic_fetch_add(&twin->refused, 1);
  pvg_upcall_answer(twin->device, record->id, ok, value);
}

static void *bql_main(void *argument) {
  struct twin *twin = argument;
  struct pvg_record records[TWIN_BATCH];
  for (;;) {
    int32_t count = take(&twin->bql_post, twin->bql, records, TWIN_BATCH);
    if (count < 0) return NULL;
    for (int32_t at = 0; at < count; at++) receive(twin, &records[at]);
  }
}

/* ---- background queue ---- */

static void *background_main(void *argument) {
  struct twin *twin = argument;
  struct twin_post post = {0};
  struct pvg_record record;
  /* One at a time, as the product's workers do, which are several. */
  while (take(&post, twin->background, &record, 1) == 1) {
    uint64_t value = record.words[5] << 32 | record.words[4];
    int32_t result = pvg_mmio_write(twin->device, (uint32_t)record.words[1], record.words[3], value);
    struct pvg_record done = {.kind = MESSAGE_JOB_DONE, .id = record.id, .words = {result == PVG_OK}};
    post_later(&post, twin->bql, &done);
  }
  return NULL;
}

/* ---- vCPU ---- */

bool twin_write(struct twin *twin, uint32_t offset, uint32_t value) {
  struct pvg_record record = {
    .kind = MESSAGE_ACCESS, .id = ++twin->token, .words = {1, PVG_WINDOW_GFX, 4, offset, value, twin->replies}};
  struct twin_post post = {0};
  post_later(&post, twin->bql, &record);
  do {
    if (take(&post, twin->replies, &record, 1) != 1) return false;
  } while (record.id != twin->token);
  return true;
}

/* ---- all of it ---- */

static struct pvg_config configuration(const struct twin *twin) {
  struct pvg_config config = {
    .version = PVG_BRIDGE_VERSION, .group = twin->group, .wake = PVG_WAKE_JOB, .page_shift = TWIN_PAGE_SHIFT, .vectors = 1,
    .iosfc = 1, .ports = 1, .display_serials = {1}, .display_mm = {400, 300}, .poll_us = twin->poll_us,
  };
  for (uint32_t at = 0; at < PVG_CLASSES; at++) config.mailboxes[at] = twin->bql;
  memcpy(config.display_name, "QEMU display", 13);
  return config;
}

bool twin_open(struct twin *twin, uint32_t poll_us) {
  memset(twin, 0, sizeof *twin);
  twin->poll_us = poll_us;
  twin->group = pvg_group_create();
  twin->ram = pvg_ram_create(twin->group, TWIN_RAM_LENGTH);
  twin->bql = pvg_mailbox_create(twin->group, 4096, poll_us);
  twin->background = pvg_mailbox_create(twin->group, 4096, poll_us);
  twin->replies = pvg_mailbox_create(twin->group, 16, poll_us);
  struct pvg_config config = configuration(twin);
  struct pvg_ram_range range = {.gpa = TWIN_RAM_GPA, .length = TWIN_RAM_LENGTH, .ram = twin->ram};
  twin->device = pvg_device_create(&config, &range, 1);
  return twin->device != 0 && twin_memory_open(twin) &&
         pthread_create(&twin->bql_thread, NULL, bql_main, twin) == 0 &&
         pthread_create(&twin->background_thread, NULL, background_main, twin) == 0;
}

void twin_close(struct twin *twin) {
  pvg_group_close(twin->group, PVG_CAUSE_CLOSED);
  pthread_join(twin->bql_thread, NULL);
  pthread_join(twin->background_thread, NULL);
  pvg_group_destroy(twin->group);
}
