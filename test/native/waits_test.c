/* SPDX-License-Identifier: Apache-2.0
 *
 * waits_test.c - who waits for whom inside PVG, and the reads that wait.
 *
 * Each test arranges a chain of waits, from a caller to an upcall that it holds back, and finds every link of it in pvg_device_waits().
 * An entry comes a moment before the wait itself, so a test waits for entries to appear, and may count on them to stay.
 */
#include "soft_access.h"

enum { CALLER = 0, CONTROL_THREAD = 1, TASK_0 = 2, TASK_1 = 3, DISPLAY_THREAD = 4, GPU_THREAD = 6, MAPPER = 7, CHANNEL_1 = 9 };

static void map_in_task_1(struct guest *guest) {
  CONTROL(guest, OP_MAP, 0, 1, 0, TASK_LENGTH - PAGE, 0, 1, 0, (uint32_t)RAM_GPA, 0, PAGE, 0);
}

/* A MAP in task 1, which waits for the host, and the kick that it is in: not at its end, where the control thread carries it out itself. */
static void hold_map(struct host *host, struct guest *guest, struct access *access) {
  uint32_t held = atomic_load(&host->held_count);
  atomic_store(&host->hold, 1u << PVG_UPCALL_MAP_MEMORY);
  map_in_task_1(guest);
  CONTROL(guest, OP_ONLINE_ACK, 0, 0);
  begin_kick(access, guest);
  AWAIT(atomic_load(&host->held_count) == held + 1);
}

static void let_go(struct host *host, uint32_t at) {
  atomic_store(&host->hold, 0);
  CHECK(host_answer(host, &host->held[at]) == PVG_OK);
}

static bool at_rest(struct host *host) {
  struct pvg_wait wait;
  return pvg_device_waits(host->device, &wait, 1) == 0;
}

static void join(struct access *access) {
  pthread_join(access->thread, NULL);
  CHECK(access->result == PVG_OK);
}

#define AWAIT_WAIT(host, thread, system, what, target) AWAIT(waits_for(host, thread, system, what, target))

/* ---- a kick, and who comes after it ---- */

struct reset {
  struct host *host;
  pthread_t thread;
  atomic_uint system;
};

static void *reset_main(void *argument) {
  struct reset *reset = argument;
  atomic_store(&reset->system, pvg_thread_id());
  CHECK(pvg_device_reset(reset->host->device) == PVG_OK);
  return NULL;
}

static void test_kick(void) {
  struct host host = {0};
  struct guest guest;
  struct access kick, start;
  struct reset reset = {.host = &host};
  struct pvg_wait wait, again;
  stage_open(&host, &guest);
  guest_start(&guest, 0);
  AWAIT(at_rest(&host));
  hold_map(&host, &guest, &kick);
  AWAIT_WAIT(&host, CALLER, kick.system, PVG_WAIT_THREAD, CONTROL_THREAD);
  AWAIT_WAIT(&host, CONTROL_THREAD, 0, PVG_WAIT_THREAD, TASK_1);
  AWAIT_WAIT(&host, TASK_1, 0, PVG_WAIT_UPCALL, PVG_UPCALL_MAP_MEMORY);
  CHECK(find_wait(&host, TASK_1, 0, &wait) && wait.id == host.held[0].id);
  /* The same wait is the same entry, however long it takes. */
  CHECK(find_wait(&host, CALLER, kick.system, &wait));
  STAYS(find_wait(&host, CALLER, kick.system, &again) && memcmp(&wait, &again, sizeof wait) == 0);
  begin_write(&start, &guest, PVG_WINDOW_GFX, REG_START, 1);
  AWAIT_WAIT(&host, CALLER, start.system, PVG_WAIT_THREAD, CONTROL_THREAD);
  CHECK(pthread_create(&reset.thread, NULL, reset_main, &reset) == 0);
  AWAIT_WAIT(&host, CALLER, reset.system, PVG_WAIT_THREAD, CONTROL_THREAD);
  /* There are five; who has room for less gets less. */
  struct pvg_wait waits[5];
  CHECK(pvg_device_waits(host.device, waits, 5) == 5 && pvg_device_waits(host.device, waits, 2) == 2);
  CHECK(pvg_device_waits(host.device, NULL, 0) == 0 && pvg_device_waits(host.device, NULL, 1) == PVG_E_ARGUMENT);
  CHECK(pvg_device_waits(0, waits, 5) == PVG_E_HANDLE);
  let_go(&host, 0);
  join(&kick);
  join(&start);
  pthread_join(reset.thread, NULL);
  AWAIT(at_rest(&host));
  stage_close(&host, &guest);
}

/* Two waits of one thread for the same are two entries. */
static void test_ids(void) {
  struct host host = {0};
  struct guest guest;
  struct access kick;
  struct pvg_wait first, second;
  stage_open(&host, &guest);
  guest_start(&guest, 0);
  hold_map(&host, &guest, &kick);
  AWAIT(find_wait(&host, CONTROL_THREAD, 0, &first) && first.target == TASK_1);
  let_go(&host, 0);
  join(&kick);
  hold_map(&host, &guest, &kick);
  AWAIT(find_wait(&host, CONTROL_THREAD, 0, &second) && second.target == TASK_1);
  CHECK(first.id != second.id && first.waiter == second.waiter);
  let_go(&host, 1);
  join(&kick);
  stage_close(&host, &guest);
}

/* The control thread's own upcall, and a device that is stopped meanwhile. */
static void test_control_upcall(void) {
  struct host host = {0};
  struct guest guest;
  struct access kick;
  stage_open(&host, &guest);
  guest_start(&guest, 0);
  atomic_store(&host.hold, 1u << PVG_UPCALL_CREATE_TASK);
  CONTROL(&guest, OP_DEFINE_TASK, 0, 2, 0, PAGE, 0);
  begin_kick(&kick, &guest);
  AWAIT_WAIT(&host, CONTROL_THREAD, 0, PVG_WAIT_UPCALL, PVG_UPCALL_CREATE_TASK);
  CHECK(pvg_device_stop(host.device) == PVG_OK);
  pthread_join(kick.thread, NULL);
  CHECK(kick.result == PVG_E_CLOSED);
  AWAIT(at_rest(&host));
  stage_close(&host, &guest);
}

/* The last job of a kick is the control thread's, unless that job's worker is at an earlier one. */
static void test_last_job(void) {
  struct host host = {0};
  struct guest guest;
  struct access kick;
  stage_open(&host, &guest);
  guest_start(&guest, 0);
  CONTROL(&guest, OP_DEFINE_TASK, 0, 2, 0, PAGE, 0);
  guest_kick(&guest);
  atomic_store(&host.hold, 1u << PVG_UPCALL_MAP_MEMORY);
  map_in_task_1(&guest);
  begin_kick(&kick, &guest);
  AWAIT_WAIT(&host, CONTROL_THREAD, 0, PVG_WAIT_UPCALL, PVG_UPCALL_MAP_MEMORY);
  AWAIT(atomic_load(&host.held_count) == 1);
  let_go(&host, 0);
  join(&kick);
  /* Of two tasks at the same time. */
  atomic_store(&host.hold, 1u << PVG_UPCALL_MAP_MEMORY);
  map_in_task_1(&guest);
  CONTROL(&guest, OP_MAP, 0, 2, 0, 0, 0, 1, 0, (uint32_t)RAM_GPA, 0, PAGE, 0);
  begin_kick(&kick, &guest);
  AWAIT_WAIT(&host, TASK_1, 0, PVG_WAIT_UPCALL, PVG_UPCALL_MAP_MEMORY);
  AWAIT_WAIT(&host, CONTROL_THREAD, 0, PVG_WAIT_UPCALL, PVG_UPCALL_MAP_MEMORY);
  AWAIT(atomic_load(&host.held_count) == 3);
  CHECK(host_answer(&host, &host.held[1]) == PVG_OK);
  let_go(&host, 2);
  join(&kick);
  /* Of one task, one after the other: the second isn't begun while the first waits. */
  atomic_store(&host.hold, 1u << PVG_UPCALL_MAP_MEMORY);
  map_in_task_1(&guest);
  CONTROL(&guest, OP_ONLINE_ACK, 0, 0);
  CONTROL(&guest, OP_CURSOR_GLYPH, 0, 0, 4, 4, 16, 32, 1, 2, 0, (uint32_t)RAM_GPA + GLYPH, 0, 64);
  atomic_fetch_or(&host.hold, 1u << PVG_UPCALL_READ_MEMORY); /* until the worker is at the first */
  map_in_task_1(&guest);
  begin_kick(&kick, &guest);
  AWAIT(atomic_load(&host.held_count) == 5);
  AWAIT_WAIT(&host, TASK_1, 0, PVG_WAIT_UPCALL, PVG_UPCALL_MAP_MEMORY);
  uint32_t map = host.held[3].kind == PVG_UPCALL_MAP_MEMORY ? 3 : 4;
  CHECK(host_answer(&host, &host.held[7 - map]) == PVG_OK);
  AWAIT_WAIT(&host, CONTROL_THREAD, 0, PVG_WAIT_THREAD, TASK_1);
  STAYS(atomic_load(&host.held_count) == 5);
  let_go(&host, map);
  join(&kick);
  CHECK(guest_read(&guest, REG_FAULT) == 0);
  AWAIT(at_rest(&host));
  stage_close(&host, &guest);
}

/* ---- locks ---- */

/* A channel wants to execute commands in a task whose lock a task thread holds; the control thread wants to free the channel. */
static void test_task_lock(void) {
  struct host host = {0};
  struct guest guest;
  struct access kick;
  struct pvg_wait worker;
  stage_open(&host, &guest);
  guest_start(&guest, 0);
  hold_map(&host, &guest, &kick);
  AWAIT(find_wait(&host, TASK_1, 0, &worker));
  guest_doorbell(&guest);
  AWAIT_WAIT(&host, CHANNEL_1, 0, PVG_WAIT_LOCK, worker.waiter);
  let_go(&host, 0);
  join(&kick);
  AWAIT(at_rest(&host));
  atomic_store(&host.hold, 1u << PVG_UPCALL_MAP_MEMORY);
  map_in_task_1(&guest);
  CONTROL(&guest, OP_CURSOR_GLYPH, 0, 0, 4, 4, 16, 32, 1, 2, 0, (uint32_t)RAM_GPA + GLYPH, 0, 64);
  CONTROL(&guest, OP_FREE_FIFO, 0, 1);
  atomic_fetch_or(&host.hold, 1u << PVG_UPCALL_READ_MEMORY); /* so that the FIFO lives until its channel waits */
  begin_kick(&kick, &guest);
  AWAIT(atomic_load(&host.held_count) == 3);
  guest_doorbell(&guest);
  AWAIT_WAIT(&host, CHANNEL_1, 0, PVG_WAIT_LOCK, worker.waiter);
  uint32_t read = host.held[1].kind == PVG_UPCALL_READ_MEMORY ? 1 : 2;
  let_go(&host, read);
  AWAIT_WAIT(&host, CONTROL_THREAD, 0, PVG_WAIT_THREAD, CHANNEL_1);
  CHECK(waits_for(&host, CHANNEL_1, 0, PVG_WAIT_LOCK, worker.waiter));
  let_go(&host, 3 - read);
  join(&kick);
  AWAIT(at_rest(&host));
  stage_close(&host, &guest);
}

struct encode {
  struct host *host;
  uint32_t texture;
  pthread_t thread;
  atomic_uint system;
  int32_t result;
};

static void *encode_main(void *argument) {
  struct encode *encode = argument;
  atomic_store(&encode->system, pvg_thread_id());
  encode->result = pvg_display_encode(encode->host->device, 0, encode->texture, 0, 7);
  return NULL;
}

static void begin_encode(struct encode *encode, struct host *host) {
  *encode = (struct encode){.host = host, .texture = pvg_texture_create(host->device, 8, 8, 4)};
  CHECK(encode->texture != 0 && pthread_create(&encode->thread, NULL, encode_main, encode) == 0);
}

static void test_display_lock(void) {
  struct host host = {0};
  struct guest guest;
  struct encode encode;
  struct pvg_wait queue;
  stage_open(&host, &guest);
  atomic_store(&host.hold, 1u << PVG_UPCALL_MODE_CHANGE);
  guest_start(&guest, 0);
  AWAIT_WAIT(&host, DISPLAY_THREAD, 0, PVG_WAIT_UPCALL, PVG_UPCALL_MODE_CHANGE);
  CHECK(find_wait(&host, DISPLAY_THREAD, 0, &queue));
  begin_encode(&encode, &host);
  AWAIT_WAIT(&host, CALLER, encode.system, PVG_WAIT_LOCK, queue.waiter);
  AWAIT(atomic_load(&host.held_count) == 1);
  let_go(&host, 0);
  pthread_join(encode.thread, NULL);
  CHECK(encode.result == PVG_E_REFUSED);
  AWAIT(at_rest(&host));
  stage_close(&host, &guest);
}

/* ---- what the host doesn't take ---- */

/* The GPU can't tell of a completed encode, so those in flight stay so, and who asks for more waits for the GPU. */
static void test_full_mailbox(void) {
  struct host host = {.completion_room = 1};
  struct guest guest;
  struct encode encodes[6];
  struct pvg_record record = {.kind = PVG_KIND_HOST};
  stage_open(&host, &guest);
  uint32_t completions = host.config.mailboxes[PVG_CLASS_COMPLETION];
  CHECK(pvg_mailbox_post(completions, &record, 0) == PVG_OK);
  atomic_store(&host.keep_frames, true);
  guest_start(&guest, 0);
  guest_fill_frame(&guest, 0xff010203u);
  guest_await_stamp(&guest, 1, 1);
  for (uint32_t at = 0; at < 4; at++) {
    begin_encode(&encodes[at], &host);
    pthread_join(encodes[at].thread, NULL);
    CHECK(encodes[at].result == PVG_OK);
  }
  AWAIT_WAIT(&host, GPU_THREAD, 0, PVG_WAIT_UPCALL, PVG_UPCALL_FRAME_COMPLETED);
  begin_encode(&encodes[4], &host);
  AWAIT_WAIT(&host, CALLER, encodes[4].system, PVG_WAIT_THREAD, GPU_THREAD);
  begin_encode(&encodes[5], &host);
  AWAIT_WAIT(&host, CALLER, encodes[5].system, PVG_WAIT_THREAD, GPU_THREAD);
  CHECK(pvg_mailbox_take(completions, &record, 1, 0) == 1 && record.kind == PVG_KIND_HOST);
  for (uint32_t at = 0; at < 6; at++) CHECK(pvg_mailbox_take(completions, &record, 1, -1) == 1 && record.words[1] == 7);
  for (uint32_t at = 4; at < 6; at++) pthread_join(encodes[at].thread, NULL);
  CHECK(encodes[4].result == PVG_OK && encodes[5].result == PVG_OK);
  AWAIT(at_rest(&host));
  stage_close(&host, &guest);
}

/* ---- the IOSurface mapper ---- */

static void test_mapper(void) {
  struct host host = {.config = {.iosfc = 1}};
  struct guest guest;
  struct access write, second;
  stage_open(&host, &guest);
  const uint64_t writes[][2] = {{IOSFC_RING_BASE, RAM_GPA + MAPPER_RING}, {IOSFC_RING_CAPACITY, 1}, {IOSFC_TABLE, RAM_GPA + MAPPER_TABLE}};
  for (int at = 0; at < 3; at++) CHECK(pvg_mmio_write(host.device, PVG_WINDOW_IOSFC, writes[at][0], writes[at][1]) == PVG_OK);
  AWAIT(at_rest(&host));
  atomic_store(&host.hold, 1u << PVG_UPCALL_IOSFC_MAP);
  begin_write(&write, &guest, PVG_WINDOW_IOSFC, IOSFC_PRODUCER, 1);
  AWAIT_WAIT(&host, MAPPER, 0, PVG_WAIT_UPCALL, PVG_UPCALL_IOSFC_MAP);
  begin_write(&second, &guest, PVG_WINDOW_IOSFC, IOSFC_TABLE, 0);
  AWAIT_WAIT(&host, CALLER, write.system, PVG_WAIT_THREAD, MAPPER);
  AWAIT_WAIT(&host, CALLER, second.system, PVG_WAIT_THREAD, MAPPER);
  AWAIT(atomic_load(&host.held_count) == 1);
  let_go(&host, 0);
  join(&write);
  join(&second);
  AWAIT(at_rest(&host));
  stage_close(&host, &guest);
}

/* ---- reads that wait ---- */

/* A read waits for the kicks that were in progress when it came, and for no other. */
static void test_reads_wait(void) {
  struct host host = {.config = {.reads_wait = 1}};
  struct guest guest;
  struct access kick, next, read;
  stage_open(&host, &guest);
  guest_start(&guest, 0);
  CHECK(guest_read(&guest, REG_VERSION) == VERSION_VALUE);
  hold_map(&host, &guest, &kick);
  begin_read(&read, &guest, REG_VERSION);
  AWAIT_WAIT(&host, CALLER, read.system, PVG_WAIT_THREAD, CONTROL_THREAD);
  map_in_task_1(&guest);
  begin_kick(&next, &guest);
  AWAIT_WAIT(&host, CALLER, next.system, PVG_WAIT_THREAD, CONTROL_THREAD);
  STAYS(!atomic_load(&read.done) && !atomic_load(&kick.done));
  CHECK(host_answer(&host, &host.held[0]) == PVG_OK);
  join(&kick);
  join(&read);
  AWAIT(atomic_load(&host.held_count) == 2);
  CHECK(!atomic_load(&next.done));
  let_go(&host, 1);
  join(&next);
  CHECK(guest_read(&guest, REG_FAULT) == 0);
  stage_close(&host, &guest);
}

static void test_names(void) {
  const char *names[] = {"pvg-control", "pvg-task-0", "pvg-task-1", "pvg-display", "pvg-vsync", "pvg-gpu", "pvg-iosfc"};
  for (uint32_t at = 0; at < 7; at++) CHECK(strcmp(pvg_device_thread_name(at + 1), names[at]) == 0);
  CHECK(strcmp(pvg_device_thread_name(CHANNEL_1), "pvg-fifo-1") == 0 && strcmp(pvg_device_thread_name(16), "pvg-fifo-8") == 0);
  const uint32_t nobody[] = {0, 8, 17, UINT32_MAX};
  for (int at = 0; at < 4; at++) CHECK(strncmp(pvg_device_thread_name(nobody[at]), "pvg-", 4) != 0);
}

int main(void) {
  test_kick();
  test_ids();
  test_control_upcall();
  test_last_job();
  test_task_lock();
  test_display_lock();
  test_full_mailbox();
  test_mapper();
  test_reads_wait();
  test_names();
  return 0;
}
